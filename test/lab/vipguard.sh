#!/usr/bin/env bash
# variants: nftables4
# also: nftables6 iptables4 iptables6
# takes: 18
# --vip-guard: at the addresses of --vip-device only services answer, and nothing of that stops a service.
# shellcheck source=test/lab/lib.sh
LAB_LB_ADDRESSES=
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
# Programs of the balancer that listen on all addresses: no file names them.
backend_start lb 80 22 8080 8053/udp
BITS=32 FRONT=172.16.0.1 OPEN=${VIP%1}9
[[ $VIP != *:* ]] || BITS=128 FRONT=fd00:172::1
ip -n lb addr add "$SNAT_IP/$BITS" dev lo
ip -n lb addr add "$VIP2/$BITS" dev lo

# web NAME ADDRESS PORT [PROTOCOL]
web() {
	local port=80
	[[ $# -lt 4 ]] || port=53
	service "$1" <<-END
		listen: "$(ep "$2" "$3")"
		protocol: ${4:-tcp}
		full_nat: true
		snat_ip: "$SNAT_IP"
		health_check: {enabled: false}
		backends: [{address: "$(ep "${BACKEND_IP[b1]}" "$port")"}]
	END
}
serves() { [[ $(client_get "$(ep "$1" "$2")") == backend=${3:-b1}* ]]; }
# refuses ADDRESS PORT: by a reset, and not by silence.
refuses() {
	local status=0
	client_get "$(ep "$1" "$2")" 2>/dev/null || status=$?
	[[ $status == 7 ]]
}
udp_answers() { [[ $(client_udp "$1" "$2") == backend=* ]]; }
table() { in_ns lb nft list table inet ezlb-guard 2>/dev/null; }
guarded() { grep -qw "$1" <<<"$(table)"; }

web web "$VIP" 80
range=5005
! by_listener || range=5000-5010
web more "$VIP" $range
web dns "$VIP" 53 udp
web open "$OPEN" 81
web theirs "$VIP2" 80

echo "# without a guard every program of the host answers at the address"
ezlb_start --vip-device vips --vip-guard never --cleanup-on-exit=false
eventually 15 "web serves" serves "$VIP" 80
eventually 5 "a stranger" serves "$VIP" 8080 lb
half_request "$OPEN" before
ezlb_stop KILL

echo "# with it only services; what is open stays open, and other addresses are as they were"
ezlb_start --vip-device vips --cleanup-on-exit=false
eventually 15 "the address is guarded" guarded "$VIP"
for port in 22 8080; do refuses "$VIP" $port || fail "port $port answers"; done
refuses "$OPEN" 80 || fail "port 80 of the other address answers"
fails udp_answers "$VIP" 8053 || fail "the udp port answers"
half_request_ends before backend=lb
answers() {
	serves "$VIP" 80 && serves "$VIP" 5005 && serves "$OPEN" 81 && serves "$VIP2" 80
}
answers || fail "a service does not answer"
eventually 5 "dns answers" udp_answers "$VIP" 53
for address in "$FRONT" "$VIP2"; do serves "$address" 8080 lb || fail "$address does not answer"; done
udp_answers "$FRONT" 8053 || fail "udp of the host's own address does not answer"
in_ns client busybox ping -c 1 -W 3 "$VIP" >/dev/null || fail "no answer to ping"
"$LABTOOL" get lb 3 "$(ep "$VIP" 8080)" >/dev/null || fail "this host itself cannot"
assert_eq "lines in the log" 1 "$(grep -c 'only services answer.*device=vips' "$EZLB_LOG")"
assert_match "counted packets" "packets [1-9][0-9]* .*reject" "$(table | tr '\n' ' ')"
assert_eq "what is still to do" "$NO_CHANGES" "$(ezlb_cmd plan --vip-device vips)"

echo "# what doctor says of both"
ezlb_cmd doctor --vip-device vips >"$WORK/doctor" || :
assert_match "an address elsewhere" "warn +vip-guard +theirs: +$VIP2 is on lo, which ezlb does not manage" \
	"$(tr -s '\n ' ' ' <"$WORK/doctor")"
assert_match "a guarded one" "ok +vip-guard +[a-z, ]+: only services answer at $VIP" "$(tr -s '\n ' ' ' <"$WORK/doctor")"

echo "# clients of one service while others come and go, while the table is repaired, and during a drain"
cat >"$WORK/clients" <<-'END'
	while [[ ! -e $4 ]]; do
		if "$1" get client 3 "$2" >/dev/null 2>&1; then echo good; else echo "bad $?"; fi
	done >"$3"
END
bash "$WORK/clients" "$LABTOOL" "$(ep "$VIP" 80)" "$WORK/answers" "$WORK/stop" &
clients=$!
web new "$VIP" 22
eventually 10 "port 22 is a service now" serves "$VIP" 22
rm "$SERVICES/new.yaml" "$SERVICES/more.yaml"
eventually 10 "and it is none" refuses "$VIP" 22
in_ns lb nft insert rule inet ezlb-guard input accept
within 2000 "the table is repaired" refuses "$VIP" 8080
in_ns lb nft delete table inet ezlb-guard
within 2000 "the table is back" refuses "$VIP" 8080
ezlb_cmd drain >/dev/null
refuses "$VIP" 8080 || fail "a drained address answers"
ezlb_cmd undrain >/dev/null
touch "$WORK/stop"
wait $clients
assert_eq "requests that failed" 0 "$(grep -cv good "$WORK/answers" || :)"

echo "# a backend on this host that gets packets with the address: there is no guard in its way"
service direct <<END
listen: "$(ep "$VIP" 8080)"
forward: direct
health_check: {enabled: false}
backends: [{address: "$(ep "$FRONT" 8080)"}]
END
eventually 10 "it serves" serves "$VIP" 8080 lb
fails guarded "$VIP" || fail "the address is guarded"
guarded "$OPEN" || fail "the other one is not"
rm "$SERVICES/direct.yaml"
eventually 10 "it is refused again" refuses "$VIP" 8080

echo "# nothing is left"
ezlb_stop TERM
ezlb_cmd cleanup
fails table || fail "the table is still there"
