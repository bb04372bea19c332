#!/usr/bin/env bash
# variants: nftables4
# What is not NAT carries real traffic: direct routing, and tunnels by ipip, gue and gre, whose backends see
# the client's address and answer to it past the balancer; and sctp, with FullNAT.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
b=${BACKEND_IP[b1]}
# Answers go from b1 to the client on a link of their own: the balancer would drop packets from its own VIP.
ip link add back netns client type veth peer name back netns b1
ip -n client -batch - <<END
addr add 172.17.0.2/24 dev back
link set back up
END
# What each backend needs: the VIP on a link that does not answer ARP, and the end of its tunnel.
in_ns lb modprobe -a ipip fou ip_gre sctp
ip -n b1 -batch - <<END
addr add 172.17.0.1/24 dev back
link set back up
route add $CLIENT_IP/32 via 172.17.0.2
addr add $VIP/32 dev lo
link set tunl0 up
link set gre0 up
fou add port 6080 gue
END
in_ns b1 sh -c 'cd /proc/sys/net/ipv4/conf && echo 1 >all/arp_ignore && echo 2 >all/arp_announce'
backend_start b1 81 82 83 84 86/sctp

# carries NAME PORT LINE...: a service on this port, with these lines.
carries() {
	{
		echo "listen: '$VIP:$2'"
		printf '%s\n' "${@:3}"
		echo "health_check: {enabled: false}"
		echo "backends: [{address: '$b:$2'}]"
	} | service "$1"
}
carries direct 81 "forward: direct"
carries ipip 82 "forward: tunnel"
carries gue 83 "forward: tunnel" "tunnel: {type: gue, port: 6080}"
carries gre 84 "forward: tunnel" "tunnel: {type: gre}"
carries sctp 86 "protocol: sctp" "full_nat: true" "snat_ip: $SNAT_IP"
ezlb_cmd once >/dev/null
for port in 81 82 83 84; do
	assert_eq "what port $port answers" "backend=b1 peer=$CLIENT_IP" "$(client_get "$VIP:$port")"
done
assert_eq "what sctp answers" "backend=b1 peer=$SNAT_IP" "$(client_get "sctp://$VIP:86/")"
# counted: each was one connection of IPVS.
counted() {
	[[ $(in_ns lb ipvsadm -Ln --stats --exact | awk '$1 == "->" && $2 ~ /[0-9]/ { print $3 }' | xargs) == "1 1 1 1 1" ]]
}
eventually 10 "each service has one connection" counted

echo "# the type of a tunnel changes in place, and the new one carries the next connection"
carries ipip 82 "forward: tunnel" "tunnel: {type: gue, port: 6080, checksum: csum}"
assert_eq "operations" "dest-set" "$(ezlb_cmd once -o json | op_lines | cut -d' ' -f1 | xargs)"
assert_eq "what port 82 answers" "backend=b1 peer=$CLIENT_IP" "$(client_get "$VIP:82")"

# Modules stay loaded, and with these every new namespace would have more links.
modprobe -r ip_gre ipip
