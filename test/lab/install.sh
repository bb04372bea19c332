#!/usr/bin/env bash
# needs: package
# when: all
# takes: 30
# timeout: 240
# `cmake --install` under a real systemd, with the commands of docs/install-systemd.md: the service runs, does the
# main job, and leaves nothing.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/systemd.bash
. "$(dirname "$0")/systemd.bash"

answers() { [[ $(client_get "$VIP:80") == backend=b?" peer=$SNAT_IP" ]]; }

LAB_LB_ADDRESSES='' lab_up
for b in b1 b2 b3; do backend_start "$b" 80; done
sd_up
ln -s "$LAB_REPO/build" "$SD_ROOT/tmp/build"
document "From source" '/^cmake --install/,/^systemctl enable/p'
sd_is ActiveState active || fail "it does not run: $(sd systemctl status ezlb)"
assert_match "the program" '^/usr/local/sbin/ezlb$' "$(sd readlink "/proc/$(sd systemctl show -P MainPID ezlb)/exe")"
document "The first service"
eventually 20 "web answers" answers
# shellcheck disable=SC2016 # sed's $
document "From source" '/^systemctl disable/,$p'
assert_eq "what ezlb has left" "" "$(in_ns lb ipvsadm -Sn)$(snat_all)"
assert_eq "files that it has left" "" "$(cd "$SD_UPPER" && find usr etc -name '*ezlb*' -type f)"
