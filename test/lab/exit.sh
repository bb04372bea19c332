#!/usr/bin/env bash
# takes: 30
# variants: nftables4 iptables6
# also: iptables4 nftables6
# SIGTERM removes all that is ezlb's; --cleanup-on-exit=false leaves it, and traffic flows on.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
WEB=$(ep "$VIP" 80)
B1=$(ep "${BACKEND_IP[b1]}" 80)
service web <<END
listen: "$WEB"
full_nat: true
snat_ip: "$SNAT_IP"
health_check: {interval: 1s}
backends:
  - address: "$B1"
END
service plain <<END
listen: "$(ep "$VIP2" 8080)"
backends:
  - address: "$(ep "${BACKEND_IP[b1]}" 8080)"
END
kernel() { in_ns lb ipvsadm -Sn; snat_all; }
all_there() { [[ $(in_ns lb ipvsadm -Sn | wc -l) == 4 ]] && snat_is "$(snat_want tcp "$WEB" "$SNAT_IP" "$B1")"; }
nothing_left() { [[ -z $(kernel) ]]; }

for signal in TERM INT; do
	echo "# SIG$signal"
	EZLB_WRAP="strace -D -f -qq -e trace=execve,execveat -o $WORK/execs" ezlb_start
	eventually 20 "everything is in the kernel" all_there # the kernel loads its modules
	ezlb_stop $signal
	nothing_left || fail "something was left: $(kernel)"
	assert_eq "programs that were started: ezlb" 1 "$(grep -c 'execve(' "$WORK/execs")"
done

echo "# --cleanup-on-exit=false: traffic flows with the daemon gone"
ezlb_start --cleanup-on-exit=false
eventually 5 "everything is in the kernel" all_there
before=$(kernel)
ezlb_stop
assert_eq "the kernel" "$before" "$(kernel)"
for _ in 1 2 3; do
	assert_eq "it answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB")"
done

echo "# a start over what is there changes nothing"
lines=$(wc -l <"$EZLB_LOG")
ezlb_start --cleanup-on-exit=false
nap 4
assert_eq "the log of a restart and a quiet time" "" \
	"$(tail -n +$((lines + 1)) "$EZLB_LOG" | grep -v -e msg=started -e 'msg="there is no user' -e 'msg="snat backend"' -e 'msg="how changes of IPVS' || :)"
assert_eq "the kernel" "$before" "$(kernel)"
ezlb_stop

echo "# one writer: the others name the one that is at work, plan looks on"
ezlb_start --cleanup-on-exit=false
started() { tail -n 2 "$EZLB_LOG" | grep -q 'msg="snat backend"'; }
eventually 5 "it runs" started
for command in run once cleanup; do
	status=0
	files=(--config-dir "$SERVICES")
	[[ $command != cleanup ]] || files=()
	output=$(in_ns lb "$EZLB" $command "${files[@]}" --state-dir "$STATE" 2>&1) || status=$?
	assert_eq "$command beside a daemon: $output" 1 "$status"
	assert_match "$command" "another ezlb is running, pid $EZLB_PID: it has locked $STATE/lock" "$output"
done
assert_eq "plan beside a daemon" "$NO_CHANGES" "$(ezlb_cmd plan)"
assert_eq "the kernel" "$before" "$(kernel)"
echo "# another state directory makes no second writer of it, in this network namespace"
mkdir "$WORK/other"
for command in run once cleanup; do
	status=0
	files=(--config-dir "$SERVICES")
	[[ $command != cleanup ]] || files=()
	output=$(in_ns lb "$EZLB" $command "${files[@]}" --state-dir "$WORK/other" 2>&1) || status=$?
	assert_eq "$command with another state directory: $output" 1 "$status"
	assert_match "$command" "another ezlb is running in this network namespace, pid $EZLB_PID" "$output"
done
# A container that shares the network of the host, and neither its files nor its processes.
status=0
output=$(in_ns lb unshare --mount --pid --fork sh -c "mount -t tmpfs -o mode=755 tmpfs '$STATE' &&
	exec '$EZLB' once --config-dir '$SERVICES' --state-dir '$STATE'" 2>&1) || status=$?
assert_eq "once in such a container: $output" 1 "$status"
assert_match "once in such a container" "another ezlb is running in this network namespace, in another container" "$output"
in_ns lb "$EZLB" plan --config-dir "$SERVICES" --state-dir "$WORK/other" >/dev/null || fail "plan looks on"
output=$(unshare --net -- "$EZLB" once --config-dir "$SERVICES" --state-dir "$WORK/other" 2>&1) || :
[[ $output == *"$WEB"* && $output != *"another ezlb"* ]] || fail "another network namespace is nobody's: $output"
assert_eq "the kernel" "$before" "$(kernel)"
ezlb_stop

echo "# ezlb cleanup removes it all later, and again is fine"
ezlb_cmd cleanup
nothing_left || fail "cleanup left something: $(kernel)"
assert_eq "a second cleanup" "" "$(ezlb_cmd cleanup)"

echo "# cleanup with a damaged ledger says that it cannot know"
cp "$STATE/ledger" "$WORK/ledger"
echo junk >"$STATE/ledger"
status=0
output=$(ezlb_cmd cleanup 2>&1) || status=$?
assert_eq "cleanup's exit status" 1 "$status"
assert_match "cleanup" "virtual services may be left.*delete $STATE/ledger" "$output"
cp "$WORK/ledger" "$STATE/ledger"

echo "# a service whose file went while nobody watched"
ezlb_start --cleanup-on-exit=false
eventually 5 "everything is in the kernel" all_there
ezlb_stop KILL
rm "$SERVICES/web.yaml"
ezlb_start
plain_only() { [[ $(in_ns lb ipvsadm -Sn | wc -l) == 2 && -z $(snat_all) ]]; }
eventually 5 "it is removed" plain_only
ezlb_stop
