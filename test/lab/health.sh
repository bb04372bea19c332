#!/usr/bin/env bash
# takes: 21
# variants: iptables4
# also: nftables4 iptables6 nftables6
# A backend that fails leaves with its SNAT rule, and comes back with it. With nftables the rule is the
# service's, and stays.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
for b in b1 b2; do backend_start "$b"; done

WEB=$(ep "$VIP" 80)
declare -A EP
for b in b1 b2 b3; do EP[$b]=$(ep "${BACKEND_IP[$b]}" 80); done
service web <<END
listen: "$WEB"
full_nat: true
snat_ip: "$SNAT_IP"
health_check: {type: http, http_path: /healthz, interval: 1s, timeout: 1s, fail_count: 5, rise_count: 2}
backends:
  - address: "${EP[b1]}"
  - address: "${EP[b2]}"
  - address: "${EP[b3]}"
END

dest() { [[ $(kernel_rows) == *"tcp $WEB ${EP[$1]} 1"* ]]; }
rule() { [[ $(snat_rows) == *"$(snat_want tcp "$WEB" "$SNAT_IP" "${EP[$1]}")"* ]]; }
in_service() { dest "$1" && rule "$1"; }
out_of_service() { ! dest "$1" && { by_listener || ! rule "$1"; }; }
told() { grep -qF "svc=web dst=${EP[$1]} from=$2 to=$3" "$EZLB_LOG"; }
# failures: how many probes were answered with another status; b1 alone can.
failures() { admin /metrics | sed -n 's/^ezlb_probes_total{outcome="http_status"} //p'; }
ops=2
! by_listener || ops=1

# Once before the clock runs: the kernel loads its modules, which takes seconds under emulation.
ezlb_cmd once >/dev/null
ezlb_cmd cleanup >/dev/null

echo "# probes start at once, a backend that has never answered gets no traffic"
ezlb_start
eventually 10 "b1 is in" in_service b1
eventually 5 "b2 is in" in_service b2
# The log's own clock: looking from outside takes longer than the probes.
stamp() { date -u -d "$(grep -m1 "$1" "$EZLB_LOG" | sed 's/^ts=\([^ ]*\).*/\1/')" +%s%3N; }
took=$(($(stamp why=health) - $(stamp msg=started)))
echo "first backend in after $took ms"
[[ $took -lt 1500 ]] || fail "the first probes were late: $took ms"
eventually 10 "b3 is found down" told b3 unknown down
out_of_service b3 || fail "b3 serves, but nobody listens there"

echo "# it leaves after fail_count probes, not after the first"
lines=$(wc -l <"$EZLB_LOG")
rm "$WORK/b1/healthz"
start=$(now_ms)
eventually 10 "b1 is out" out_of_service b1
took=$(elapsed_ms "$start")
echo "out after $took ms"
# Counted, not timed: a probe that starts late is nearer to the next.
[[ $(failures) -ge 5 ]] || fail "b1 left after $(failures) failures"
told b1 up down || fail "the log does not tell that b1 went down"
grep -q 'to=down reason=http_status' "$EZLB_LOG" || fail "the log does not say why"
for _ in 1 2 3 4; do
	assert_eq "who answers" "backend=b2 peer=$SNAT_IP" "$(client_get "$WEB")"
done

echo "# it returns after rise_count successes"
echo ok >"$WORK/b1/healthz"
start=$(now_ms)
eventually 10 "b1 is back" in_service b1
took=$(elapsed_ms "$start")
echo "back after $took ms"
[[ $took -ge 900 ]] || fail "b1 came back after $took ms: sooner than 2 probes take"
told b1 down up || fail "the log does not tell that b1 came up"

echo "# a stopped server is the same"
backend_stop b2
eventually 10 "b2 is out" out_of_service b2
grep -F "dst=${EP[b2]} " "$EZLB_LOG" | grep -q 'to=down reason=connect_refused' ||
	fail "the log does not say that b2 refused"
backend_start b2 80
eventually 10 "b2 is back" in_service b2

echo "# a flip is one dest, and its rule where it has one: nothing else was written"
flips=$(tail -n +$((lines + 1)) "$EZLB_LOG" | grep -c 'msg="backend is')
assert_eq "flips" 4 "$flips"
# The kernel has it before the log tells of it.
passes() {
	local log
	log=$(tail -n +$((lines + 1)) "$EZLB_LOG")
	assert_eq "passes, each of $ops ops" 3 "$(grep -c \
		"why=health ops=$ops failed=0 first=\"\(dest-del\|dest-add\|snat-add\)" <<<"$log")" &&
		# b1 answered with 404: it drains, and is deleted when it is idle.
		assert_eq "drains" 1 "$(grep -c 'why=health ops=1 failed=0 first="dest-set.*weight 0 ' <<<"$log")" &&
		assert_eq "ends of drains" 1 "$(grep -c "why=lifecycle ops=$ops failed=0 first=\"dest-del" <<<"$log")"
}
eventually 5 "a pass for each flip" passes
assert_eq "lines of the log besides" 0 "$(tail -n +$((lines + 1)) "$EZLB_LOG" |
	grep -vc 'pkg=health\|why=health\|why=lifecycle\|msg="\(a backend drains\|the drain of\)' || :)"
ezlb_stop
