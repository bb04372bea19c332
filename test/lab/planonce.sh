#!/usr/bin/env bash
# plan tells what once would do; once does it; then there is nothing to do and nothing is written.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1 80
service web <<END
listen: $VIP:80
full_nat: true
snat_ip: $SNAT_IP
backends:
  - address: ${BACKEND_IP[b1]}:80
  - address: ${BACKEND_IP[b2]}:80
health_check: {interval: 1s, fail_count: 2}
END

# run_ezlb STATUS SUBCOMMAND: prints its output, checks its exit status.
run_ezlb() {
	local status=0
	ezlb_cmd "$2" 2>>"$EZLB_LOG" || status=$?
	[[ $status -eq $1 ]] || fail "exit status of $2: want $1, got $status"
}

echo "# plan: pending ops, exit 2, nothing written"
run_ezlb 2 plan >"$WORK/plan"
cat "$WORK/plan"
for op in "service-add tcp $VIP:80 scheduler wrr" \
	"dest-add tcp $VIP:80 -> ${BACKEND_IP[b1]}:80 masq weight 1" \
	"snat-add tcp ${BACKEND_IP[b1]}:80 snat to $SNAT_IP" \
	"host-set net.ipv4.ip_forward = 1 (was 0)"; do
	grep -qxF "$op" "$WORK/plan" || fail "plan does not say '$op'"
done
fails grep -q "${BACKEND_IP[b2]}" "$WORK/plan" || fail "plan adds a backend that nobody answers on"
assert_eq "the kernel after plan" "" "$(in_ns lb ipvsadm -Sn)$(nat_rules | grep EZLB || :)"
assert_eq "ip_forward after plan" 0 "$(lb_sysctl net.ipv4.ip_forward)"

echo "# once"
run_ezlb 0 once >"$WORK/once"
assert_eq "what once did is what plan said" "$(cat "$WORK/plan")" "$(cat "$WORK/once")"
assert_eq "web answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:80")"

echo "# plan again: nothing, exit 0"
assert_eq "plan after once" "" "$(run_ezlb 0 plan)"

echo "# a second once makes no write"
state() { in_ns lb ipvsadm -Sn; nat_rules; stat -c '%i %y' "$STATE"/*; }
before=$(state)
assert_eq "the second once" "" "$(
	printf '#!/bin/sh\nexec strace -f -o %s/trace -e trace=sendmsg,sendto,setsockopt,write,pwrite64,rename,openat,unlink,mkdir %s "$@"\n' \
		"$WORK" "$EZLB" >"$WORK/traced"
	chmod 755 "$WORK/traced"
	EZLB=$WORK/traced
	run_ezlb 0 once
)"
# Not counted: the log on stderr, and the loop waking itself.
writes() {
	grep -E 'IPT_SO_SET_REPLACE|O_CREAT|O_WRONLY|rename\(|unlink\(|mkdir\(|write\(|pwrite' "$WORK/trace" |
		grep -vE 'EEXIST|write\(2, |write\([0-9]+, ("\*"|"\\1\\0)|/dev/(null|random|urandom)' || :
}
assert_eq "files and tables written" "" "$(writes)"
# Two to find the IPVS family, one dump of services, one of the destinations of the one service.
[[ $(grep -cE 'send(msg|to)\(.*AF_NETLINK' "$WORK/trace") -le 4 ]] || fail "more than reads: $(cat "$WORK/trace")"
assert_eq "the kernel and the ledger" "$before" "$(state)"

echo "# an edit: only its own op"
sed -i 's/^listen: .*/&\nscheduler: rr/' "$SERVICES/web.yaml"
assert_eq "plan after an edit" "service-set tcp $VIP:80 scheduler rr (was wrr)" "$(run_ezlb 2 plan)"

echo "# a broken file: plan and once say 1, once does the rest"
service broken <<<"listen: nowhere"
run_ezlb 1 plan >/dev/null
assert_eq "once beside a broken file" "service-set tcp $VIP:80 scheduler rr (was wrr)" "$(run_ezlb 1 once)"
