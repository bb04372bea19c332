#!/usr/bin/env bash
# A listener that is in IPVS already: taken over in place, or with --adopt never a conflict that ends
# when the other one goes.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
backend_start b2
service web <<END
listen: $VIP:80
full_nat: true
snat_ip: $SNAT_IP
health_check: {interval: 1s}
backends:
  - address: ${BACKEND_IP[b1]}:80
END
service other <<END
listen: $VIP:8080
full_nat: true
health_check: {interval: 1s}
backends:
  - address: ${BACKEND_IP[b1]}:8080
END
foreign() {
	in_ns lb ipvsadm -R <<-END
		-A -t $VIP:80 -s sh -p 600
		-a -t $VIP:80 -r ${BACKEND_IP[b2]}:80 -g -w 5
	END
}
web_rows() { in_ns lb ipvsadm -Sn | grep -F -- "$VIP:80 "; }
foreign
theirs=$(web_rows)

echo "# never: plan says so"
status=0
output=$(ezlb_cmd plan --adopt never 2>&1) || status=$?
assert_eq "plan's exit status" 1 "$status"
assert_match "plan" "! listener tcp $VIP:80, not added: it belongs to a virtual service that ezlb did not create \\(--adopt never\\)" "$output"
! sed -n "/^web  tcp $VIP:80/,/^\$/p" <<<"$output" | grep -q '^  [-+~]' || fail "plan would change it: $output"

echo "# never: the other's service stays as it is, the others work"
ezlb_start --adopt never
eventually 20 "the other service answers" client_get "$VIP:8080" # the kernel loads its modules
eventually 5 "the log says so" grep -q 'level=error .*not applied" svc=web listener="tcp 10.0.0.1:80"' "$EZLB_LOG"
touched() { [[ $(web_rows) != "$theirs" ]]; }
never 3 "somebody else's service was changed" touched
assert_eq "how often it was told" 1 "$(grep -c 'svc=web' "$EZLB_LOG")"
assert_eq "the ledger" "service tcp $VIP:8080" "$(grep ^service "$STATE/ledger")"

echo "# never: the other one goes"
in_ns lb ipvsadm -D -t "$VIP:80"
within 2000 "web answers" client_get "$VIP:80"
eventually 3 "the log says that it is over" grep -q 'earlier failures are resolved' "$EZLB_LOG"

echo "# never: a restart knows its own"
ezlb_stop KILL
lines=$(wc -l <"$EZLB_LOG")
ezlb_start --adopt never
nap 3
assert_eq "the log" "" "$(tail -n +$((lines + 1)) "$EZLB_LOG" | grep -v -e msg=started -e 'msg="there is no user' -e 'msg="snat backend"' -e 'msg="how changes of IPVS' || :)"
ezlb_stop
assert_eq "SIGTERM removes what is ezlb's" "" "$(in_ns lb ipvsadm -Sn)"

echo "# matching: taken over in place, and said"
foreign
ezlb_start
eventually 5 "web answers" client_get "$VIP:80"
assert_eq "web's service" "-A -t $VIP:80 -s wrr
-a -t $VIP:80 -r ${BACKEND_IP[b1]}:80 -m -w 1" "$(web_rows)"
grep -q "level=info .*adopted an existing virtual service\" listener=\"tcp $VIP:80\"" "$EZLB_LOG" ||
	fail "the log does not tell of it"
ezlb_stop
