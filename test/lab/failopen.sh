#!/usr/bin/env bash
# timeout: 120
# variants: iptables4
# also: nftables4 iptables6 nftables6
# All backends fail at once: with min_healthy they go on, with a fallback that serves. Recovery is one
# change for each backend.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
for b in b1 b2 b3; do
	backend_start "$b" 80
	declare "${b^^}=$(ep "${BACKEND_IP[$b]}" 80)"
done
OPEN=$(ep "$VIP" 80)
BACK=$(ep "$VIP2" 80)
CHECK='{type: http, http_path: /healthz, interval: 300ms, timeout: 2s, fail_count: 2, rise_count: 2}'
service open <<END
listen: "$OPEN"
min_healthy: 100%
health_check: $CHECK
full_nat: true
snat_ip: "$SNAT_IP"
backends: [{address: "$B1"}, {address: "$B2"}]
END
service back <<END
listen: "$BACK"
health_check: $CHECK
full_nat: true
snat_ip: "$SNAT_IP"
backends: [{address: "$B1"}, {address: "$B2"}]
fallback: [{address: "$B3"}]
END
rows() { kernel_rows | grep -F "tcp $1 " | grep -v wrr | sort | sed "s/.* \\([^ ]*\\) \\([0-9]*\\)$/\\1 \\2/" | tr '\n' ' '; }
is() { assert_eq "$1" "$2" "$(rows "$1")"; }
# changes LISTENER: the operations on its dests since the last `mark`.
mark() { lines=$(wc -l <"$EZLB_LOG"); }
changes() { tail -n +$((lines + 1)) "$EZLB_LOG" | grep -c "level=debug.*op=\"dest-[a-z]* tcp ${1//[\[\]]/.} " || :; }
told() { [[ $(tail -n +$((lines + 1)) "$EZLB_LOG" | grep -c "to=$1 ") -eq 4 ]]; }

# told_of SERVICE: its state, status and reason of BackendsReady, and how many serve.
told_of() {
	admin /api/v1/status | jq -r ".services[] | select(.name == \"$1\") |
		\"\(.state) \(.conditions[] | select(.type == \"BackendsReady\") | \"\(.status) \(.reason)\") \(.serving)\""
}
gauges() {
	admin /metrics >"$WORK/metrics"
	for name in back open; do
		echo "$name" "$(sed -n "s/^ezlb_service_\(fail_open\|fallback_serving\){service=\"$name\"} //p" "$WORK/metrics" | xargs)"
	done | tr '\n' ' '
}

ezlb_start --log-level debug
eventually 10 "all are up, the fallback stands by" is "$BACK" "$B1 1 $B2 1 "
eventually 10 "all are up" is "$OPEN" "$B1 1 $B2 1 "
mark

echo "# all health checks fail"
rm "$WORK/b1/healthz" "$WORK/b2/healthz"
eventually 10 "all are down" told down
eventually 10 "the fallback serves alone" is "$BACK" "$B3 1 "
is "$OPEN" "$B1 1 $B2 1 "
assert_match "who answers" "^backend=b3" "$(client_get "$BACK")"
assert_match "who answers" "^backend=b[12]" "$(client_get "$OPEN")"
assert_eq "changes of the one that failed open" 0 "$(changes "$OPEN")"
# Each of the two: weight 0, deleted. The fallback: added.
assert_eq "changes of the one with a fallback" 5 "$(changes "$BACK")"

assert_eq "what status says" "degraded True FailOpen 2" "$(told_of open)"
assert_eq "what status says" "degraded True FallbackServes 1" "$(told_of back)"
assert_match "the summary" "1 failing open \(open\), 1 served by the fallback \(back\)" "$(ezlb_cmd status | head -n 2)"
assert_eq "the metrics" "back 0 1 open 1 0 " "$(gauges)"

echo "# they recover"
mark
echo ok >"$WORK/b1/healthz"
echo ok >"$WORK/b2/healthz"
eventually 10 "all are up again" told up
eventually 10 "the fallback stands by" is "$BACK" "$B1 1 $B2 1 "
is "$OPEN" "$B1 1 $B2 1 "
assert_match "who answers" "^backend=b[12]" "$(client_get "$BACK")"
assert_eq "changes of the one that failed open" 0 "$(changes "$OPEN")"
# Each of the two: added. The fallback: weight 0, deleted.
assert_eq "changes of the one with a fallback" 4 "$(changes "$BACK")"
never 2 "something flaps" fails is "$BACK" "$B1 1 $B2 1 "
assert_eq "changes in the end" 4 "$(changes "$BACK")"
assert_eq "the events, and each in the log" "FailOpenStarted 1 FailOpenEnded 1 FallbackStarted 1 FallbackEnded 1 lines 4" \
	"$(ezlb_cmd events >"$WORK/events"
	for event in FailOpenStarted FailOpenEnded FallbackStarted FallbackEnded; do
		printf '%s %s ' $event "$(grep -c " $event " "$WORK/events")"
	done
	echo lines "$(grep -cE 'pkg=controller msg="(fail open|the fallback of the service)' "$EZLB_LOG")")"
ezlb_stop
