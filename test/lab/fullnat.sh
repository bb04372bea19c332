#!/usr/bin/env bash
# The mission: services answer through the VIP although the backends have no route to the client.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
for b in b1 b2 b3; do backend_start "$b"; done

# nat_is RULE...: the nat table holds exactly these lines of ezlb's, the backends' in any order.
nat_is() {
	diff <(printf '%s\n' "-A POSTROUTING -j EZLB-SNAT" "-N EZLB-SNAT" "$@" | sort) \
		<(nat_rules | grep EZLB | sort)
}

backends() {
	for b in b1 b2 b3; do
		echo "  - address: ${BACKEND_IP[$b]}:$1"
	done
}

# spread URL PEER: 6 requests in turn reach all three backends, each from PEER.
spread() {
	local seen=''
	for _ in 1 2 3 4 5 6; do seen+=$(client_get "$1")$'\n'; done
	assert_eq "backends and peers behind $1" \
		"backend=b1 peer=$2 backend=b2 peer=$2 backend=b3 peer=$2" \
		"$(printf '%s' "$seen" | sort -u | tr '\n' ' ' | sed 's/ $//')"
}

service web <<END
listen: $VIP:80
scheduler: rr
full_nat: true
snat_ip: $SNAT_IP
health_check: {interval: 1s}
backends:
$(backends 80)
END
service dns <<END
listen: $VIP:53
protocol: udp
full_nat: true
snat_ip: $SNAT_IP
backends:
$(backends 53)
END
ezlb_start
eventually 5 "web answers" client_get "$VIP:80"

echo "# snat_ip: the backends see it as their peer, for tcp and udp"
all_in() { [[ $(ipvs | grep -c ':80 .*Masq') == 3 ]]; }
eventually 5 "all three are in" all_in
spread "$VIP:80" "$SNAT_IP"
assert_match "udp" "^backend=b[123] peer=$SNAT_IP\$" "$(client_udp "$VIP" 53)"
rules=()
for b in b1 b2 b3; do
	rules+=("-A EZLB-SNAT -d ${BACKEND_IP[$b]}/32 -p tcp -m tcp --dport 80 -j SNAT --to-source $SNAT_IP")
	rules+=("-A EZLB-SNAT -d ${BACKEND_IP[$b]}/32 -p udp -m udp --dport 53 -j SNAT --to-source $SNAT_IP")
done
nat_is "${rules[@]}"

echo "# the settings that it needs were set"
assert_eq "vs.conntrack" 1 "$(lb_sysctl net.ipv4.vs.conntrack)"
assert_eq "ip_forward" 1 "$(lb_sysctl net.ipv4.ip_forward)"

echo "# no snat_ip: the backends see the balancer's own address"
service web <<END
listen: $VIP:80
scheduler: rr
full_nat: true
backends:
$(backends 80)
END
service dns <<END
listen: $VIP:53
protocol: udp
full_nat: true
backends:
$(backends 53)
END
rules=()
for b in b1 b2 b3; do
	rules+=("-A EZLB-SNAT -d ${BACKEND_IP[$b]}/32 -p tcp -m tcp --dport 80 -j MASQUERADE")
	rules+=("-A EZLB-SNAT -d ${BACKEND_IP[$b]}/32 -p udp -m udp --dport 53 -j MASQUERADE")
done
eventually 5 "the rules say MASQUERADE" nat_is "${rules[@]}"
spread "$VIP:80" 192.168.10.1
masqueraded() { [[ $(client_udp "$VIP" 53) == *peer=192.168.10.1 ]]; }
eventually 5 "a new udp flow is masqueraded" masqueraded

echo "# full_nat false: no rule, and without a route back no answer"
service web <<END
listen: $VIP:80
backends:
$(backends 80)
END
rm "$SERVICES/dns.yaml"
no_rules() { ! nat_rules | grep -q EZLB; }
eventually 5 "no rule, chain or jump is left" no_rules
assert_match "the service is there" "TCP +$VIP:80 wrr" "$(ipvs)"
never 1 "an answer without FullNAT" client_get "$VIP:80" --max-time 1

echo "# a quiet log: no warning and no error"
assert_eq "warnings" "" "$(grep -E 'level=(warn|error)' "$EZLB_LOG" || :)"
ezlb_stop
