#!/usr/bin/env bash
# takes: 22
# timeout: 150
# variants: nftables4
# also: iptables4 iptables6 nftables6
# A backend that comes back gets a small share of the new connections at first, and all of its share
# at the end. Prints the share over time.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
for b in b1 b2; do
	backend_start "$b" 80
	declare "${b^^}=$(ep "${BACKEND_IP[$b]}" 80)"
done
WEB=$(ep "$VIP" 80)
service web <<END
listen: "$WEB"
scheduler: wrr
slow_start: 18s
health_check: {interval: 300ms, timeout: 2s, fail_count: 2, rise_count: 2}
full_nat: true
snat_ip: "$SNAT_IP"
backends: [{address: "$B1"}, {address: "$B2"}]
END
weight() { kernel_rows | sed -n "s/^tcp ${WEB//[\[\]]/.} ${B2//[\[\]]/.} //p"; }
weighs() { [[ $(weight) == "$1" ]]; }

# Both have full weight at once, because they start together; a second start finds them so.
ezlb_cmd once >/dev/null
ezlb_start
eventually 10 "b2 is up" weighs 10
backend_stop b2
eventually 10 "b2 is deleted" weighs ""
lines=$(wc -l <"$EZLB_LOG")
backend_start b2 80
eventually 10 "b2 is back" weighs 1

assert_eq "what status says" "ok starting 10" "$(admin /api/v1/status | jq -r '.services[0] | .state as $state | .backends[] |
	select(.slow_start) | "\($state) \(.role) \(.slow_start.full_weight)"')"
assert_match "the metric" " 1$" "$(admin /metrics | grep -F "ezlb_backend_slow_start{service=\"web\",backend=\"$B2\"")"

printf '%8s %7s %s\n' seconds weight 'share of b2'
start=$(now_ms)
first='' last=0
while :; do
	now=$(weight)
	[[ ${now:-0} -ge $last ]] || fail "the weight went from $last to '$now'"
	for _ in {1..20}; do client_get "$WEB"; done >"$WORK/answers"
	share=$(grep -c '^backend=b2' "$WORK/answers" || :)
	printf '%8d %7d %2d of 20\n' $(($(elapsed_ms "$start") / 1000)) "$now" "$share"
	: "${first:=$share}"
	last=$now
	[[ $last -lt 10 ]] || break
	[[ $(elapsed_ms "$start") -lt 60000 ]] || fail "b2 never had its weight"
done
[[ $first -le 5 ]] || fail "b2 began with $first of 20"
[[ $share -ge 8 ]] || fail "b2 ended with $share of 20"
has_event() { ezlb_cmd events >"$WORK/events" && grep -qF " $1" "$WORK/events"; }
eventually 5 "the event of the end" has_event "SlowStartEnded web $B2 it has its full weight"
has_event "SlowStartStarted web $B2 its weight grows from 10% to all" || fail "no event: $(cat "$WORK/events")"
steps=$(tail -n +$((lines + 1)) "$EZLB_LOG" | grep -c "why=lifecycle ops=1 failed=0 first=\"dest-set .*weight")
echo "$steps changes of the weight"
[[ $steps -ge 5 && $steps -le 9 ]] || fail "want 9 changes, or some less on a slow machine"
ezlb_stop
