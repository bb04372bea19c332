#!/usr/bin/env bash
# variants: nftables4
# also: iptables6
# takes: 20
# timeout: 240
# Two balancers announce their addresses by BGP with deploy/bird/bird.conf: both share the connections, a balancer that
# drains is the last choice, and a service that one of them cannot serve is announced by the other alone.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/balancers.bash
. "$(dirname "$0")/balancers.bash"
# shellcheck source=test/lab/bgp.bash
. "$(dirname "$0")/bgp.bash"

balancers_up 2
for b in b1 b2 b3; do backend_start "$b" 80; done
services web <<END
listen: "$(ep "$VIP" 80)"
full_nat: true
snat_ip: "SNAT_IP"
health_check: {interval: 1s}
backends: [{address: "$(ep "${BACKEND_IP[b1]}" 80)"}, {address: "$(ep "${BACKEND_IP[b2]}" 80)"}]
END
lone_service
# Whether BFD is quick is asked in bgp_hard. Here a busy machine must not look like a balancer that is gone.
bird_router
for lb in "${BALANCERS[@]}"; do bird_balancer "$lb" 'bfd { min rx interval 1 s; min tx interval 1 s; multiplier 10; };'; done
each ezlb_start --vip-device ezlb0 --vip-hold 1s

echo "# both announce both addresses, and each gets connections"
eventually 60 "the router has two next hops" next_hops_are "$VIP" "lb1 lb2"
eventually 30 "the router has two next hops" next_hops_are "$VIP2" "lb1 lb2"
shared() {
	requests 10 "$VIP" >"$WORK/shared"
	[[ $(answered_by "$WORK/shared" lb1) -gt 0 && $(answered_by "$WORK/shared" lb2) -gt 0 ]]
}
eventually 30 "both have answered" shared
ip -n router "-$FAMILY" route

echo "# one drains: all that begins goes to the other one"
on lb1 ezlb_cmd drain
eventually 20 "the router has one next hop" next_hops_are "$VIP" lb2
requests 100 "$VIP" >"$WORK/drained"
all_answered "$WORK/drained" 100
assert_eq "through lb2" 100 "$(answered_by "$WORK/drained" lb2)"
# Its route is there still, as the last choice.
routes=$(birdc_of router show route all for "$VIP")
echo "$routes"
assert_match "the router's routes" '\(65535,0\)' "$routes"

echo "# the other one drains, too: better a drained balancer than none"
on lb2 ezlb_cmd drain
eventually 20 "the router has two next hops" next_hops_are "$VIP" "lb1 lb2"
requests 20 "$VIP" >"$WORK/both"
all_answered "$WORK/both" 20

echo "# undrained: it comes back"
each ezlb_cmd undrain
undrained() { next_hops_are "$VIP" "lb1 lb2" && [[ $(birdc_of router show route all) != *'(65535,0)'* ]]; }
eventually 20 "the router has two next hops" undrained
eventually 30 "both have answered" shared

echo "# backends that one cannot reach: it does not announce the service, the other does"
ip -n lb1 route add blackhole "${BACKEND_IP[b3]}/$BITS"
eventually 30 "the router has one next hop" next_hops_are "$VIP2" lb2
next_hops_are "$VIP" "lb1 lb2" || fail "the other service lost a route: $(ip -n router route)"
requests 20 "$VIP2" >"$WORK/lone"
all_answered "$WORK/lone" 20
ip -n lb1 route del blackhole "${BACKEND_IP[b3]}/$BITS"
eventually 30 "it announces the address again" next_hops_are "$VIP2" "lb1 lb2"
each ezlb_stop
