#!/usr/bin/env bash
# variants: nftables4
# also: nftables6
# Several listeners in one file, a firewall mark, and a range of ports: each carries traffic with
# FullNAT, a second look finds nothing to do, a restart changes nothing, and nothing is left at the end.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
for b in b1 b2; do backend_start $b 53 53/udp 8080 5050; done
FAMILY=ip DADDR=ip
[[ $VIP == *:* ]] && FAMILY=ip6 DADDR=ip6
# The mark is somebody else's: packets to VIP2, port 8080.
in_ns lb nft -f - <<-END
	table $FAMILY marks {
		chain prerouting {
			type filter hook prerouting priority mangle
			$DADDR daddr $VIP2 tcp dport 8080 meta mark set 7
		}
	}
END
host() { [[ $1 == *:* ]] && echo "[$1]" || echo "$1"; }
nat="full_nat: true
snat_ip: '$SNAT_IP'
scheduler: rr
health_check: {enabled: false}
backends: [{address: '$(host "${BACKEND_IP[b1]}")'}, {address: '$(host "${BACKEND_IP[b2]}")'}]"
service dns <<<"listen: ['$(ep "$VIP" 53)']
protocol: [tcp, udp]
$nat"
service mark <<<"fwmark: 7
$nat"
# ezlb marks the packets of a range itself.
service range <<<"listen: '$(ep "$VIP" 5000)-5100'
$nat"

PATIENCE=30
# spread URL: two requests reach both backends, each from SNAT_IP.
spread() {
	local seen=''
	for _ in 1 2 3 4; do seen+=$(client_get "$1" --max-time $PATIENCE)$'\n'; done
	assert_eq "backends and peers behind $1" "backend=b1 peer=$SNAT_IP backend=b2 peer=$SNAT_IP" \
		"$(printf '%s' "$seen" | sort -u | tr '\n' ' ' | sed 's/ $//')"
}
# ask_udp: a new flow; its answer goes to a file, because eventually runs this in a subshell.
ask_udp() {
	client_udp "$VIP" 53 >"$WORK/answer" && [[ -s $WORK/answer ]]
}
services() { in_ns lb ipvsadm -Sn | grep -c '^-A'; }

ezlb_start
serve() {
	for s in dns mark range; do [[ $(condition $s Programmed) == "True Programmed" ]] || return; done
}
eventually 30 "all serve" serve
echo "# tcp and udp of one file, the mark, and the range"
spread "http://$(ep "$VIP" 53)/"
eventually $PATIENCE "an answer by udp" ask_udp
assert_match "peer of udp" "peer=$SNAT_IP\$" "$(<"$WORK/answer")"
spread "http://$(ep "$VIP2" 8080)/"
spread "http://$(ep "$VIP" 5050)/"
assert_eq "virtual services" 4 "$(services)"
assert_match "the mark in the kernel" "-A -f 7" "$(in_ns lb ipvsadm -Sn)"
listener=$(ep "$VIP" 53)
assert_match "what both listeners are in status" "tcp ${listener//[\[\]]/.}, udp" "$(ezlb_cmd status dns)"
counts=$(admin /metrics | grep '^ezlb_service_connections_total{service="dns"')
assert_eq "series of dns" 2 "$(wc -l <<<"$counts")"
assert_eq "what is still to do" "$NO_CHANGES" "$(ezlb_cmd plan)"

echo "# what somebody else does to the rules of the range is repaired"
in_ns lb nft add rule inet ezlb-mark output accept
clean() { ! in_ns lb nft list table inet ezlb-mark | grep -q accept$; }
eventually 30 "the rule is gone" clean
in_ns lb nft delete table inet ezlb-mark
eventually 30 "the table is back" in_ns lb nft list table inet ezlb-mark
spread "http://$(ep "$VIP" 5050)/"

echo "# a restart changes nothing"
ezlb_stop KILL
: >"$EZLB_LOG"
ezlb_start --log-level debug
eventually 30 "all serve again" serve
assert_eq "what is still to do" "$NO_CHANGES" "$(ezlb_cmd plan)"
assert_eq "operations after a restart" "" "$(ops)"

echo "# a range that is not wanted leaves no rule"
rm "$SERVICES/range.yaml"
gone() { ! in_ns lb nft list table inet ezlb-mark >/dev/null 2>&1; }
eventually 30 "the table of marks is gone" gone

echo "# nothing is left"
ezlb_stop
in_ns lb nft delete table $FAMILY marks
assert_eq "the kernel after cleanup" "" "$(in_ns lb ipvsadm -Sn)$(snat_all)$(in_ns lb nft list ruleset)"
