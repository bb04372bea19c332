#!/usr/bin/env bash
# takes: 30
# variants: nftables4
# also: iptables4
# Two balancers with keepalived, as deploy/keepalived has it: the other one takes over when ezlb of the master is killed
# or drained. One that is well again takes nothing back. Requests go on.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/balancers.bash
. "$(dirname "$0")/balancers.bash"
# shellcheck source=test/lab/vrrp.bash
. "$(dirname "$0")/vrrp.bash"

vrrp_up
backend_start b1 80 8080
vrrp_services
each ezlb_start --cleanup-on-exit=false
each eventually 20 "ezlb is ready" is_ready
pair_start
eventually 60 "ezlb of lb1 is well" said lb1 1 "VRRP_Script(ezlb) succeeded"
eventually 60 "ezlb of lb2 is well" said lb2 1 "VRRP_Script(ezlb) succeeded"
serves lb2
eventually 20 "the standby misses no address" condition_is lb1 moves "True NoObstacle"

echo "# killed: it forwards on, until the other one takes over"
clients_start
on lb2 ezlb_stop KILL
serves lb2
eventually $((3 * TAKEOVER)) "lb1 takes over" only lb1
serves lb1
on lb2 ezlb_start --cleanup-on-exit=false
eventually 60 "lb2 is well again" said lb2 2 "VRRP_Script(ezlb) succeeded"
only lb1 || fail "lb2 has taken the addresses back"

echo "# drained"
on lb1 ezlb_cmd drain
serves lb1
eventually $((3 * TAKEOVER)) "lb2 takes over" only lb2
serves lb2
on lb1 ezlb_cmd undrain
eventually 60 "lb1 is well again" said lb1 2 "VRRP_Script(ezlb) succeeded"
only lb2 || fail "lb1 has taken the addresses back"
clients_end 2
