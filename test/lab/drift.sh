#!/usr/bin/env bash
# Somebody else deletes what is ezlb's: it is back within 5 s.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
service web <<END
listen: $VIP:80
full_nat: true
snat_ip: $SNAT_IP
health_check: {interval: 1s}
backends:
  - address: ${BACKEND_IP[b1]}:80
END
ezlb_start
eventually 5 "web answers" client_get "$VIP:80"
state() {
	in_ns lb ipvsadm -Sn # rules only: the counters of -L change with the traffic
	nat_rules
}
before=$(state)
as_before() { [[ $(state) == "$before" ]]; }

# tampered WHAT COMMAND...
tampered() {
	local what=$1
	shift
	echo "# $what"
	kill -STOP "$EZLB_PID"
	in_ns lb "$@"
	fails as_before || fail "$what changed nothing: the test proves nothing"
	kill -CONT "$EZLB_PID"
	within 5000 "repair of: $what" as_before
	assert_eq "it answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:80")"
}
nat=(iptables-legacy -w 5 -t nat)
tampered "ipvsadm -C" ipvsadm -C
tampered "the backend deleted" ipvsadm -d -t "$VIP:80" -r "${BACKEND_IP[b1]}:80"
tampered "another weight" ipvsadm -e -t "$VIP:80" -r "${BACKEND_IP[b1]}:80" -m -w 9
tampered "another scheduler" ipvsadm -E -t "$VIP:80" -s rr
tampered "persistence" ipvsadm -E -t "$VIP:80" -s wrr -p 300
tampered "a stranger's backend" ipvsadm -a -t "$VIP:80" -r "${BACKEND_IP[b2]}:80" -m
tampered "iptables -F EZLB-SNAT" "${nat[@]}" -F EZLB-SNAT
tampered "the jump deleted" "${nat[@]}" -D POSTROUTING -j EZLB-SNAT
tampered "a second jump" "${nat[@]}" -A POSTROUTING -j EZLB-SNAT
tampered "a stranger's rule in our chain" "${nat[@]}" -I EZLB-SNAT -p tcp -j ACCEPT
tampered "the chain deleted" sh -c \
	'iptables-legacy -t nat -D POSTROUTING -j EZLB-SNAT; iptables-legacy -t nat -F EZLB-SNAT
	iptables-legacy -t nat -X EZLB-SNAT'
tampered "the whole nat table flushed" sh -c 'iptables-legacy -t nat -F; iptables-legacy -t nat -X'

echo "# the settings"
kill -STOP "$EZLB_PID"
lb_sysctl net.ipv4.vs.conntrack 0
lb_sysctl net.ipv4.ip_forward 0
kill -CONT "$EZLB_PID"
set_again() { [[ $(lb_sysctl net.ipv4.vs.conntrack)$(lb_sysctl net.ipv4.ip_forward) == 11 ]]; }
within 5000 "settings" set_again
grep -q 'level=warn pkg=controller msg="somebody else changed the kernel: repaired"' "$EZLB_LOG" ||
	fail "the log does not tell of repairs"
ezlb_stop
