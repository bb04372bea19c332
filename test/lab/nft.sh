#!/usr/bin/env bash
# FullNAT with nftables: the same job as fullnat.sh, by one map lookup for each connection.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

export EZLB_SNAT_BACKEND=nftables
lab_up
for b in b1 b2; do backend_start "$b"; done

in_ns lb nft -f - <<END
table inet filter {
	set admins { type ipv4_addr; elements = { 172.16.0.9 }; }
	chain input { type filter hook input priority filter; policy accept; ip saddr @admins counter accept; }
}
table ip nat {
	chain postrouting { type nat hook postrouting priority srcnat; policy accept; ip daddr 192.168.10.0/24 masquerade; }
}
END
foreign() { in_ns lb nft list table inet filter; in_ns lb nft list table ip nat; }
theirs=$(foreign)

# table_is LINE...: ezlb's table has these elements, and nothing else in its map and set.
elements() {
	in_ns lb nft -j list table ip ezlb | jq -r '
		def key: .elem.val.concat | map(tostring) | join(" ");
		def data: .prefix.addr // (.range | join("-"));
		.nftables[] | (.map // .set) | select(.elem) | .elem[] |
		if type == "array" then "\(.[0] | key) to \(.[1] | data)" else key end' | sort
}
elements_are() { [[ $(elements) == "$(printf '%s\n' "$@" | sort)" ]]; }

# web NAT SCHEDULER
web() {
	service web <<-END
		listen: $VIP:80
		scheduler: rr
		full_nat: true
		$1
		health_check: {interval: 500ms, fail_count: 1, rise_count: 1}
		backends:
		  - address: ${BACKEND_IP[b1]}:80
		  - address: ${BACKEND_IP[b2]}:80
	END
}
web "snat_ip: $SNAT_IP"
service dns <<END
listen: $VIP:53
protocol: udp
full_nat: true
snat_ip: $SNAT_IP
backends:
  - address: ${BACKEND_IP[b1]}:53
END
ezlb_start
eventually 10 "web answers" client_get "$VIP:80"
grep -q 'msg="snat backend" backend=nftables' "$EZLB_LOG" || fail "it does not say which backend it takes"

echo "# snat_ip: it comes before another table's masquerade, for tcp and udp"
both_answer() { [[ $(client_get "$VIP:80"; client_get "$VIP:80") == *b1*b2* || $(client_get "$VIP:80"; client_get "$VIP:80") == *b2*b1* ]]; }
eventually 5 "both backends answer" both_answer
assert_match "web" "peer=$SNAT_IP\$" "$(client_get "$VIP:80")"
assert_match "udp" "^backend=b1 peer=$SNAT_IP\$" "$(client_udp "$VIP" 53)"
elements_are "$VIP tcp 80 to $SNAT_IP" "$VIP udp 53 to $SNAT_IP" || fail "the map: $(elements)"
assert_eq "rules in the legacy table" "" "$(nat_rules | grep EZLB || :)"

echo "# what is no connection of a service is left alone: the balancer's own"
in_ns lb nft delete table ip nat
assert_eq "a request of the balancer's own" "backend=b1 peer=192.168.10.1" \
	"$(in_ns lb curl -sS -f --max-time 3 "http://${BACKEND_IP[b1]}/")"
in_ns lb nft -f - <<<"table ip nat {
	chain postrouting { type nat hook postrouting priority srcnat; policy accept; ip daddr 192.168.10.0/24 masquerade; }
}"

echo "# a health flip is no write to nftables"
generation() { in_ns lb nft -j list tables | jq '.nftables | length'; in_ns lb nft -s list ruleset; }
before=$(generation)
"$LABTOOL" in lb timeout 4 nft monitor >"$WORK/monitor" 2>&1 &
monitor=$!
nap 1
backend_stop b2
b2_out() { [[ $(kernel_rows) != *"${BACKEND_IP[b2]}:80"* ]]; }
eventually 3 "b2 is out" b2_out
wait $monitor || :
assert_eq "what changed in nftables" "" "$(cat "$WORK/monitor")"
assert_eq "the ruleset" "$before" "$(generation)"
backend_start b2

echo "# two services share a backend, each with its own source address"
service other <<END
listen: $VIP:8080
full_nat: true
snat_ip: $VIP2
backends:
  - address: ${BACKEND_IP[b1]}:80
END
in_ns b1 ip route add "$VIP2/32" via 192.168.10.1
other_is_from_vip2() { [[ $(client_get "$VIP:8080") == "backend=b1 peer=$VIP2" ]]; }
eventually 5 "the other service" other_is_from_vip2
assert_match "web" "peer=$SNAT_IP\$" "$(client_get "$VIP:80")"
rm "$SERVICES/other.yaml"

echo "# no snat_ip: the balancer's own address"
in_ns lb nft delete table ip nat
web ""
masqueraded() { [[ $(client_get "$VIP:80") == *peer=192.168.10.1 ]]; }
eventually 5 "it is masqueraded" masqueraded
eventually 5 "the set" elements_are "$VIP tcp 80" "$VIP udp 53 to $SNAT_IP"

echo "# nft flush ruleset, and a stranger's rule in ezlb's chain: repaired"
web "snat_ip: $SNAT_IP"
is_right() { elements_are "$VIP tcp 80 to $SNAT_IP" "$VIP udp 53 to $SNAT_IP"; }
eventually 5 "snat_ip again" is_right
in_ns lb nft flush ruleset
within 1000 "repair of: nft flush ruleset" is_right
eventually 3 "web answers from snat_ip" client_get "$VIP:80"
in_ns lb nft insert rule ip ezlb EZLB-SNAT ip saddr 172.16.0.0/24 accept
no_stranger() { [[ $(in_ns lb nft list table ip ezlb) != *172.16.0.0* ]]; }
within 2000 "repair of: a stranger's rule" no_stranger
grep -q "level=warn .*another program changed what ezlb owns" "$EZLB_LOG" || fail "the log does not tell of it"

echo "# full_nat false everywhere: no table; cleanup leaves what is not ezlb's"
in_ns lb nft -f - <<<"$theirs"
ezlb_stop TERM
assert_eq "ezlb's table" "" "$(in_ns lb nft list tables | grep ezlb || :)"
assert_eq "the foreign tables" "$theirs" "$(foreign)"
