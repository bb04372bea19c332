#!/usr/bin/env bash
# when: all
# timeout: 300
# variants: nftables4 nftables6 iptables4
# also: iptables6
# client_address: toa where a connection begins in another way than usual: lost packets, SYN cookies, Fast Open, deferred
# accept, data of full size, the end with the first data, no room for the option, the same port again; 2,000 connections;
# nginx; both kinds for IPv6. In each, both receivers get it right: ezlb-toa, and a kernel module's parser.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/toa.bash
. "$(dirname "$0")/toa.bash"

lab_up
toa_mounts
toa_quiet client
mkdir -p /sys/fs/cgroup/b1
toa_receiver b1 "$SNAT_IP" # before the servers: a younger listener keeps the SYN for it
toa_service web 80 b1 80 "client_address: toa"
toa_service defer 81 b1 81 "client_address: toa"
toa_service fast 82 b1 82 "client_address: toa"
toa_service nginx 83 b1 83 "client_address: toa"
in_ns b1 sh -c 'echo 3 >/proc/sys/net/ipv4/tcp_fastopen'
in_ns client sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_fastopen'
ezlb_start
PORT=80
toa_serve b1 80
toa_watch b1 80
eventually 60 "web answers" toa_ask 1
eventually 10 "the program is attached" toa_attached backends

# both COUNT [KEY=VALUE...]: as `asked ... client`, and a kernel module reads the same.
both() {
	: >"$WORK/b1.seen"
	asked "$1" client "${@:2}"
	eventually 5 "a kernel module reads the clients ${*:2}" modules_read b1
}

# lose SYN|ACK: the first of these of each connection gets lost behind the balancer's program.
lose() {
	local which=syn
	[[ $1 == SYN ]] || which=ack
	in_ns lb nft "add table bridge loss
		add set bridge loss seen { type inet_service; flags dynamic; size 65535; }
		add chain bridge loss out { type filter hook output priority 0; }
		add rule bridge loss out tcp dport 80 tcp flags & (syn | ack) == $which \
			tcp sport != @seen add @seen { tcp sport } counter drop"
}
lossless() {
	local lost
	lost=$(in_ns lb nft -j list table bridge loss | jq '[.. | .counter? // empty | .packets] | add')
	assert_eq "packets that were lost" "$1" "$lost"
	in_ns lb nft delete table bridge loss
}

# counter NAME: b1's, of /proc/net/netstat.
counter() {
	# shellcheck disable=SC2016
	in_ns b1 awk -v name="$1" '$1 == "TcpExt:" && at { print $at }
		$1 == "TcpExt:" { for (i = 2; i <= NF; i++) if ($i == name) at = i }' /proc/net/netstat
}

echo "# 2,000 connections"
both 2000 threads=32 seconds=100

echo "# the first SYN is lost"
lose SYN
both 100 threads=50
lossless 100
echo "# the packet that completes the handshake is lost"
lose ACK
both 100 threads=50
lossless 100
echo "# it is lost, and the data after it is of full size: only the SYN has the option, which a module does not read"
lose ACK
asked 20 client threads=20 up=100000
lossless 20
echo "# data of full size"
both 20 up=100000
echo "# the end is in the same packet as the data"
both 50 fin=1
echo "# the same port again and again"
both 50 port=7000 threads=1

echo "# SYN cookies for all"
in_ns b1 sh -c 'echo 2 >/proc/sys/net/ipv4/tcp_syncookies'
both 200
cookies=$(counter SyncookiesRecv)
[[ $cookies -ge 200 ]] || fail "cookies that came back: $cookies"
echo "# ... and a listener that is older than ezlb-toa"
receiver_stop b1
asked 20 "$SNAT_IP"
toa_receiver b1 "$SNAT_IP"
both 50
in_ns b1 sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_syncookies'

echo "# the client's SYN has no room for the option: the next packet has it"
: >"$WORK/b1.seen"
me=$(ep "$CLIENT_IP" 6000)
assert_eq "no room in the SYN" "$me $me" "$(forge 6000 254 f)"
eventually 5 "a module reads it" grep -qxF "$me" <(seen b1 module)

echo "# deferred accept"
toa_serve b1 81 defer
toa_watch b1 81 defer
PORT=81 both 100

echo "# Fast Open: data in the SYN"
toa_serve b1 82 fastopen
toa_watch b1 82
PORT=82 asked 1 client fastopen=1 # gets the cookie
if [[ $FAMILY == 4 ]]; then
	PORT=82 both 100 fastopen=1
else
	# No room: the cookie and the option for IPv6 do not fit into one SYN, and no other packet is read.
	PORT=82 asked 100 "$SNAT_IP" fastopen=1
fi
fast=$(counter TCPFastOpenPassive)
[[ $fast -ge 100 ]] || fail "connections with Fast Open: $fast"

echo "# nginx"
command -v nginx >/dev/null || fail "there is no nginx: scripts/deps long"
mkdir -p "$WORK/nginx"
cat >"$WORK/nginx.conf" <<-'END'
	daemon off;
	pid nginx/pid;
	error_log stderr;
	events {}
	http {
		access_log off;
		client_body_temp_path nginx/1; proxy_temp_path nginx/2; fastcgi_temp_path nginx/3; uwsgi_temp_path nginx/4;
		scgi_temp_path nginx/5;
		server { listen 83; listen [::]:83; location / { return 200 "$remote_addr $remote_port\n"; } }
	}
END
in_group b1 "$LABTOOL" in b1 nginx -p "$WORK" -c "$WORK/nginx.conf" >"$WORK/nginx.log" 2>&1 &
eventually 30 "nginx listens" backend_listens b1 83
assert_eq "nginx's \$remote_addr and \$remote_port" "$CLIENT_IP 6100" \
	"$(client_get "http://$(ep "$VIP" 83)/" --local-port 6100)"

if [[ $FAMILY == 6 ]]; then
	echo "# the other kind for IPv6"
	kinds() { grep -o '25[34]/20' "$WORK/b1.seen" | sort -u; }
	toa_watch b1 80
	both 10
	assert_eq "the kind" 254/20 "$(kinds)"
	toa_service web 80 b1 80 "client_address: toa" "toa_ipv6_kind: 253"
	toa_watch b1 80 253
	other() { : >"$WORK/b1.seen" && toa_ask 1 >/dev/null && [[ $(kinds) == 253/20 ]]; }
	eventually 10 "the kind is 253" other
	both 10
fi
ezlb_stop
