#!/usr/bin/env bash
# when: all
# variants: nftables4 iptables6
# timeout: 300
# deploy/frr beside deploy/bird: of two balancers one announces its addresses with FRR, the other one with BIRD. Both
# share the connections, and the one with FRR drains, comes back, and withdraws a service that it cannot serve.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/balancers.bash
. "$(dirname "$0")/balancers.bash"
# shellcheck source=test/lab/bgp.bash
. "$(dirname "$0")/bgp.bash"

echo "# the shipped file as it stands, with the addresses of the example"
vtysh -C -f "$LAB_REPO/deploy/frr/frr.conf" || fail "vtysh says no"

balancers_up 2
for b in b1 b3; do backend_start "$b" 80; done
services web <<END
listen: "$(ep "$VIP" 80)"
full_nat: true
snat_ip: "SNAT_IP"
health_check: {interval: 1s}
backends: [{address: "$(ep "${BACKEND_IP[b1]}" 80)"}]
END
lone_service
bird_router
frr_balancer lb1
bird_balancer lb2
each ezlb_start --vip-device ezlb0 --vip-hold 1s

echo "# both announce both addresses"
eventually 90 "the router has two next hops" next_hops_are "$VIP" "lb1 lb2"
eventually 30 "the router has two next hops" next_hops_are "$VIP2" "lb1 lb2"
protocol=lb1
[[ $FAMILY == 4 ]] || protocol=lb1_6
assert_eq "what lb1 announces" "$VIP/$BITS"$'\n'"$VIP2/$BITS" \
	"$(birdc_of router show route protocol $protocol | grep -oE '^[0-9a-f.:]+/[0-9]+' | sort)"
shared() {
	requests 10 "$VIP" >"$WORK/shared"
	[[ $(answered_by "$WORK/shared" lb1) -gt 0 && $(answered_by "$WORK/shared" lb2) -gt 0 ]]
}
eventually 60 "both have answered" shared

echo "# it drains: all that begins goes to the other one, and its route is the last choice"
on lb1 ezlb_cmd drain
eventually 30 "the router has one next hop" next_hops_are "$VIP" lb2
requests 100 "$VIP" >"$WORK/drained"
all_answered "$WORK/drained" 100
assert_eq "through lb2" 100 "$(answered_by "$WORK/drained" lb2)"
assert_match "the router's routes" '\(65535,0\)' "$(birdc_of router show route all for "$VIP")"

echo "# the other one drains, too: better a drained balancer than none"
on lb2 ezlb_cmd drain
drained_both() { [[ $(birdc_of router show route all for "$VIP" | grep -c '(65535,0)') == 2 ]]; }
eventually 30 "both are the last choice" drained_both
requests 20 "$VIP" >"$WORK/both"
all_answered "$WORK/both" 20

echo "# undrained: it comes back"
each ezlb_cmd undrain
undrained() { next_hops_are "$VIP" "lb1 lb2" && [[ $(birdc_of router show route all) != *'(65535,0)'* ]]; }
eventually 30 "the router has two next hops" undrained
eventually 60 "both have answered" shared

echo "# backends that it cannot reach: it withdraws the service"
ip -n lb1 route add blackhole "${BACKEND_IP[b3]}/$BITS"
eventually 30 "the router has one next hop" next_hops_are "$VIP2" lb2
ip -n lb1 route del blackhole "${BACKEND_IP[b3]}/$BITS"
eventually 30 "it announces the address again" next_hops_are "$VIP2" "lb1 lb2"
each ezlb_stop
