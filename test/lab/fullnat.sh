#!/usr/bin/env bash
# variants: iptables4 nftables4 iptables6 nftables6
# timeout: 240
# The mission: services answer through the VIP although the backends have no route to the client.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
for b in b1 b2 b3; do backend_start "$b"; done
WEB=$(ep "$VIP" 80)
DNS=$(ep "$VIP" 53)

# backends PORT: their endpoints.
backends() {
	for b in b1 b2 b3; do ep "${BACKEND_IP[$b]}" "$1"; done
}
# shellcheck disable=SC2046 # each endpoint is a word
rows_to() { # rows_to TO: what both services want
	snat_want tcp "$WEB" "$1" $(backends 80)
	snat_want udp "$DNS" "$1" $(backends 53)
}

# write NAT-LINE...: both files, with these lines.
write() {
	service web <<-END
		listen: "$WEB"
		scheduler: rr
		health_check: {interval: 1s}
		$(printf '%s\n' "$@")
		backends: [$(backends 80 | sed "s/.*/{address: '&'},/")]
	END
	service dns <<-END
		listen: "$DNS"
		protocol: udp
		$(printf '%s\n' "$@")
		backends: [$(backends 53 | sed "s/.*/{address: '&'},/")]
	END
}

# The first case of a boot waits for whatever is loaded for the first time: the programs of the backends,
# and above all the kernel's modules (26 s have been seen on a busy machine). How quick ezlb is is not
# asked here.
PATIENCE=30

# spread URL PEER: 6 requests in turn reach all three backends, each from PEER.
spread() {
	local seen=''
	for _ in 1 2 3 4 5 6; do seen+=$(client_get "$1" --max-time $PATIENCE)$'\n'; done
	assert_eq "backends and peers behind $1" \
		"backend=b1 peer=$2 backend=b2 peer=$2 backend=b3 peer=$2" \
		"$(printf '%s' "$seen" | sort -u | tr '\n' ' ' | sed 's/ $//')"
}

# ask_udp: a new flow; its answer goes to a file, because eventually runs this in a subshell.
ask_udp() {
	client_udp "$VIP" 53 >"$WORK/answer" && [[ -s $WORK/answer ]]
}

write "full_nat: true" "snat_ip: '$SNAT_IP'"
ezlb_start
first_pass() { [[ $(kernel_rows) == *"tcp $WEB rr"* ]]; }
eventually 120 "the first pass is made" first_pass
eventually $PATIENCE "web answers" client_get "$WEB"

echo "# snat_ip: the backends see it as their peer, for tcp and udp"
all_in() { [[ $(ipvs | grep -c ':80 .*Masq') == 3 ]]; }
eventually $PATIENCE "all three are in" all_in
spread "$WEB" "$SNAT_IP"
eventually $PATIENCE "a datagram is answered" ask_udp
assert_match "udp" "^backend=b[123] peer=$SNAT_IP\$" "$(<"$WORK/answer")"
snat_is "$(rows_to "$SNAT_IP")" || fail "the SNAT rows are: $(snat_rows)"

echo "# the settings that it needs were set"
assert_eq "vs.conntrack" 1 "$(lb_sysctl net.ipv4.vs.conntrack)"
assert_eq "forwarding" 1 "$(lb_sysctl $FORWARDING)"

echo "# no snat_ip: the backends see the balancer's own address"
write "full_nat: true"
eventually $PATIENCE "the rows say masquerade" snat_is "$(rows_to masquerade)"
spread "$WEB" "$LB_IP"
masqueraded() { [[ $(client_udp "$VIP" 53) == *"peer=$LB_IP" ]]; }
eventually $PATIENCE "a new udp flow is masqueraded" masqueraded

echo "# full_nat false: no rule, and without a route back no answer"
write "full_nat: false"
rm "$SERVICES/dns.yaml"
no_rules() { [[ -z $(snat_all) ]]; }
eventually $PATIENCE "no rule, chain, jump or table is left" no_rules
[[ $(kernel_rows) == *"tcp $WEB rr"* ]] || fail "the service is not there: $(ipvs)"
never 1 "an answer without FullNAT" client_get "$WEB" --max-time 1

echo "# a quiet log: no warning and no error"
assert_eq "warnings" "" "$(grep -E 'level=(warn|error)' "$EZLB_LOG" || :)"
ezlb_stop
