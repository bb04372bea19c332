#!/usr/bin/env bash
# timeout: 900
# How many bytes of the kernel's memory a connection takes: in IPVS and in conntrack, with and without the extensions
# of conntrack, and on a balancer that learned of it from the sync daemon of another one. LAB_COUNT (20,000)
# connections. It measures, and fails only where the connections are not there. For docs/high-availability.md.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

COUNT=${LAB_COUNT:-20000}
lab_up
modprobe -a ip_vs nf_conntrack nf_conntrack_netlink
nsenter --net=/dev/shm/first-netns sysctl -qw net.netfilter.nf_conntrack_max=$((COUNT * 2 + 10000))

# The backend answers nothing: a RST would end the entry of conntrack at once.
in_ns b1 nft -f - <<-END
	table ip silent {
		chain input {
			type filter hook input priority 0
			meta l4proto { tcp, udp } drop
		}
	}
END

# files METHOD: a service of each protocol. The first packet of a client makes the whole state.
files() {
	local protocol
	for protocol in tcp udp; do
		{
			printf 'listen: "%s:80"\nprotocol: %s\nhealth_check: {enabled: false}\n' "$VIP" "$protocol"
			printf 'backends: [{address: "%s:80"}]\n' "${BACKEND_IP[b1]}"
			[[ $1 != fullnat ]] || printf 'full_nat: true\nsnat_ip: %s\n' "$SNAT_IP"
			[[ $1 != direct ]] || printf 'forward: direct\n'
		} | service "$protocol"
	done
}

# first_packets PROTOCOL COUNT: of so many clients, from the client's side. Their addresses are 100.64.0.0 and up.
first_packets() {
	in_ns client python3 - "$1" "$2" "$VIP" <<'PYTHON'
import socket, struct, sys

protocol, count, vip = sys.argv[1], int(sys.argv[2]), socket.inet_aton(sys.argv[3])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


for i in range(count):
    source = struct.pack("!I", (100 << 24 | 64 << 16) + i // 1000)
    port = 20000 + i % 1000
    if protocol == "tcp":
        number = 6
        part = struct.pack("!HHIIBBHHH", port, 80, 1, 0, 5 << 4, 2, 65535, 0, 0)
        check = checksum(source + vip + struct.pack("!HH", number, len(part)) + part)
        part = part[:16] + struct.pack("!H", check) + part[18:]
    else:
        number = 17
        part = struct.pack("!HHHH", port, 80, 8, 0)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(part), 0, 0, 64, number, 0, source, vip)
    raw.sendto(header + part, (sys.argv[3], 0))
PYTHON
}

# slabs: the caches of the kernel, and the bytes of the pages that each has.
slabs() {
	awk 'NR > 2 { print $1, $15 * $6 * 4096 }' /proc/slabinfo
}
# grown NAME: which caches have grown since slabs >$WORK/before, for each connection.
grown() {
	slabs >"$WORK/after"
	awk -v name="$1" -v n="$COUNT" 'NR == FNR { before[$1] = $2; next }
		{ each = ($2 - before[$1]) / n; if (each >= 8) { all += each; list = list sprintf(" %s %.0f,", $1, each) } }
		END { printf "%s: %.0f bytes for each connection:%s 1 GiB has room for %d\n", name, all, list, all ? 1073741824 / all : 0 }' \
		"$WORK/before" "$WORK/after"
}
connections() { in_ns "$1" tail -n +2 /proc/net/ip_vs_conn | wc -l; }
are_there() { [[ $(connections "$1") -ge $((COUNT * 99 / 100)) ]]; }
# forget: ends all connections, and what is left of them.
forget() {
	in_ns lb "$EZLB" cleanup --state-dir "$STATE" >"$WORK/cleanup"
	in_ns lb conntrack -F >/dev/null 2>&1
	ipvs_unload
	modprobe ip_vs
	echo 3 >/proc/sys/vm/drop_caches
	for cache in nf_conntrack ip_vs_conn; do
		[[ ! -e /sys/kernel/slab/$cache/shrink ]] || echo 1 >"/sys/kernel/slab/$cache/shrink"
	done
}

# measure NAME PROTOCOL METHOD EXTENSIONS [CONNTRACK]
measure() {
	forget
	lb_sysctl net.netfilter.nf_conntrack_acct "$4"
	lb_sysctl net.netfilter.nf_conntrack_timestamp "$4"
	lb_sysctl net.netfilter.nf_conntrack_tcp_timeout_syn_sent 1800
	lb_sysctl net.netfilter.nf_conntrack_udp_timeout 1800
	files "$3"
	in_ns lb "$EZLB" once --config-dir "$SERVICES" --state-dir "$STATE" --snat-backend nftables --ipvs-timeout-udp 1800s >"$WORK/once" ||
		fail "once: $(tail -n 3 "$WORK/once")"
	lb_sysctl net.ipv4.vs.conntrack "${5:-$([[ $3 == fullnat ]] && echo 1 || echo 0)}"
	slabs >"$WORK/before"
	first_packets "$2" "$COUNT"
	eventually 60 "$COUNT connections are in IPVS" are_there lb
	grown "$1, $2"
	echo "  IPVS has $(connections lb), conntrack $(lb_sysctl net.netfilter.nf_conntrack_count)"
}

# synced: a balancer, b2, that learns of the connections of lb from the sync daemon. It has no service.
synced() {
	forget
	files fullnat
	in_ns lb "$EZLB" once --config-dir "$SERVICES" --state-dir "$STATE" --snat-backend nftables --ipvs-timeout-udp 1800s >"$WORK/once" ||
		fail "once: $(tail -n 3 "$WORK/once")"
	# Each connection is announced with its first packet.
	lb_sysctl net.ipv4.vs.sync_threshold "1 50"
	in_ns lb ipvsadm --start-daemon master --mcast-interface backends --syncid 7
	in_ns b2 ipvsadm --start-daemon backup --mcast-interface eth0 --syncid 7
	nap 1
	slabs >"$WORK/before"
	first_packets udp "$COUNT"
	eventually 60 "$COUNT connections are in IPVS" are_there lb
	eventually 60 "and on the other balancer" are_there b2
	grown "FullNAT, udp, on two balancers, of which one has learned of the connections by the sync daemon"
	echo "  IPVS has $(connections lb) and $(connections b2), conntrack $(lb_sysctl net.netfilter.nf_conntrack_count)" \
		"and $(in_ns b2 cat /proc/sys/net/netfilter/nf_conntrack_count)"
	in_ns b2 ipvsadm --stop-daemon backup
	in_ns lb ipvsadm --stop-daemon master
}

for protocol in tcp udp; do
	measure "FullNAT" "$protocol" fullnat 0
	measure "FullNAT, nf_conntrack_acct and nf_conntrack_timestamp" "$protocol" fullnat 1
	measure "NAT" "$protocol" nat 0
	measure "direct routing" "$protocol" direct 0
	measure "direct routing beside a FullNAT service" "$protocol" direct 0 1
done
synced
