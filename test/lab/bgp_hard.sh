#!/usr/bin/env bash
# when: all
# variants: nftables4
# timeout: 900
# Two balancers behind a router with BGP and equal-cost paths, under requests without a pause and with open connections:
# ezlb is killed, a balancer drains, comes back, is lost. With conntrackd nobody notices the first three; what the loss
# costs, and what a drain costs without conntrackd, is counted.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/balancers.bash
. "$(dirname "$0")/balancers.bash"
# shellcheck source=test/lab/bgp.bash
. "$(dirname "$0")/bgp.bash"

balancers_up 2
for b in b1 b2 b3; do
	backend_start "$b" 80
	"$LABTOOL" in "$b" socat TCP6-LISTEN:7,ipv6only=0,fork,reuseaddr PIPE 2>>"$WORK/$b.log" &
	eventually 10 "$b echoes" backend_listens "$b" 7
done
for port in 80 7; do
	services "port$port" <<-END
		listen: "$(ep "$VIP" $port)"
		full_nat: true
		snat_ip: "SNAT_IP"
		health_check: {interval: 1s}
		backends:
		$(for b in b1 b2 b3; do echo "  - address: '$(ep "${BACKEND_IP[$b]}" $port)'"; done)
	END
done
bird_router
for lb in "${BALANCERS[@]}"; do
	bird_balancer "$lb"
	on "$lb" ezlb_start --vip-device ezlb0 --cleanup-on-exit=false
	eventually 60 "$lb is ready" on "$lb" is_ready
	conntrackd_start "$lb"
done
eventually 60 "the router has two next hops" next_hops_are "$VIP" "lb1 lb2"

# What begins at each balancer, and what of it is taken for a connection that it knows. Where a client uses a port again,
# lb2 may find the entry that conntrackd has from lb1: then the backend sees the address of lb1, and lb1 passes on only
# the answers. So the address that a backend saw does not say who had the request.
for lb in "${BALANCERS[@]}"; do
	in_ns "$lb" nft -f - <<-END
		table inet begun {
			counter syns { }
			counter reused { }
			chain prerouting {
				type filter hook prerouting priority mangle; policy accept;
				iifname "front" tcp dport 80 tcp flags & (syn | ack) == syn counter name syns
				iifname "front" tcp dport 80 tcp flags & (syn | ack) == syn ct state established counter name reused
			}
		}
	END
done
begun_at() { # begun_at NAME COUNTER
	in_ns "$1" nft list counter inet begun "$2" | grep -oP 'packets \K[0-9]+'
}

# background N: N requests, while something happens. done_with N: waits until there are N answers.
background() {
	"$LABTOOL" in client stdbuf -oL curl -sS --max-time 10 -H 'Connection: close' "http://$(ep "$VIP" 80)/?[1-$1]" \
		>"$WORK/requests" 2>&1 &
	CLIENT=$!
}
done_with() {
	local end=$SECONDS
	until [[ $(wc -l <"$WORK/requests") -ge $1 ]]; do
		[[ $((SECONDS - end)) -lt 180 ]] || fail "the client stands still: $(tail -n 1 "$WORK/requests")"
		nap 0.1
	done
}
finish() { wait "$CLIENT" || :; }

# both_hold N: N connections. They are made anew until no balancer has all of them.
both_hold() {
	local try
	for try in 1 2 3 4 5; do
		hold "$1" "$VIP"
		eventually 20 "IPVS has them" held_are "$1"
		[[ -z $(held_by lb1) || -z $(held_by lb2) ]] || return 0
		echo "try $try: one balancer has all"
		release
	done
	fail "all connections go to one balancer"
}
held_are() { [[ $({ held_by lb1; held_by lb2; } | wc -l) -ge $1 ]]; }
none_lost() {
	release
	assert_eq "connections that ended in peace" "$1" "$(grep -c ' ok$' "$WORK/held")"
}
lost() { awk '$2 == "lost:" { print $1 }' "$WORK/held" | sort; }

