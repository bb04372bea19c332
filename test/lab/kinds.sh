#!/usr/bin/env bash
# variants: iptables6
# also: iptables4 nftables4 nftables6
# Every kind of service reaches the kernel and reads back as it was asked for: a second look finds
# nothing to do.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
n=0
# kind KEY: VALUE...: one more service, on a port of its own, with these lines.
kind() {
	n=$((n + 1))
	{
		echo "listen: '$(ep "$VIP" $((100 + n)))'"
		printf '%s\n' "$@"
		echo "health_check: {enabled: false}"
		echo "backends: [{address: '$(ep "${BACKEND_IP[b1]}" $((100 + n)))', weight: 7}]"
	} | service "s$n"
}
rows=()
for protocol in tcp udp sctp; do
	for forward in masq direct tunnel; do
		kind "protocol: $protocol" "forward: $forward"
	done
	kind "protocol: $protocol" "full_nat: true" "snat_ip: '$SNAT_IP'"
	rows+=("$(snat_want $protocol "$(ep "$VIP" $((100 + n)))" "$SNAT_IP" "$(ep "${BACKEND_IP[b1]}" $((100 + n)))")")
done
for scheduler in rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh; do
	kind "scheduler: $scheduler"
done

ezlb_cmd once
assert_eq "services" $n "$(in_ns lb ipvsadm -Sn | grep -c '^-A')"
assert_eq "what is still to do" "$NO_CHANGES" "$(ezlb_cmd plan)"
v=$(ep "$VIP" '') b=$(ep "${BACKEND_IP[b1]}" '')
for rule in "-a -t ${v}101 -r ${b}101 -m -w 7" "-a -t ${v}102 -r ${b}102 -g -w 7" \
	"-a -u ${v}107 -r ${b}107 -i -w 7" "-A --sctp-service ${v}109 -s wrr"; do
	in_ns lb ipvsadm -Sn | grep -qF -- "$rule" || fail "the kernel has no '$rule': $(in_ns lb ipvsadm -Sn)"
done
snat_is "${rows[@]}" || fail "the SNAT rows are: $(snat_rows)"
ezlb_cmd cleanup >/dev/null
assert_eq "the kernel after cleanup" "" "$(in_ns lb ipvsadm -Sn)$(snat_all)"
