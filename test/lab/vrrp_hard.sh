#!/usr/bin/env bash
# when: all
# takes: 90
# timeout: 400
# variants: nftables4
# What else may happen to a pair with keepalived: ezlb hangs, both are drained, a link is lost, a whole balancer is lost,
# keepalived is stopped or killed. And addresses of the other family.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/balancers.bash
. "$(dirname "$0")/balancers.bash"
# shellcheck source=test/lab/vrrp.bash
. "$(dirname "$0")/vrrp.bash"

has_six() { [[ $(ip -n "$1" -6 -brief address show front) == *" fd00:10::1/128"* ]]; }

vrrp_up
backend_start b1 80 8080
vrrp_services
mkdir -p "$WORK"/lb{1,2}/keepalived
tee "$WORK"/lb{1,2}/keepalived/ezlb-more-addresses.conf >/dev/null <<<"fd00:10::1/128 dev front"
each ezlb_start --cleanup-on-exit=false
each eventually 20 "ezlb is ready" is_ready
pair_start
has_six lb2 || fail "lb2 has no IPv6 address"
eventually 60 "lb1 is well" is_well lb1
eventually 60 "lb2 is well" is_well lb2

echo "# ezlb hangs"
kill -STOP "${EZLB_PIDS[lb2]}"
eventually $((2 * HANG)) "lb1 takes over" only lb1
has_six lb1 || fail "lb1 has no IPv6 address"
fails has_six lb2 || fail "lb2 still has the IPv6 address"
serves lb1
kill -CONT "${EZLB_PIDS[lb2]}"
eventually 60 "lb2 is well" is_well lb2

echo "# both are drained: the addresses stay, and go to the first that is back"
# First the one without them: else the other one would take them before it is drained, too.
on lb2 ezlb_cmd drain >/dev/null
eventually 60 "lb2 is not well" fails is_well lb2
on lb1 ezlb_cmd drain >/dev/null
eventually 60 "lb1 is not well" fails is_well lb1
only lb1 || fail "the addresses have moved"
serves lb1
on lb2 ezlb_cmd undrain >/dev/null
eventually $((2 * TAKEOVER)) "lb2 takes over" only lb2
on lb1 ezlb_cmd undrain >/dev/null
eventually 60 "lb1 is well" is_well lb1

echo "# the link to the backends is lost"
ip -n router link set lb2-back down
eventually $((2 * LOSS)) "lb1 takes over" only lb1
serves lb1
ip -n router link set lb2-back up

echo "# the whole balancer is lost"
ip -n router -batch - <<<$'link set lb1-front down\nlink set lb1-back down'
eventually $((2 * LOSS)) "lb2 takes over" has_vip lb2
serves lb2
ip -n router -batch - <<<$'link set lb1-front up\nlink set lb1-back up'
eventually 60 "lb1 takes nothing back" only lb2

echo "# keepalived is stopped: the other one need not wait"
kill "${KEEPALIVED[lb2]}"
wait "${KEEPALIVED[lb2]}" || :
eventually $LOSS "lb1 takes over" only lb1
serves lb1
keepalived_start lb2
eventually 60 "lb2 is back" said lb2 2 "Entering BACKUP STATE"
only lb1 || fail "lb2 has taken the addresses"

echo "# both processes of keepalived are killed: its addresses stay in the kernel, until it is started again"
# Stopped first: the one starts the other again.
kill -STOP "${KEEPALIVED[lb1]}"
kill -KILL "$(pgrep -P "${KEEPALIVED[lb1]}")" "${KEEPALIVED[lb1]}"
eventually $((2 * LOSS)) "lb2 takes over" has_vip lb2
has_vip lb1 || fail "who has removed the addresses of lb1?"
eventually 20 "the neighbours know lb2" answers "backend=b1 peer=${BACK_IP[lb2]}" "$VIP:80"
keepalived_start lb1
eventually 60 "only lb2 has them" only lb2
serves lb2
