#!/usr/bin/env bash
# variants: nftables6
# also: iptables4 nftables4 iptables6
# plan tells what once would do; once does it; then there is nothing to do and nothing is written.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1 80
WEB=$(ep "$VIP" 80)
B1=$(ep "${BACKEND_IP[b1]}" 80)
service web <<END
listen: "$WEB"
full_nat: true
snat_ip: "$SNAT_IP"
backends:
  - address: "$B1"
  - address: "$(ep "${BACKEND_IP[b2]}" 80)"
health_check: {interval: 1s, fail_count: 2}
END

# run_ezlb STATUS SUBCOMMAND [FLAG...]: prints its output, checks its exit status.
run_ezlb() {
	local status=0
	ezlb_cmd "${@:2}" 2>>"$EZLB_LOG" || status=$?
	[[ $status -eq $1 ]] || fail "exit status of $2: want $1, got $status"
}

# run_ops STATUS SUBCOMMAND [FLAG...]: the same; prints its operations, a line each.
run_ops() {
	run_ezlb "$@" -o json | op_lines
}

echo "# plan: pending ops, exit 2, nothing written"
run_ezlb 2 plan
run_ops 2 plan >"$WORK/plan"
row=$(snat_want tcp "$WEB" "$SNAT_IP" "$B1")
for op in "service-add tcp $WEB scheduler wrr" \
	"dest-add tcp $WEB -> $B1 masq weight 1" \
	"snat-add ${row/ to / snat to }" \
	"host-set $FORWARDING = 1 (was 0)"; do
	grep -qxF "$op" "$WORK/plan" || fail "plan does not say '$op'"
done
fails grep -qF "${BACKEND_IP[b2]}" "$WORK/plan" || fail "plan adds a backend that nobody answers on"
DOWN="backend $(ep "${BACKEND_IP[b2]}" 80), not added: down (connect_refused)"
assert_eq "plan says why" "$DOWN" "$(run_ezlb 2 plan -o json | jq -r '.warnings[].text')"
assert_eq "the kernel after plan" "" "$(in_ns lb ipvsadm -Sn)$(snat_all)"
assert_eq "forwarding after plan" 0 "$(lb_sysctl $FORWARDING)"

echo "# once"
run_ops 0 once >"$WORK/once"
assert_eq "what once did is what plan said" "$(cat "$WORK/plan")" "$(cat "$WORK/once")"
assert_eq "web answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB")"

echo "# plan again: nothing, exit 0"
assert_eq "plan after once" "$NO_CHANGES" "$(run_ezlb 0 plan | tail -n 1)"
assert_eq "what it warns of" "  ! $DOWN  web.yaml:6" "$(run_ezlb 0 plan | grep '^  ')"

echo "# a second once makes no write"
state() { in_ns lb ipvsadm -Sn; snat_all; stat -c '%i %y' "$STATE"/*; }
before=$(state)
assert_eq "the second once" "web  tcp $WEB
  ! $DOWN  web.yaml:6" "$(
	printf '#!/bin/sh\nexec strace -f -o %s/trace -e trace=sendmsg,sendto,setsockopt,write,pwrite64,rename,openat,unlink,mkdir %s "$@"\n' \
		"$WORK" "$EZLB" >"$WORK/traced"
	chmod 755 "$WORK/traced"
	EZLB=$WORK/traced
	run_ezlb 0 once
)"
# Not counted: what it prints, the log on stderr, and the loop waking itself.
writes() {
	grep -E 'SO_SET_REPLACE|NFT_MSG_(NEW|DEL)|O_CREAT|O_WRONLY|rename\(|unlink\(|mkdir\(|write\(|pwrite' "$WORK/trace" |
		grep -vE 'EEXIST|write\([12], |write\([0-9]+, ("\*"|"\\1\\0)|/dev/(null|random|urandom)' || :
}
assert_eq "files and tables written" "" "$(writes)"
! by_listener || grep -q NFT_MSG_GET "$WORK/trace" || fail "strace does not tell what is sent to nftables"
# Two to find the IPVS family, one dump of services, one of the destinations of the one service.
[[ $(grep -cE 'send(msg|to)\(.*AF_NETLINK' "$WORK/trace") -le 4 ]] || fail "more than reads: $(cat "$WORK/trace")"
assert_eq "the kernel and the ledger" "$before" "$(state)"

echo "# an edit: only its own op"
sed -i 's/^listen: .*/&\nscheduler: rr/' "$SERVICES/web.yaml"
got=$(run_ops 2 plan)
assert_eq "plan after an edit" "service-set tcp $WEB scheduler rr (was wrr)" "$got"
got=$(run_ezlb 2 plan)
assert_match "it in words" "^web  tcp .*~ listener .*, scheduler wrr -> rr  web.yaml:1.*1 to change" "$got"

echo "# a candidate directory: what a merge would change"
candidate=$WORK/candidate
mkdir "$candidate"
sed 's/^scheduler: rr$/scheduler: lc/' "$SERVICES/web.yaml" >"$candidate/web.yaml"
sed "s/^listen: .*/listen: '$(ep "$VIP" 81)'/" "$SERVICES/web.yaml" >"$candidate/new.yaml"
# of_candidate STATUS [FLAG...]: a plan of that directory alone.
of_candidate() {
	local SERVICES=$candidate
	run_ezlb "$1" plan "${@:2}"
}
before=$(state)
of_candidate 2
got=$(of_candidate 2 -o json | op_lines | grep ^service- | sort)
assert_eq "a new one and an edit" "service-add tcp $(ep "$VIP" 81) scheduler rr
service-set tcp $WEB scheduler lc (was wrr)" "$got"
rm "$candidate/web.yaml"
got=$(of_candidate 2 -o json | op_lines | grep ^service-del)
assert_eq "what it lacks" "service-del tcp $WEB" "$got"
echo "listen: nowhere" >"$candidate/new.yaml"
got=$(of_candidate 1 -o json | op_lines | grep ^service-)
assert_eq "what it lacks, beside a new one that is refused" "service-del tcp $WEB" "$got"
mv "$candidate/new.yaml" "$candidate/web.yaml"
got=$(of_candidate 1 | grep -v "! backend\|^web  \|^$")
assert_match "an edit that is refused" "^refused files
  ! web.yaml:1:1: error\\[E011\\]: .*  its last good version stays$" "$got"
assert_eq "the kernel and the state" "$before" "$(state)"

echo "# a broken file: plan and once say 1, once does the rest"
service broken <<<"listen: nowhere"
run_ezlb 1 plan >/dev/null
assert_eq "once beside a broken file" "service-set tcp $WEB scheduler rr (was wrr)" "$(run_ops 1 once)"
