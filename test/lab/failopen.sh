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
ezlb_stop
