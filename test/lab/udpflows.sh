#!/usr/bin/env bash
# variants: nftables4
# also: iptables4 iptables6 nftables6
# timeout: 120
# UDP clients that keep their source port: the flow of each is FullNATed although it began before the
# service, while ezlb was stopped, or before full_nat; and it leaves a backend that dies or gets weight 0. The
# same for a range of ports.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
for b in b1 b2; do backend_start "$b"; done
DNS=$(ep "$VIP" 53)
LISTEN=$DNS

# dns BACKEND:WEIGHT...
FULL_NAT="full_nat: true
snat_ip: \"$SNAT_IP\""
CHECK="health_check: {enabled: false}"
dns() {
	local b
	service dns <<-END
		listen: "$LISTEN"
		protocol: udp
		scheduler: rr
		$FULL_NAT
		$CHECK
		backends:
		$(for b in "$@"; do echo "  - {address: \"$(ep "${BACKEND_IP[${b%:*}]}" 53)\", weight: ${b#*:}}"; done)
	END
}

# Each call is the next datagram of one flow; b1 and b2 cannot answer without FullNAT.
flow() { "$LABTOOL" udp client "${2:-1}" "$VIP" 53 "$1"; }
flow_is() { [[ $(flow "$1" 2>&1) == "$2" ]]; }
# Kept busy, so that the entry in conntrack does not end by itself.
busy() { fails flow "$1" 0.2 2>/dev/null || fail "$1 is answered, and should not be"; }
# entries PORT: what conntrack knows of the flow, as in /proc/net/nf_conntrack.
entries() { in_ns lb grep -c "^ipv.*udp .* sport=$1 dport=53 " /proc/net/nf_conntrack || :; }
# in_force BACKENDS: the service is in the kernel with so many.
in_force() { [[ $(in_ns lb ipvsadm -Sn 2>/dev/null | grep -c -- "^-a -u ") -eq $1 ]]; }
ended() { grep -c 'msg="deleted stale UDP conntrack entries"' "$EZLB_LOG" || :; }

echo "# it began before the service: conntrack has it as a flow to the host itself"
# Somebody else's rule makes conntrack track, as Docker's and Kubernetes' rules do.
modprobe -a ip_vs nf_conntrack nf_conntrack_netlink
in_ns lb nft -f - <<-END
	table inet other {
		chain track { type filter hook prerouting priority 0; ct state new counter; }
	}
END
busy 40001
assert_eq "entries before the service" 1 "$(entries 40001)"
dns b1:1
ezlb_start --log-level debug
eventually 20 "the service is in force" in_force 1
within 2000 "the flow from before the service" flow_is 40001 "backend=b1 peer=$SNAT_IP"

echo "# a quiet time without a reason: nothing is looked for, and nothing deleted"
[[ $(ended) -le 1 ]] || fail "ended more than once: $(ended)"

echo "# while ezlb is stopped, with the flags that it has by default"
ezlb_stop TERM
busy 40001
busy 40002
assert_eq "entries while it is stopped" "1 1" "$(entries 40001) $(entries 40002)"
ezlb_start --log-level debug
eventually 20 "the service is in force again" in_force 1
within 2000 "the flow from before the stop" flow_is 40001 "backend=b1 peer=$SNAT_IP"
within 2000 "the flow from meanwhile" flow_is 40002 "backend=b1 peer=$SNAT_IP"

echo "# full_nat for a service in force, on a host where IPVS had no conntrack"
ezlb_stop TERM
lb_sysctl net.ipv4.vs.conntrack 0
FULL_NAT="full_nat: false"
dns b1:1
ezlb_start --log-level debug
eventually 20 "the service is in force" in_force 1
busy 40003
FULL_NAT="full_nat: true
snat_ip: \"$SNAT_IP\""
dns b1:1
masked() { [[ $(lb_sysctl net.ipv4.vs.conntrack) == 1 && $(snat_rows | wc -l) -gt 0 ]]; }
eventually 10 "source NAT is in force" masked
within 2000 "the flow from before full_nat" flow_is 40003 "backend=b1 peer=$SNAT_IP"

echo "# the same where IPVS had conntrack"
FULL_NAT="full_nat: false"
dns b1:1
unmasked() { [[ $(snat_rows | wc -l) -eq 0 ]]; }
eventually 10 "no source NAT" unmasked
busy 40004
FULL_NAT="full_nat: true
snat_ip: \"$SNAT_IP\""
dns b1:1
eventually 10 "source NAT is in force" masked
within 2000 "the flow from before full_nat" flow_is 40004 "backend=b1 peer=$SNAT_IP"

echo "# weight 0: the flow goes to another backend, from the same port"
dns b1:0 b2:1
within 3000 "the flow of a backend of weight 0" flow_is 40004 "backend=b2 peer=$SNAT_IP"
dns b1:1 b2:0
within 3000 "and back" flow_is 40004 "backend=b1 peer=$SNAT_IP"

if by_listener; then
	echo "# a range of ports: the flow from before full_nat, and weight 0"
	SAVED=$FULL_NAT
	LISTEN=$(ep "$VIP" 50)-60
	FULL_NAT="full_nat: false"
	dns b1:1 b2:0
	range_in_force() { [[ $(in_ns lb ipvsadm -Sn | grep -c -- "^-a -f ") -eq 1 ]] && unmasked; }
	eventually 10 "the range is in force, without b2" range_in_force
	busy 40006
	FULL_NAT=$SAVED
	dns b1:1 b2:0
	within 3000 "the flow from before full_nat" flow_is 40006 "backend=b1 peer=$SNAT_IP"
	dns b1:0 b2:1
	within 3000 "the flow of a backend of weight 0" flow_is 40006 "backend=b2 peer=$SNAT_IP"
	LISTEN=$DNS
fi

echo "# its backend dies: the flow reaches another one within an interval after the verdict"
CHECK="health_check: {type: tcp, interval: 1s, timeout: 1s, fail_count: 1, rise_count: 1}"
for b in b1 b2; do backend_start "$b" 53; done
dns b1:1 b2:1
eventually 10 "both are in" in_force 2
eventually 5 "the flow" flow 40005
WAS=$(flow 40005)
WAS=${WAS#backend=}
WAS=${WAS%% *}
OTHER=b1
[[ $WAS != b1 ]] || OTHER=b2
backend_stop "$WAS"
within 5000 "the flow of a dead backend" flow_is 40005 "backend=$OTHER peer=$SNAT_IP"
eventually 5 "the dead one has gone" in_force 1
ezlb_stop TERM
