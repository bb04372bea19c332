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

# web SNAT-IP
web() {
	service web <<-END
		listen: "$WEB"
		full_nat: true
		snat_ip: "$1"
		scheduler: rr
		health_check: {interval: 1s, fail_count: 1}
		backends:
		  - address: "$(ep "${BACKEND_IP[b1]}" 80)"
	END
}
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
web "$SNAT_IP-$LAST"
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
ended() { grep -c 'msg="deleted stale UDP conntrack entries"' "$EZLB_LOG"; }
assert_eq "flows ended so far" 0 "$(ended)"
dns "$LAST" b1
# No datagram before: the kernel itself forgets a flow whose next one finds its backend gone.
ends_are() { [[ $(ended) -eq $1 ]]; }
eventually 5 "the flow is ended" ends_are 1
assert_eq "the next datagram" "backend=b1 peer=$LAST" "$(flow)"

echo "# its backend goes: it moves to another, from the same port"
dns "$LAST" b2
# The kernel may be quicker: with expire_nodest_conn it expires the connections of a dest that is deleted, and their
# conntrack entries, in a work of its own (since 5.9). Then ezlb has none left to delete, and logs nothing.
b1_gone() { ! in_ns lb ipvsadm -Sn | grep -qF -- " -r $(ep "${BACKEND_IP[b1]}" 53) "; }
eventually 5 "the backend is gone" b1_gone
[[ $(ended) -le 2 ]] || fail "more than one line for each change: $(ended)"
assert_eq "each was one flow" "" "$(grep 'UDP conntrack entries' "$EZLB_LOG" | grep -v ' flows=1$' || :)"
assert_eq "the next datagram" "backend=b2 peer=$LAST" "$(flow)"
assert_eq "expire_nodest_conn" 1 "$(lb_sysctl net.ipv4.vs.expire_nodest_conn)"

echo "# a connection of tcp outlives a change of snat_ip"
web_is() { [[ $(client_get "$WEB") == "backend=b1 peer=$1" ]]; }
web "$SNAT_IP"
eventually 5 "one address" web_is "$SNAT_IP"
# shellcheck disable=SC2016 # the other shell's
coproc HELD {
	in_ns client timeout 30 bash -c 'exec 3<>"/dev/tcp/$1/80" && printf "GET / HTTP/1.0\r\n" >&3 && echo open &&
		read -r && printf "\r\n" >&3 && cat <&3' bash "$VIP"
}
read -r -t 5 -u "${HELD[0]}" || fail "the connection is not open"
ENDED=$(ended)
web "$LAST"
eventually 5 "the other address" web_is "$LAST"
echo go on >&"${HELD[1]}"
assert_eq "the open connection" "backend=b1 peer=$SNAT_IP" "$(tail -n 1 <&"${HELD[0]}")"
assert_eq "ends of flows" "$ENDED" "$(ended)"
ezlb_stop TERM
