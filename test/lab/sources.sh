#!/usr/bin/env bash
# variants: iptables4 nftables6
# also: nftables4 iptables6
# A range of source addresses, all of them in use; and udp flows that do not keep the old way when
# their source address changes or their backend goes.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
for b in b1 b2; do backend_start "$b"; done
WEB=$(ep "$VIP" 80)
DNS=$(ep "$VIP" 53)
BITS=32
[[ $VIP != *:* ]] || BITS=128
# SNAT_IP ends in 3: the range is that and the next three.
LAST=${SNAT_IP%3}6
for i in 4 5 6; do
	ip -n lb addr add "${SNAT_IP%3}$i/$BITS" dev lo
	for b in b1 b2; do ip -n "$b" route add "${SNAT_IP%3}$i/$BITS" via "$LB_IP"; done
done

service web <<END
listen: "$WEB"
full_nat: true
snat_ip: "$SNAT_IP-$LAST"
scheduler: rr
health_check: {interval: 1s, fail_count: 1}
backends:
  - address: "$(ep "${BACKEND_IP[b1]}" 80)"
END
# dns SNAT-IP BACKEND...
dns() {
	local snat=$1 b
	shift
	service dns <<-END
		listen: "$DNS"
		protocol: udp
		scheduler: rr
		full_nat: true
		snat_ip: "$snat"
		backends:
		$(for b in "$@"; do echo "  - address: \"$(ep "${BACKEND_IP[$b]}" 53)\""; done)
	END
}
dns "$SNAT_IP" b1
ezlb_start --log-level debug
eventually 10 "web answers" client_get "$WEB"

echo "# 400 connections: each of the four addresses is in use, and no other"
# The kernel chooses by a hash of both ends, so one client always comes from one address: here are 40.
# conntrack remembers the connections, with the address that the backend answered.
for i in {20..59}; do echo "addr add ${CLIENT_IP%2}$i/$((BITS == 32 ? 24 : 64)) dev eth0 $([[ $BITS == 32 ]] || echo nodad)"; done |
	ip -n client -batch -
for i in {1..400}; do
	echo "url = http://$WEB/healthz"
	echo "interface = ${CLIENT_IP%2}$((i % 40 + 20))"
	echo next
done | sed '$d' >"$WORK/urls"
assert_eq "answers" 400 "$(in_ns client curl -sS -f -g --max-time 120 -K "$WORK/urls" | grep -c ok)"
# The second of each is of the way back.
# shellcheck disable=SC2016 # awk's
in_ns lb awk '/ dport=80 / {
	n = 0
	for (i = 1; i <= NF; i++) if ($i ~ /^dst=/ && ++n == 2) print substr($i, 5)
}' /proc/net/nf_conntrack | grep -E '^(10\.0\.0\.|fd00:0010:)' | sort | uniq -c | tee "$WORK/peers"
assert_eq "addresses" "3 4 5 6" "$(grep -o '.$' "$WORK/peers" | paste -sd' ')"
# More where the rules of iptables catch ezlb's own probes.
[[ $(awk '{ n += $1 } END { print n }' "$WORK/peers") -ge 401 ]] || fail "too few connections"

echo "# two services share a backend and want different source addresses"
service other <<END
listen: "$(ep "$VIP2" 80)"
full_nat: true
snat_ip: "$LAST"
health_check: {interval: 1s}
backends:
  - address: "$(ep "${BACKEND_IP[b1]}" 80)"
END
if by_listener; then
	other_answers() { [[ $(client_get "$(ep "$VIP2" 80)") == "backend=b1 peer=$LAST" ]]; }
	eventually 5 "the other service has its own" other_answers
else
	eventually 5 "the later file is refused" grep -q 'other.yaml:.*error\[E032\]' "$EZLB_LOG"
	grep -o 'error\[E032\].*' "$EZLB_LOG"
	! ipvs | grep -qF "$(ep "$VIP2" 80)" || fail "it is in force: $(ipvs)"
fi
rm "$SERVICES/other.yaml"

# A client that keeps its port: each call is the next datagram of one flow.
PORT=40053
flow() {
	local family=4 to=$VIP
	[[ $VIP != *:* ]] || family=6 to="[$VIP]"
	echo question | in_ns client timeout 3 socat -t 2 -T 2 - "UDP$family:$to:53,sourceport=$PORT,reuseaddr"
}
flow_is() { [[ $(flow) == "$1" ]]; }

echo "# snat_ip changes under a udp flow: the next datagram has the new source"
eventually 5 "the flow" flow_is "backend=b1 peer=$SNAT_IP"
assert_eq "the flow goes on" "backend=b1 peer=$SNAT_IP" "$(flow)"
ended() { grep -c 'msg="udp flows are taken off their old way"' "$EZLB_LOG"; }
assert_eq "flows ended so far" 0 "$(ended)"
dns "$LAST" b1
eventually 5 "the flows are ended" grep -q 'msg="udp flows are taken off their old way" flows=1$' "$EZLB_LOG"
assert_eq "the next datagram" "backend=b1 peer=$LAST" "$(flow)"

echo "# its backend goes: it moves to another, from the same port"
dns "$LAST" b2
flow_moved() { [[ $(flow) == "backend=b2 peer=$LAST" ]]; }
eventually 6 "the flow is at b2" flow_moved
assert_eq "expire_nodest_conn" 1 "$(lb_sysctl net.ipv4.vs.expire_nodest_conn)"

echo "# connections of tcp are left alone when snat_ip changes"
assert_eq "web" 1 "$(client_get "$WEB" | grep -c backend=b1)"
assert_eq "ends of flows" 2 "$(ended)"
ezlb_stop TERM
