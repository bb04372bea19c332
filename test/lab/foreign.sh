#!/usr/bin/env bash
# variants: iptables4 nftables6
# also: nftables4 iptables6
# What is not ezlb's is the same before, during and after, cleanup included.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
backend_start b2 80
WEB=$(ep "$VIP" 80)
B1=$(ep "${BACKEND_IP[b1]}" 80)
B2=$(ep "${BACKEND_IP[b2]}" 80)

# What another program has here: its network, one of its hosts, and how nft and ipvsadm call the family.
NET=172.17.0.0/16 HOST=172.17.0.2 IP=ip MARKED=7
[[ $FAMILY == 4 ]] || NET=fd00:17::/64 HOST=fd00:17::2 IP=ip6 MARKED="7 -6"

in_ns lb ipvsadm -R <<END
-A -t $(ep "$VIP2" 443) -s sh -p 600
-a -t $(ep "$VIP2" 443) -r $B1 -m -w 5
-A -u $(ep "$VIP2" 53) -s rr
-a -u $(ep "$VIP2" 53) -r $(ep "${BACKEND_IP[b1]}" 53) -m
-A -f $MARKED -s rr
-a -f $MARKED -r $B2 -m
END

# The rules of Docker and of kube-proxy, in the same filter that ezlb uses.
legacy_rules() {
	in_ns lb "ip${FAMILY/4/}tables-legacy-restore" <<-END
		*nat
		:PREROUTING ACCEPT [0:0]
		:INPUT ACCEPT [0:0]
		:OUTPUT ACCEPT [0:0]
		:POSTROUTING ACCEPT [0:0]
		:DOCKER - [0:0]
		:KUBE-POSTROUTING - [0:0]
		-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
		-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
		-A POSTROUTING -s $NET ! -o docker0 -j MASQUERADE
		-A DOCKER -p tcp -m tcp --dport 5000 -j DNAT --to-destination $(ep "$HOST" 5000)
		-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
		-A KUBE-POSTROUTING -j MASQUERADE --random-fully
		COMMIT
	END
}
nft_rules() {
	in_ns lb nft -f - <<-END
		table $IP nat {
			map published { type inet_service : ipv${FAMILY}_addr; elements = { 5000 : $HOST }; }
			chain DOCKER { dnat to tcp dport map @published; }
			chain KUBE-POSTROUTING {
				meta mark & 0x4000 != 0x4000 return
				masquerade fully-random
			}
			chain PREROUTING {
				type nat hook prerouting priority dstnat; policy accept;
				fib daddr type local jump DOCKER
			}
			chain POSTROUTING {
				type nat hook postrouting priority srcnat; policy accept;
				jump KUBE-POSTROUTING comment "kubernetes postrouting rules"
				$IP saddr $NET oifname != "docker0" masquerade
			}
		}
		table inet ezlb-not-ours {
			set blocked { type inet_service; elements = { 23, 135 }; }
			chain input { type filter hook input priority filter; policy accept; tcp dport @blocked drop; }
		}
	END
}

foreign() {
	in_ns lb ipvsadm -Sn | grep -vF -- "$(ep "$VIP" '')"
	if by_listener; then
		# shellcheck disable=SC2016
		in_ns lb sh -c 'nft list tables | while read -r _ family name; do
			[ "$name" = ezlb ] || nft -s list table "$family" "$name"
		done'
	else
		in_ns lb "ip${FAMILY/4/}tables-legacy-save" -t nat | grep -v -e '^#' -e EZLB | sed 's/ \[.*//'
	fi
}
ours() {
	in_ns lb ipvsadm -Sn | grep -F -- "$(ep "$VIP" '')" || :
	snat_all
}
if by_listener; then nft_rules; else legacy_rules; fi
before=$(foreign)
[[ $(wc -l <<<"$before") -ge 18 ]] || fail "the foreign objects are not there: $before"

# web BACKEND...
web() {
	service web <<-END
		listen: "$WEB"
		full_nat: true
		snat_ip: "$SNAT_IP"
		health_check: {interval: 1s}
		backends:
		$(printf "  - address: '%s'\n" "$@")
	END
}
web "$B1"
ezlb_start --empty-hold-down 0s
eventually 20 "web answers" client_get "$WEB" # the kernel loads its modules
assert_eq "foreign objects while ezlb runs" "$before" "$(foreign)"
assert_eq "snat_ip wins over others' rules" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB")"

web "$B1" "$B2"
b2_in() { [[ $(kernel_rows) == *"tcp $WEB $B2 1"* ]] && snat_is "$(snat_want tcp "$WEB" "$SNAT_IP" "$B1" "$B2")"; }
eventually 5 "b2 is in" b2_in
rm "$SERVICES/web.yaml"
gone() { [[ -z $(ours) ]]; }
eventually 5 "web is gone" gone
assert_eq "foreign objects after edits" "$before" "$(foreign)"

echo "# cleanup on exit, and cleanup after a kill"
web "$B1"
eventually 5 "web answers" client_get "$WEB"
ezlb_stop
assert_eq "foreign objects after SIGTERM" "$before" "$(foreign)"
assert_eq "nothing of ezlb's is left" "" "$(ours)"
ezlb_start
eventually 5 "web answers" client_get "$WEB"
ezlb_stop KILL
ezlb_cmd cleanup
assert_eq "foreign objects after cleanup" "$before" "$(foreign)"
assert_eq "nothing of ezlb's is left" "" "$(ours)"
