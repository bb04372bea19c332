#!/usr/bin/env bash
# when: all
# takes: 60
# timeout: 240
# variants: nftables4
# Source ports run out: at 80 % a condition, an event, the summary and doctor say so, with the range to write. Then the kernel
# drops some new flows. With that range it is over. IPVS remembers UDP flows for longer than conntrack, which has the ports: the
# number is that of conntrack.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

[[ ${LAB_PLACE:-} == guest ]] || fail "the limit of conntrack may be changed in the guest only"
lab_up
backend_start b1
ip -n lb addr add 10.0.0.4/32 dev lo
BACKEND=${BACKEND_IP[b1]}:53
# dns SNAT_IP
dns() {
	service dns <<-END
		listen: $VIP:53
		protocol: udp
		full_nat: true
		snat_ip: $1
		health_check: {enabled: false}
		backends: [{address: "$BACKEND"}]
	END
}
# flows CLIENT FIRST COUNT: a datagram from each of so many ports. No program is behind them.
cat >"$WORK/flows.py" <<'END'
import socket, struct, sys
client, first, count, vip = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 29, 0, 0x4000, 64, 17, 0, socket.inet_aton(client), socket.inet_aton(vip))
for port in range(first, first + count):
    raw.sendto(head + struct.pack("!HHHH", port, 53, 9, 0) + b"q", (vip, 0))
END
flows() { in_ns client python3 "$WORK/flows.py" "$1" "$2" "$3" "$VIP"; }
failed() { in_ns lb conntrack -S | grep -o 'insert_failed=[0-9]*' | awk -F= '{ n += $2 } END { print n }'; }
service_of() { admin /api/v1/status | jq -r ".services[] | $1"; }
ports() { service_of '.source_ports | "\(.used) \(.available) \(.counted_by)"'; }
is_used() { [[ $(ports) == "$1" ]]; }
deliverable() { [[ $(condition dns Deliverable) == "$1" ]]; }

dns "$SNAT_IP"
modprobe -a ip_vs nf_conntrack nf_conntrack_netlink
nsenter --net=/dev/shm/first-netns sysctl -qw net.netfilter.nf_conntrack_max=262144
ezlb_start
eventually 20 "it is in the kernel" deliverable "True NoObstacle"
# Nobody answers, not even with ICMP.
in_ns b1 nft -f - <<-END
	table ip shut {
		chain in { type filter hook prerouting priority -300; udp dport 53 drop; }
	}
END
lb_sysctl net.netfilter.nf_conntrack_udp_timeout 600

echo "# few are used: IPVS's count is enough"
flows 172.16.0.2 1024 30000
eventually 25 "30000 are used" is_used "30000 64512 ipvs"

echo "# 81 %"
flows 172.16.0.2 31024 22300
eventually 30 "they are low" deliverable "True SourcePortsLow"
assert_eq "none failed" 0 "$(failed)"
assert_eq "conntrack counts" "52300 64512 conntrack" "$(ports)"
assert_eq "its state" degraded "$(service_of .state)"
words="52300 of 64512 source ports to $BACKEND are used: snat_ip needs 2 addresses: write 10.0.0.3-10.0.0.4"
assert_eq "the remedy" "$words" "$(service_of '.conditions[] | select(.type == "Deliverable") | .message')"
assert_eq "doctor has it, too" "warn $words" \
	"$(ezlb_cmd doctor -o json | jq -r '.[] | select(.check == "source-ports") | "\(.level) \(.text)"')"
assert_match "the summary" "1 short of source ports \(dns\)" "$(ezlb_cmd status | head -n 2)"
assert_match "the event" "warning.* dns .*True, SourcePortsLow: 52300 of" "$(ezlb_cmd events | tr -s ' ')"
admin /metrics | grep "^ezlb_source_ports_used{service=\"dns\",source=\"10.0.0.3\"} 52300$" >/dev/null || fail "the metric"

echo "# 97 %: the kernel does not find one for each"
flows 172.16.0.2 53324 10700
lost=$(failed)
echo "$lost of 63000 flows failed"
[[ $lost -gt 100 ]] || fail "the kernel found ports for nearly all: EZLB_PORTS_EXHAUSTED may be higher"
said() { service_of '.conditions[] | select(.type == "Deliverable") | .message' | grep "some new connections are dropped" >/dev/null; }
eventually 30 "status says so" said

echo "# with two addresses it is over"
dns 10.0.0.3-10.0.0.4
eventually 30 "the range has room" is_used "$((63000 - lost)) 129024 conntrack"
# The old flows keep their address.
eventually 30 "the first address is still low" deliverable "True SourcePortsLow"

echo "# conntrack forgets the flows, IPVS does not: nothing is used"
in_ns lb conntrack -F 2>/dev/null
eventually 30 "none is used" is_used "0 129024 conntrack"
assert_match "IPVS still has them" " 0 +63000" "$(in_ns lb cat /proc/net/ip_vs)"
eventually 30 "there are enough" deliverable "True NoObstacle"
assert_match "the event" "normal.* dns .*True, NoObstacle" "$(ezlb_cmd events | tr -s ' ')"
ezlb_stop
