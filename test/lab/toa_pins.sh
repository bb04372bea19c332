#!/usr/bin/env bash
# timeout: 120
# takes: 17
# when: all
# The pins of the BPF program of client_address: toa: another version, damage, a loader that is killed at each step, and
# two at a time.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/toaprog.bash
. "$(dirname "$0")/toaprog.bash"

lab_up
umount /sys/fs/bpf 2>/dev/null || : # one of its own
echo "# where others may write, and somebody else has made the directory; and where nobody may write"
mount -t bpf bpf /sys/fs/bpf
setpriv --reuid=65534 --clear-groups mkdir /sys/fs/bpf/ezlb
says "others may write into /sys/fs/bpf/ezlb" toaprog load
umount /sys/fs/bpf
mount -t bpf -o ro bpf /sys/fs/bpf
says "the BPF file system on /sys/fs/bpf is read-only here" toaprog load
umount /sys/fs/bpf

toaprog load
toaprog put "$VIP:80" add
toaprog put "[fd00:10::1]:80" strip 253

echo "# another version: replaced, with what the maps have"
before=$(toaprog show)
toaprog age
assert_match "another program" "current 0" "$(toaprog show)"
assert_eq "with few rights it stays" 1 "$(few_rights "$TOAPROG" load 2>&1 | grep -c 'no right to load')"
toaprog load
assert_match "ours" "current 1" "$(toaprog show)"
assert_eq "rows and counters" "$(tail -n +2 <<<"$before")" "$(toaprog show | tail -n +2)"
assert_eq "pins" "$PINS" "$(pins)"

echo "# a pin that is gone, a pin that is another's"
rm /sys/fs/bpf/ezlb/netns-*/counters
says "netns-.*: Bad message" toaprog show
toaprog load
assert_eq "pins" "$PINS" "$(pins)"
mv /sys/fs/bpf/ezlb/netns-*/services /sys/fs/bpf/was
toaprog load
mv /sys/fs/bpf/was /sys/fs/bpf/ezlb/netns-*/services
says "netns-.*: Bad message" toaprog show
toaprog load

echo "# killed at each step"
for step in mkdir:2 renameat2 unlinkat rmdir; do
	toaprog age
	when=${step#*:}
	[[ $step == *:* ]] || when=1
	fails in_ns lb strace -o /dev/null -e "inject=${step%:*}:signal=KILL:when=$when" "$TOAPROG" load 2>/dev/null ||
		fail "not killed at $step"
	toaprog show >/dev/null
	toaprog load
	assert_eq "pins after $step" "$PINS" "$(pins)"
	assert_match "ours after $step" "current 1" "$(toaprog show)"
done
toaprog remove
assert_eq "pins" "" "$(pins)"

echo "# pinned by host-setup, used by an ezlb that could not load it: its pins outlive the last service that asks"
EZLB_WRAP="setpriv --bounding-set -all,+net_admin,+net_raw --inh-caps -all"
web() {
	service web <<-END
		listen: "$VIP:80"
		full_nat: true
		client_address: $1
		health_check: {enabled: false}
		backends: [{address: "${BACKEND_IP[b1]}:80"}]
	END
}
hooked() { [[ $(in_ns lb tc filter show dev backends egress 2>&1) == *ezlb_toa* ]]; }
pinned_rows() { in_ns lb bpftool -j map dump pinned /sys/fs/bpf/ezlb/netns-*/services | jq length; }
unused() { ! hooked && [[ $(pinned_rows) == 0 ]]; }
client_address() { ezlb_cmd status -o json | jq -r '.services[0].conditions[] | select(.type == "ClientAddress") | .reason'; }
client_address_is() { [[ $(client_address) == "$1" ]]; }
web toa
ezlb_cmd host-setup
ezlb_start
eventually 20 "ezlb is ready" is_ready
eventually 10 "it uses the program" hooked
for _ in 1 2; do
	web none
	eventually 10 "nobody asks: neither hook nor rows" unused
	assert_eq "pins" "$PINS" "$(pins)"
	assert_match "nothing to do" "^No changes" "$(few_rights "$EZLB" plan --config-dir "$SERVICES" --state-dir "$STATE")"
	web toa
	eventually 10 "it uses the program again" hooked
	eventually 5 "the condition" client_address_is Added
done
assert_eq "one row" 1 "$(pinned_rows)"
ezlb_stop
few_rights "$EZLB" cleanup --state-dir "$STATE"
assert_eq "cleanup removes the pins, too" "" "$(pins)"
fails hooked || fail "a hook is left"

echo "# another one holds the lock"
exec 9</sys/fs/bpf/ezlb
flock 9
says "another ezlb holds the lock" toaprog load
