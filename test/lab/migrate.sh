#!/usr/bin/env bash
# takes: 20
# From ipvsadm to ezlb and back under load, in the steps of docs/migrating.md: not one request fails, and a connection
# that stays is never interrupted.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/migrating.bash
. "$(dirname "$0")/migrating.bash"

lab_up
old_balancer
in_ns lb ipvsadm -R <<-END
	-A -t $VIP:80 -s rr
	-a -t $VIP:80 -r ${BACKEND_IP[b1]}:80 -m -w 1
	-a -t $VIP:80 -r ${BACKEND_IP[b2]}:80 -m -w 1
	-A -t $VIP:7 -s rr
	-a -t $VIP:7 -r ${BACKEND_IP[b1]}:7 -m -w 1
	-a -t $VIP:7 -r ${BACKEND_IP[b2]}:7 -m -w 1
	-A -t $VIP2:80 -s rr
END
clients_start
traffic "the old balancer"

echo "# the plan has what is different, and nothing has changed"
new_files
status=0
plan=$(ezlb_cmd plan 2>"$WORK/plan.err") || status=$?
assert_eq "the exit status of plan" 2 "$status"
[[ $plan == *"~ backend ${BACKEND_IP[b2]}:80, weight 1 -> 2"* ]] || fail "plan does not say what is different: $plan"
[[ $plan != *listener* ]] || fail "plan would make or change a listener: $plan"
[[ $plan != *$'\n  - '* ]] || fail "plan would remove something: $plan"
traffic "the plan"

echo "# ezlb takes over"
ezlb_start --cleanup-on-exit=false
eventually 20 "ezlb has both services" taken_over
assert_eq "services taken over" 2 "$(grep -c 'adopted an existing virtual service' "$EZLB_LOG")"
traffic "taken over"

echo "# the old rule goes, the rest of the old balancer stays"
old_snat -D
traffic "without the old rule"
in_ns lb ipvsadm -Sn | grep -qx -- "-A -t $VIP2:80 -s rr" || fail "the service that no file names is gone"
assert_eq "who answers" "$SNAT_IP" "$(client_get "$VIP:80" | sed 's/.*peer=//')"

echo "# and back"
old_snat -A
ezlb_stop
traffic "ezlb has ended"
taken_over_rows=$(in_ns lb ipvsadm -Sn | grep -c -- ' -m -w ')
assert_eq "backends in the kernel" 4 "$taken_over_rows"
in_ns lb ipvsadm -e -t "$VIP:80" -r "${BACKEND_IP[b2]}:80" -m -w 1
traffic "ipvsadm has it again"
