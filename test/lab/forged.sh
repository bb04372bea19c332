#!/usr/bin/env bash
# timeout: 120
# when: all
# A ledger whose lines name objects of another kind, which somebody else has made: none of them is
# changed or claimed, the lines are gone after one pass, and there is no pass after the other.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
web
others() {
	ip -n lb -o link show | sed 's/ state [A-Z]*//; s/\\.*//'
	ip -n lb -o addr show | grep -v 'scope link' | awk '{ print $2, $4 }'
	"$LABTOOL" in "$LB" tc qdisc show | grep -v noqueue
	"$LABTOOL" in "$LB" tc filter show dev foreign egress
	in_ns lb ipvsadm -Sn | grep -v "$VIP:80" || :
}
passes() {
	admin /metrics |
		awk '/^ezlb_reconcile_total/ { n += $2 } END { print n + 0 }'
}

ip -n lb link add bridge0 type bridge
ip -n lb addr add 192.0.2.1/32 dev bridge0
ip -n lb link set bridge0 up
ip -n lb link add foreign type dummy
ip -n lb addr add 192.0.2.2/24 dev foreign
ip -n lb link set foreign up
in_ns lb tc qdisc add dev foreign clsact
in_ns lb tc filter add dev foreign egress pref 5 matchall action ok
in_ns lb tc qdisc add dev bridge0 ingress
in_ns lb ipvsadm -A -t "$VIP2:443" -s sh

ezlb_start --cleanup-on-exit=false
eventually 10 "it answers" client_get "$VIP:80"
ezlb_stop TERM
before=$(others)
# A line for each kind. A dummy link, a service, a chain and a timeout cannot be told from ezlb's
# own, so these are not there.
{
	grep -v '^end$' "$STATE/ledger"
	printf '%s\n' 'link bridge0' 'link lo' 'link no-such-link' \
		'vip bridge0 192.0.2.1' 'vip foreign 192.0.2.2' "vip lo $VIP" 'vip no-such-link 192.0.2.9' \
		'clsact foreign' 'clsact bridge0' 'clsact lo' 'clsact no-such-link' \
		'sync master bridge0 7' 'table nft ezlb' 'setting net.ipv6.conf.no-such-link.accept_ra 1' \
		"drain 1 removed 192.0.2.7:80 tcp $VIP2:443" "drain 1 down ${BACKEND_IP[b1]}:80 tcp $VIP2:443" \
		'service tcp 192.0.2.8:80' 'end'
} >"$STATE/forged"
mv "$STATE/forged" "$STATE/ledger"

: >"$EZLB_LOG"
ezlb_start --cleanup-on-exit=false
eventually 10 "it runs" log_has 'msg=started'
eventually 10 "it answers" client_get "$VIP:80"
clean() { fails grep -qE '^(link|vip|clsact|sync|table|drain)|192.0.2' "$STATE/ledger"; }
eventually 5 "the ledger has ezlb's own objects only" clean
grep -q "^service tcp $VIP:80" "$STATE/ledger" || fail "its own service is not in the ledger"
assert_eq "the objects of others" "$before" "$(others)"
n=$(passes)
nap 3
fewer() { [[ $(passes) -le $((n + 2)) ]]; }
fewer || fail "from $n to $(passes) passes in 3 s: $(<"$EZLB_LOG")"
ezlb_cmd status web >/dev/null
ezlb_stop TERM
assert_eq "the objects of others after the end" "$before" "$(others)"
