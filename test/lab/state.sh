#!/usr/bin/env bash
# timeout: 180
# The state directory: damaged, unreadable, full, gone, taken by another. Nothing is deleted that may be
# somebody else's, nothing crashes, and the traffic flows through all of it.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
web
in_ns lb ipvsadm -A -t $VIP2:443 -s sh
services() { in_ns lb ipvsadm -Sn | grep -- '^-A'; }
answers() { assert_eq "it answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:80")"; }
start() {
	: >"$EZLB_LOG"
	ezlb_start --cleanup-on-exit=false
	eventually 10 "it runs" log_has 'msg=started'
	eventually 10 "it has looked at the kernel" is_ready
	eventually 10 "it answers" client_get "$VIP:80"
}
start
assert_eq "the ledger names the service, the chain and what the settings were" \
	"ezlb-ledger 1, chain nat EZLB-SNAT, setting net.ipv4.vs.conntrack 0, setting net.ipv4.ip_forward 0, setting net.netfilter.nf_conntrack_tcp_be_liberal 0, service tcp $VIP:80, end" \
	"$(grep -v -e ^boot -e ^netns -e ^cookie "$STATE/ledger" | paste -sd, | sed 's/,/, /g')"
ezlb_stop TERM
sound=$(cat "$STATE/ledger")
before=$(in_ns lb ipvsadm -Sn; nat_rules)

# damaged WHAT COMMAND: what is in the kernel is found again, nothing goes, the ledger is whole again.
damaged() {
	echo "# the ledger: $1"
	(cd "$STATE" && sh -c "$2")
	start
	eventually 3 "the log says so" log_has 'level=error .*(ledger is damaged|cannot read .*ledger)'
	eventually 3 "and tells what it found" log_has 'level=info .*adopted an existing virtual service.*10.0.0.1:80'
	nap 1.5
	assert_eq "the kernel" "$before" "$(in_ns lb ipvsadm -Sn; nat_rules)"
	[[ $(cat "$STATE/ledger") == *"service tcp $VIP:80"* ]] || fail "the ledger is not written again"
	ezlb_stop TERM
	rm -rf "$STATE/ledger"
	printf '%s\n' "$sound" >"$STATE/ledger"
}
damaged "cut" 'head -c 120 ledger >x && mv x ledger'
damaged "empty" ': >ledger'
damaged "junk" 'head -c 3000 /dev/urandom >ledger'
damaged "a link to itself" 'rm ledger; ln -s ledger ledger'

echo "# the ledger is a directory: nothing is changed until that is mended"
rm "$STATE/ledger"
mkdir "$STATE/ledger"
start
eventually 3 "the log says so" log_has "level=error .*cannot write the ledger: nothing is created in the kernel that it does not name.*$STATE/ledger"
web 2
never 3 "a change without a ledger" web_has 2
rmdir "$STATE/ledger"
web 3
eventually 5 "it heals" web_has 3
answers

echo "# the ledger is deleted under the daemon: it is there again in 2 s"
rm "$STATE/ledger"
within 2000 "the ledger is back" grep -q "service tcp $VIP:80" "$STATE/ledger"

echo "# the state directory is deleted: it is there again, lock and all"
kill -STOP "$EZLB_PID" # rm fails where a new file comes between its last unlink and its rmdir
rm -r "$STATE"
kill -CONT "$EZLB_PID"
within 2000 "the ledger is back" grep -qs "service tcp $VIP:80" "$STATE/ledger"
status=0
output=$(ezlb_cmd once 2>&1) || status=$?
assert_eq "once beside the daemon: $output" 1 "$status"
assert_match "once" "another ezlb is running, pid $EZLB_PID" "$output"
answers

echo "# its lock is gone, but it is the one of this network namespace: no second one starts"
kill -STOP "$EZLB_PID"
rm -r "$STATE"
status=0
output=$(ezlb_cmd once 2>&1) || status=$?
assert_eq "once beside the daemon: $output" 1 "$status"
assert_match "once" "another ezlb is running in this network namespace, pid $EZLB_PID" "$output"

echo "# one of another namespace has its state directory: it leaves, the rules stay"
rm -r "$STATE"
unshare --net -- "$EZLB" run --config-dir "$SERVICES" --state-dir "$STATE" >"$WORK/second.log" 2>&1 &
second=$!
eventually 5 "the second one runs" test -s "$STATE/ledger"
kill -CONT "$EZLB_PID"
ezlb_wait 5
assert_eq "the first one's exit status" 1 "$EZLB_STATUS"
eventually 3 "it names the other" log_has "another ezlb is running, pid $second"
answers
kill "$second"
wait "$second" || fail "the second one: $(cat "$WORK/second.log")"
answers

echo "# a full disk: nothing is changed, and it heals when there is room"
rm -r "$STATE"
mkdir "$STATE"
mount -t tmpfs -o size=64k,mode=755 tmpfs "$STATE"
start
dd if=/dev/zero of="$STATE/fill" bs=4k >/dev/null 2>&1 || :
service late <<END
listen: $VIP2:80
backends:
  - address: ${BACKEND_IP[b1]}:80
END
eventually 4 "the log says so" log_has "level=error .*cannot write the ledger.*No space left"
[[ $(services) != *"$VIP2:80 "* ]] || fail "a service without its line in the ledger"
answers
rm "$STATE/fill"
late_is_in() { [[ $(services) == *"$VIP2:80 "* ]]; }
eventually 35 "it heals without a restart" late_is_in
eventually 3 "the log says that it is over" log_has 'earlier failures are resolved'
ezlb_stop TERM
[[ $(services) == *"$VIP2:443 "* ]] || fail "somebody else's service is gone: $(services)"
