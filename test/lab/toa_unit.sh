#!/usr/bin/env bash
# needs: package
# when: all
# takes: 60
# timeout: 240
# The Debian package ezlb-toa under a real systemd: installed it does nothing, the unit attaches, a reload and an upgrade have
# no gap and keep the clients of open connections, and what is removed leaves nothing in the kernel.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/systemd.bash
. "$(dirname "$0")/systemd.bash"

PACKAGES=$LAB_REPO/build/package/lab
# shellcheck disable=SC2034 # systemd.bash reads it
PACKAGE=$(echo "$PACKAGES"/ezlb-toa_*.deb)
PEER=$(dirname "$EZLB")/toapeer
S4=10.0.0.3 B4=192.168.10.11 CLIENT=192.0.2.7/1234 IS=192.0.2.7:1234

is_active() { [[ $(sd systemctl is-active ezlb-toa) == "$1" ]]; }
send() { in_ns lb "$PEER" send "$S4" "$1" "$B4" 8001 ack=254/$CLIENT "${@:2}"; }
count() { sd ezlb-toa status -o json | jq -r ".receivers[0].counters.$1"; }
counted() { [[ $(count accepted) -ge $1 ]]; }

LAB_LB_ADDRESSES='' lab_up
sd_up
# Below the root of that systemd's cgroups.
mkdir "$WORK/cgroup/ezlb-lab/servers"
(
	echo "$BASHPID" >"$WORK/cgroup/ezlb-lab/servers/cgroup.procs"
	exec "$LABTOOL" in b1 "$PEER" serve 4:8001 >"$WORK/server"
) &
eventually 10 "the server listens" test -s "$WORK/server"

echo "# installed: nothing is attached, because nobody has said whom to believe"
sd dpkg -i "$PACKAGE" 2>&1 | tee "$WORK/installed"
is_active inactive || fail "it runs: $(sd systemctl status ezlb-toa)"
assert_eq "nothing is attached" "not attached" "$(sd ezlb-toa status || :)"
! sd systemctl start ezlb-toa 2>"$WORK/err" || fail "it starts without a list"
# Not by unit: journald may not find out any more to which one so short a process belongs.
says_why() { [[ $(sd journalctl -q -o cat --no-pager) == *'--from is missing'* ]]; }
eventually 10 "it says why not" says_why

echo "# started"
sed -i "s/^#EZLB_TOA_FROM=.*/EZLB_TOA_FROM=$S4/" "$SD_ROOT/etc/default/ezlb-toa"
sd systemctl enable --now ezlb-toa
is_active active || fail "it does not run: $(sd systemctl status ezlb-toa)"
sd ezlb-toa status
assert_eq "the server sees the client" "accept=$IS peer=$IS" "$(send 30001)"

echo "# a reload with another list, and an upgrade"
send 30002 hold="$WORK/ask" >"$WORK/held" &
HELD=$!
eventually 10 "a connection that stays open" counted 2
sed -i "s/^EZLB_TOA_FROM=.*/EZLB_TOA_FROM=$S4,10.0.0.9/" "$SD_ROOT/etc/default/ezlb-toa"
sd systemctl reload ezlb-toa
assert_eq "the new list" "10.0.0.3 10.0.0.9" "$(sd ezlb-toa status -o json | jq -r '.receivers[0].from | join(" ")')"
dpkg-deb -R "$PACKAGE" "$WORK/next"
sed -i '/^Version: /s/$/+next/' "$WORK/next/DEBIAN/control"
dpkg-deb -Znone -b "$WORK/next" "$SD_ROOT/next.deb"
sd dpkg -i /next.deb
is_active active || fail "the upgrade ended it"
counted 2 || fail "the upgrade has lost the counters: $(sd ezlb-toa status)"
touch "$WORK/ask"
wait "$HELD"
assert_eq "an open connection keeps its client" "accept=$IS peer=$IS" "$(<"$WORK/held")"
assert_eq "a new one, too" "accept=$IS peer=$IS" "$(send 30003)"

echo "# stopped, and removed"
sd systemctl stop ezlb-toa
assert_eq "nothing is attached" "not attached" "$(sd ezlb-toa status || :)"
assert_eq "the server sees the balancer" "accept=$S4:30004 peer=$S4:30004" "$(send 30004)"
sd systemctl start ezlb-toa
cp "$(dirname "$EZLB")/ezlb-toa" "$SD_ROOT/ezlb-toa"
sd dpkg --purge ezlb-toa
assert_eq "the removal detaches" "not attached" "$(sd /ezlb-toa status || :)"
[[ ! -e $SD_ROOT/etc/default/ezlb-toa ]] || fail "the configuration is left"
