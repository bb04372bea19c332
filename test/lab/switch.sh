#!/usr/bin/env bash
# Another SNAT backend after a restart: no answer comes from a wrong address in between, and nothing of
# the old one is left.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
service web <<END
listen: $VIP:80
full_nat: true
snat_ip: $SNAT_IP
health_check: {interval: 1s}
backends:
  - address: ${BACKEND_IP[b1]}:80
END
tables() { in_ns lb nft list tables; }
has_chain() { nat_rules | grep -q EZLB-SNAT; }
has_table() { tables | grep -q 'table ip ezlb'; }
only_chain() { has_chain && ! has_table; }
only_table() { has_table && ! has_chain; }
start() {
	: >"$EZLB_LOG"
	ezlb_start --cleanup-on-exit=false --snat-backend "$1"
	eventually 5 "it tells its backend" grep -q "msg=\"snat backend\" backend=$2 " "$EZLB_LOG"
}
# Every request, from before the switch to after it, is answered and comes from snat_ip.
watch_answers() {
	while [[ ! -e $WATCH.stop ]]; do client_get "$VIP:80" || echo failed; done >"$WATCH"
}
WATCH=$WORK/answers
start iptables iptables
eventually 10 "it answers" client_get "$VIP:80"
assert_eq "peer" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:80")"
eventually 2 "iptables has the rules" only_chain
watch_answers & watcher=$!
echo "# to nftables"
ezlb_stop TERM
start nftables nftables
eventually 5 "nftables has them" only_table
grep -v -e ^boot -e ^netns -e ^cookie "$STATE/ledger"
nap 2
echo "# and back, by itself: the legacy nat table is in use on this host"
ezlb_stop TERM
start auto iptables
eventually 5 "iptables has them again" only_chain
nap 2
: >"$WATCH.stop"
wait "$watcher"
assert_eq "answers" "backend=b1 peer=$SNAT_IP" "$(sort -u "$WATCH")"
wc -l <"$WATCH"
assert_eq "warnings" "" "$(grep -E 'level=(warn|error)' "$EZLB_LOG" || :)"
echo "# cleanup removes both"
ezlb_stop TERM
start nftables nftables
eventually 5 "nftables" only_table
ezlb_stop TERM
ezlb_cmd cleanup --snat-backend iptables
assert_eq "chain or table" "" "$(nat_rules | grep EZLB; tables | grep ezlb || :)"
