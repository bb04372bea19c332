#!/usr/bin/env bash
# variants: iptables4 nftables6
# also: nftables4 iptables6
# --vip-device: the listeners' addresses are kept on a dummy link, and only those that ezlb put there.
# shellcheck source=test/lab/lib.sh
LAB_LB_ADDRESSES=
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
BITS=32
[[ $VIP != *:* ]] || BITS=128
ip -n lb addr add "$SNAT_IP/$BITS" dev lo

# web NAME ADDRESS
web() {
	service "$1" <<-END
		listen: "$(ep "$2" 80)"
		full_nat: true
		snat_ip: "$SNAT_IP"
		health_check: {interval: 1s}
		backends:
		  - address: "$(ep "${BACKEND_IP[b1]}" 80)"
	END
}
on_link() { ip -n lb -o addr show dev vips 2>/dev/null | awk '{ print $4 }' | grep -v ^fe80 | sort || :; }
on_link_are() { [[ $(on_link) == "$(printf '%s\n' "$@" | sort)" ]]; }
has_link() { ip -n lb link show vips >/dev/null 2>&1; }

echo "# a file, and the address answers; two files on one address need it once"
web web "$VIP"
service more <<END
listen: "$(ep "$VIP" 81)"
backends: [{address: "$(ep "${BACKEND_IP[b1]}" 80)"}]
END
ezlb_start --vip-device vips --cleanup-on-exit=false
eventually 10 "web answers" client_get "$(ep "$VIP" 80)"
on_link_are "$VIP/$BITS" || fail "on the link: $(on_link)"
# Who has an address of IPv6 answers only where it is.
want=(0 0)
[[ $VIP == *:* ]] || want=(1 2)
assert_eq "arp_ignore" "${want[0]}" "$(lb_sysctl net.ipv4.conf.all.arp_ignore)"
assert_eq "arp_announce" "${want[1]}" "$(lb_sysctl net.ipv4.conf.all.arp_announce)"
grep -E '^(link|vip)' "$STATE/ledger"

echo "# somebody removes it: it comes back"
ip -n lb addr del "$VIP/$BITS" dev vips
within 2000 "the address is there again" on_link_are "$VIP/$BITS"
ip -n lb link del vips
within 2000 "the link and the address are there again" on_link_are "$VIP/$BITS"
eventually 3 "web answers" client_get "$(ep "$VIP" 80)"

echo "# an address that is local elsewhere is left where it is"
ip -n lb addr add "$VIP2/$BITS" dev lo
web second "$VIP2"
eventually 10 "second answers" client_get "$(ep "$VIP2" 80)"
on_link_are "$VIP/$BITS" || fail "on the link: $(on_link)"
rm "$SERVICES/second.yaml"
second_gone() { [[ $(kernel_rows) != *"$(ep "$VIP2" 80)"* ]]; }
eventually 5 "second is gone" second_gone
[[ $(ip -n lb -o addr show dev lo) == *" $VIP2/"* ]] || fail "it took away an address that it did not add"

echo "# an admin's address on our link stays; ours goes with its last service"
ip -n lb addr add "$VIP2/$BITS" dev vips
rm "$SERVICES/more.yaml"
more_gone() { [[ $(kernel_rows) != *"$(ep "$VIP" 81)"* ]]; }
eventually 5 "more is gone" more_gone
nap 1 # addresses go with services
on_link_are "$VIP/$BITS" "$VIP2/$BITS" || fail "on the link: $(on_link)"
rm "$SERVICES/web.yaml"
service third <<END
listen: "$(ep "${VIP%1}9" 80)"
backends: [{address: "$(ep "${BACKEND_IP[b1]}" 80)"}]
END
eventually 15 "the last service's address instead" on_link_are "${VIP%1}9/$BITS" "$VIP2/$BITS"

echo "# killed and started again with another link: the old one is empty of ours, the new one has it"
ezlb_stop KILL
ezlb_start --vip-device vips2 --cleanup-on-exit=false
on_new() { [[ $(ip -n lb -o addr show dev vips2 2>&1) == *"${VIP%1}9/"* && $(on_link) == "$VIP2/$BITS" ]]; }
eventually 5 "the address has moved" on_new

echo "# cleanup: what is ours goes, link and all; the sysctls are as they were"
ip -n lb addr del "$VIP2/$BITS" dev vips
ezlb_stop TERM
ezlb_cmd cleanup
! has_link || fail "the first link is still there: $(ip -n lb addr show dev vips)"
! ip -n lb link show vips2 >/dev/null 2>&1 || fail "the second link is still there"
assert_eq "arp_ignore" 0 "$(lb_sysctl net.ipv4.conf.all.arp_ignore)"
assert_eq "arp_announce" 0 "$(lb_sysctl net.ipv4.conf.all.arp_announce)"
assert_eq "the ledger's links" "" "$(grep -E '^(link|vip|setting)' "$STATE/ledger" || :)"

echo "# a link of that name that is no dummy link is refused, and all else goes on"
ip -n lb link add vips type bridge
rm "$SERVICES/third.yaml"
web web "${VIP%1}9"
: >"$EZLB_LOG"
ip -n lb addr add "${VIP%1}9/$BITS" dev lo
ezlb_start --vip-device vips
eventually 5 "web answers" client_get "$(ep "${VIP%1}9" 80)"
ip -n lb addr del "${VIP%1}9/$BITS" dev lo
eventually 5 "the log tells" grep -q 'not a dummy link' "$EZLB_LOG"
ezlb_stop TERM
