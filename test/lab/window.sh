#!/usr/bin/env bash
# variants: iptables4
# also: nftables4 iptables6 nftables6
# A segment of a backend that is far beyond the TCP window does not end its connection: the balancer does not
# answer it with a reset of its own.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
WEB=$(ep "$VIP" 80)
LIBERAL=net.netfilter.nf_conntrack_tcp_be_liberal
# web FULL-NAT-LINES
web() {
	service web <<-END
		listen: "$WEB"
		$1
		health_check: {enabled: false}
		backends:
		  - address: "$(ep "${BACKEND_IP[b1]}" 80)"
	END
}
# resets: connections of the backend that were reset.
resets() {
	# shellcheck disable=SC2016 # awk's
	in_ns b1 awk '/^Tcp:/ { for (i = 1; i <= NF; i++) if ($i == "EstabResets") n = i; value = $n } END { print value }' \
		/proc/net/snmp
}

web "full_nat: true
snat_ip: \"$SNAT_IP\""
modprobe nf_conntrack
assert_eq "before ezlb" 0 "$(lb_sysctl $LIBERAL)"
ezlb_start --cleanup-on-exit=false
eventually 20 "web answers" client_get "$WEB"
assert_eq "with snat_ip" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB/beyond")"
web "full_nat: true"
peer_is() { [[ $(client_get "$WEB") == "backend=b1 peer=$1" ]]; }
eventually 10 "MASQUERADE" peer_is "$LB_IP"
assert_eq "with MASQUERADE" "backend=b1 peer=$LB_IP" "$(client_get "$WEB/beyond")"
assert_eq "resets" 0 "$(resets)"

echo "# without the setting conntrack calls the segment INVALID, and the host takes it for its own"
ezlb_stop TERM
lb_sysctl $LIBERAL 0
fails client_get "$WEB/beyond" --max-time 1 2>/dev/null || fail "the kernel does not need the setting any more"
assert_eq "resets" 1 "$(resets)"
