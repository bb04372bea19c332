#!/usr/bin/env bash
# timeout: 100
# New connections a second: without a balancer, through IPVS's NAT alone, and through FullNAT of ezlb, with nftables and
# iptables. In IPVS there are 1,000 services of 10 backends beside the one that gets the traffic: "1", only this
# one has source NAT; "all", all have, so there are 10,000 backends with source NAT. For scripts/bench.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/bench.bash
. "$(dirname "$0")/bench.bash"

CONN=$BIN/bench_conn
SIZE=${LAB_SIZES:-1000}
CONNECTIONS=${LAB_CONNECTIONS:-1000}
IN=(in_ns lb)

# put NAME: the service with the traffic is the last one, in NAME's files too. Answers come back through lb in any case.
put() {
	printf 'listen: %s:80\nfull_nat: true\nsnat_ip: %s\nhealth_check: {enabled: false}\nbackends: [{address: "%s:20000"}]\n' \
		"$VIP" "$SNAT_IP" "${BACKEND_IP[b1]}" >"$ROOT/files/$SIZE.$1/z.yaml"
}
# prepared KIND: sets TO to what the client connects to.
prepared() {
	empty
	TO=("$VIP" 80)
	case $1 in
	direct) TO=("${BACKEND_IP[b1]}" 20000) ;;
	ipvs)
		lb_sysctl net.ipv4.vs.conntrack 0
		in_ns lb "$FLOOR" create "$SIZE" $BACKENDS_N
		printf -- '-A -t %s:80 -s wrr\n-a -t %s:80 -r %s:20000 -m -w 1\n' "$VIP" "$VIP" "${BACKEND_IP[b1]}" | in_ns lb ipvsadm -R
		;;
	*) in_ns lb "$EZLB" once --config-dir "$ROOT/files/$SIZE.$([[ $1 == *_all ]] && echo nat || echo plain)" \
		--state-dir "$ROOT/state" --persist-dir "$ROOT/persist" --snat-backend "${1%_*}" >"$WORK/once" 2>&1 ;;
	esac
}
# rate KIND: of one round.
rate() {
	local rate
	prepared "$1" || {
		tail -n 3 "$WORK/once"
		return 1
	}
	in_ns client "$CONN" connect "${TO[@]}" 100 >/dev/null || return
	rate=$(in_ns client "$CONN" connect "${TO[@]}" "$CONNECTIONS") || return
	[[ ${warm:-0} == 1 ]] || result nat "$SIZE" "$1" connections/s "$rate"
}

lab_up
root_up
ip -n b1 route add 172.16.0.0/24 via 192.168.10.1
ip -n client route add 192.168.10.0/24 via 172.16.0.1
lb_sysctl net.ipv4.ip_forward 1
"$LABTOOL" in b1 "$CONN" serve 20000 &
eventually 10 "the backend listens" in_ns b1 "$CONN" connect 127.0.0.1 20000 1
for kind in plain nat; do
	files "$SIZE" $kind
	put $kind
done
kinds=(direct ipvs nftables_1 nftables_all iptables_1 iptables_all)
for kind in direct ipvs; do warm=1 section nat rate "$kind"; done
for ((round = 0; round < ${LAB_ROUNDS:-$(quick 2 5)} && $(left) > 30; round++)); do
	for kind in "${kinds[@]}"; do section nat rate "$kind"; done
done
