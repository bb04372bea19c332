#!/usr/bin/env bash
# Every kind of service reaches the kernel and reads back as it was asked for: a second look finds
# nothing to do.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
n=0
# kind KEY: VALUE...: one more IPv4 service, on a port of its own, with these lines.
kind() {
	n=$((n + 1))
	{
		echo "listen: $VIP:$((100 + n))"
		printf '%s\n' "$@"
		echo "health_check: {enabled: false}"
		echo "backends: [{address: '${BACKEND_IP[b1]}:$((100 + n))', weight: 7}]"
	} | service "s$n"
}
for protocol in tcp udp sctp; do
	for forward in masq direct tunnel; do
		kind "protocol: $protocol" "forward: $forward"
	done
	kind "protocol: $protocol" "full_nat: true" "snat_ip: $SNAT_IP"
done
for scheduler in rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh; do
	kind "scheduler: $scheduler"
done
for forward in masq direct tunnel; do
	n=$((n + 1))
	service "s$n" <<-END
		listen: "[fd00:10::1]:$((100 + n))"
		forward: $forward
		health_check: {enabled: false}
		backends: [{address: "[fd00:192::11]:$((100 + n))"}]
	END
done

ezlb_cmd once
assert_eq "services" $n "$(in_ns lb ipvsadm -Sn | grep -c '^-A')"
assert_eq "what is still to do" "" "$(ezlb_cmd plan)"
for rule in "-a -t $VIP:101 -r ${BACKEND_IP[b1]}:101 -m -w 7" "-a -t $VIP:102 -r ${BACKEND_IP[b1]}:102 -g -w 7" \
	"-a -u $VIP:107 -r ${BACKEND_IP[b1]}:107 -i -w 7" "-A --sctp-service $VIP:109 -s wrr" \
	"-a -t [fd00:10::1]:$((98 + n)) -r [fd00:192::11]:$((98 + n)) -m -w 1"; do
	in_ns lb ipvsadm -Sn | grep -qF -- "$rule" || fail "the kernel has no '$rule': $(in_ns lb ipvsadm -Sn)"
done
for protocol in tcp udp sctp; do
	nat_rules | grep -q -- "-p $protocol -m $protocol --dport 1[0-9]* -j SNAT --to-source $SNAT_IP" ||
		fail "no SNAT rule for $protocol: $(nat_rules)"
done
ezlb_cmd cleanup >/dev/null
assert_eq "the kernel after cleanup" "" "$(in_ns lb ipvsadm -Sn)$(nat_rules | grep EZLB || :)"