echo "# ezlb is killed on one of them, and starts again"
background 500
done_with 100
on lb1 ezlb_stop KILL
done_with 300
on lb1 ezlb_start --vip-device ezlb0 --cleanup-on-exit=false
finish
all_answered "$WORK/requests" 500
[[ $(answered_by "$WORK/requests" lb1) -gt 100 ]] || fail "lb1 had $(answered_by "$WORK/requests" lb1) of them only"
eventually 30 "lb1 is ready" on lb1 is_ready

echo "# one drains under 2000 requests and 12 open connections, and comes back"
both_hold 12
background 2000
done_with 300
on lb1 ezlb_cmd drain
eventually 30 "the router has one next hop" next_hops_are "$VIP" lb2
nap 1
begun=$(begun_at lb1 syns) before=$(answered_by "$WORK/requests" lb1)
done_with 1200
assert_eq "requests that began at lb1 after it was drained" 0 "$(($(begun_at lb1 syns) - begun))"
echo "with the address of lb1: $(($(answered_by "$WORK/requests" lb1) - before));" \
	"lb2 knew $(begun_at lb2 reused) of $(begun_at lb2 syns)"
on lb1 ezlb_cmd undrain
eventually 30 "the router has two next hops" next_hops_are "$VIP" "lb1 lb2"
finish
all_answered "$WORK/requests" 2000
[[ $(begun_at lb1 syns) -gt $begun ]] || fail "no traffic came back"
none_lost 12

echo "# the same with --wait: it returns when the last connection has been closed"
both_hold 12
on lb1 ezlb_cmd drain --wait 5m >"$WORK/wait" 2>&1 &
waiting=$!
eventually 30 "the router has one next hop" next_hops_are "$VIP" lb2
nap 3
kill -0 "$waiting" || fail "it did not wait: $(<"$WORK/wait")"
none_lost 12
wait "$waiting" || fail "drain --wait: $(<"$WORK/wait")"
cat "$WORK/wait"
on lb1 ezlb_cmd undrain
eventually 30 "the router has two next hops" next_hops_are "$VIP" "lb1 lb2"

echo "# a whole balancer is lost: its connections are, and no others"
both_hold 12
mine=$(held_by lb1)
background 500
done_with 100
start=$(now_ms)
ip -n router link set lb1-front down
ip -n router link set lb1-back down
eventually 30 "BFD has noticed" next_hops_are "$VIP" lb2
echo "noticed after $(elapsed_ms "$start") ms"
# Entries that lb2 has from lb1 stay for two minutes after their connections. A client that uses a port again would meet
# one, and the backend would answer to lb1.
in_ns lb2 conntrack -D --reply-dst "${SNAT_OF[lb1]}" >/dev/null 2>"$WORK/deleted" || fail "$(<"$WORK/deleted")"
cat "$WORK/deleted"
requests 200 "$VIP" >"$WORK/after"
all_answered "$WORK/after" 200
finish
failed=$(grep -cv '^backend=' "$WORK/requests" || :)
# The one that was open, and one that met such an entry before it was deleted.
[[ $failed -le 2 ]] || fail "$failed of the client's requests failed, and it makes one at a time"
nap 11 # held.py waits for 10 s
release
assert_eq "connections that are lost" "$mine" "$(lost)"
echo "$failed of 500 requests, $(lost | wc -l) of 12 open connections"
ip -n router link set lb1-front up
ip -n router link set lb1-back up
eventually 60 "the router has two next hops" next_hops_are "$VIP" "lb1 lb2"

echo "# without conntrackd: a drain ends the open connections of this balancer, and no others"
for lb in "${BALANCERS[@]}"; do
	kill "${CONNTRACKD_PIDS[$lb]}"
	in_ns "$lb" nft delete table inet conntrackd
	on "$lb" lb_sysctl net.netfilter.nf_conntrack_tcp_loose 1
done
both_hold 12
mine=$(held_by lb1)
on lb1 ezlb_cmd drain
eventually 30 "the router has one next hop" next_hops_are "$VIP" lb2
requests 100 "$VIP" >"$WORK/after"
all_answered "$WORK/after" 100
release
assert_eq "connections that are lost" "$mine" "$(lost)"
each ezlb_stop
