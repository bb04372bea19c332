#!/usr/bin/env bash
# timeout: 300
# when: all
# One writer for each network namespace, whatever happens: kills, containers that share the network
# of the host and not its files or processes, and a state directory that is full or read-only.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
web

# A container: its own files and processes, the network of the host.
container() {
	"$LABTOOL" in "$LB" unshare --mount --pid --fork --kill-child --mount-proc sh -c "
		mount -t tmpfs -o mode=755 tmpfs '$STATE' && exec '$EZLB' $1 --config-dir '$SERVICES' --state-dir '$STATE'"
}
refused() {
	local status=0 output
	output=$(container "$1" 2>&1) || status=$?
	assert_eq "$1 in a container: $output" 1 "$status"
	assert_match "$1 in a container" 'another ezlb is running in this network namespace' "$output"
}

ezlb_start --cleanup-on-exit=false
eventually 10 "it answers" client_get "$VIP:80"
refused run
refused once

echo "# killed, and the next one is there at once; a third one never"
for round in 1 2 3 4 5; do
	ezlb_stop KILL
	: >"$EZLB_LOG"
	ezlb_start --cleanup-on-exit=false
	eventually 10 "round $round: it runs" log_has 'msg=started'
	refused once
	client_get "$VIP:80" >/dev/null || fail "round $round: no answer"
done

echo "# the container takes over from a process that was killed, and keeps the host's one out"
ezlb_stop KILL
container run >"$WORK/container.log" 2>&1 &
box=$!
eventually 15 "the container runs" grep -q msg=started "$WORK/container.log"
for state in "$STATE" "$WORK/other"; do
	status=0
	output=$(in_ns lb "$EZLB" once --config-dir "$SERVICES" --state-dir "$state" 2>&1) || status=$?
	assert_eq "once beside the container: $output" 1 "$status"
	assert_match "it names the pid that the host sees" 'in this network namespace, pid [1-9]' "$output"
done
client_get "$VIP:80" >/dev/null || fail "no answer beside the container"
[[ $output =~ pid\ ([1-9][0-9]*) ]] || fail "no pid in: $output"
kill -KILL "${BASH_REMATCH[1]}" # the first process of the container: all others go with it
wait "$box" || :

echo "# many at once: one of them works, the others say so"
pids=()
for i in 1 2 3 4 5 6; do
	"$LABTOOL" in "$LB" "$EZLB" run --cleanup-on-exit=false --config-dir "$SERVICES" \
		--state-dir "$WORK/many$i" >"$WORK/many$i.log" 2>&1 &
	pids+=($!)
done
at_work() { grep -l msg=started "$WORK"/many?.log | wc -l; }
told() { grep -l 'another ezlb is running' "$WORK"/many?.log | wc -l; }
all_said() { [[ $(at_work) -eq 1 && $(told) -eq 5 ]]; }
eventually 20 "one works and five have said that it does" all_said
kill -TERM "${pids[@]}" 2>/dev/null || :
for pid in "${pids[@]}"; do wait "$pid" || :; done

echo "# a state directory on a read-only file system: a clear word at the start"
mkdir -p "$WORK/fixed"
mount -t tmpfs -o mode=755,size=256k tmpfs "$WORK/fixed"
mount -o remount,ro "$WORK/fixed"
status=0
output=$(in_ns lb "$EZLB" once --config-dir "$SERVICES" --state-dir "$WORK/fixed" 2>&1) || status=$?
assert_eq "once: $output" 1 "$status"
assert_match "once" "cannot open $WORK/fixed/lock, Read-only file system|Read-only file system" "$output"
mount -o remount,rw "$WORK/fixed"

fill() { dd if=/dev/zero of="$WORK/fixed/fill" bs=4k count=1000 >/dev/null 2>&1 || :; }

echo "# full under the daemon: nothing is changed, still nobody else writes, and it heals"
STATE=$WORK/fixed
: >"$EZLB_LOG"
ezlb_start --cleanup-on-exit=false
eventually 10 "it answers" client_get "$VIP:80"
eventually 15 "it has looked at the kernel" is_ready
fill
service late <<END
listen: $VIP2:80
backends:
  - address: ${BACKEND_IP[b1]}:80
END
eventually 15 "the log says so" log_has 'level=error .*cannot write the ledger.*No space'
[[ $(kernel_rows) != *"$VIP2:80"* ]] || fail "a service without its line in the ledger"
STATE=$WORK/other2
mkdir "$STATE"
refused once
STATE=$WORK/fixed
client_get "$VIP:80" >/dev/null || fail "no answer on a full state directory"
rm "$WORK/fixed/fill"
late_is_in() { [[ $(kernel_rows) == *"$VIP2:80"* ]]; }
eventually 60 "it heals without a restart" late_is_in
ezlb_stop TERM

echo "# full at the start: the service answers, and nothing is changed that cannot be written down"
fill
service third <<END
listen: $VIP2:81
backends:
  - address: ${BACKEND_IP[b1]}:80
END
: >"$EZLB_LOG"
ezlb_start --cleanup-on-exit=false
eventually 20 "the log says so" log_has 'No space'
client_get "$VIP:80" >/dev/null || fail "no answer on a full state directory"
[[ $(kernel_rows) != *"$VIP2:81"* ]] || fail "a service without its line in the ledger"
rm "$WORK/fixed/fill"
third_is_in() { [[ $(kernel_rows) == *"$VIP2:81"* ]]; }
eventually 60 "it heals without a restart" third_is_in
ezlb_stop TERM
umount "$WORK/fixed"
