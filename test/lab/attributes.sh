#!/usr/bin/env bash
# variants: nftables4
# also: nftables6
# Every attribute of IPVS that a file sets is what ipvsadm shows, is changed in place, is repaired when
# another program changes it, and leaves nothing to do. What the kernel lacks stops one service and no other.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
# file NAME PORT LINE...: a service on this port, with these lines.
file() {
	{
		echo "listen: '$(ep "$VIP" "$2")'"
		printf '%s\n' "${@:3}"
		echo "health_check: {enabled: false}"
	} | service "$1"
}
# on PORT: a backend without anything special.
on() {
	echo "backends: [{address: '$(ep "${BACKEND_IP[b1]}" "$1")'}]"
}
v=$(ep "$VIP" '') b=$(ep "${BACKEND_IP[b1]}" '')
net=24 mask='-M 255.255.255.0' widelen=16 wide='-M 255.255.0.0'
[[ $FAMILY == 4 ]] || net=64 mask='-M 64' widelen=48 wide='-M 48'

# want LINE...: ipvsadm shows these services and dests, in any order.
want() {
	assert_eq "the kernel" "$(printf '%s\n' "$@" | sort)" "$(in_ns lb ipvsadm -Sn | sed 's/ *$//' | sort)"
}
# thresholds PORT: "100 80"
thresholds() {
	in_ns lb ipvsadm -Ln --thresholds | awk -v ep="$b$1" '$2 == ep { print $3, $4 }'
}
# settled: a second look finds nothing.
settled() {
	assert_eq "what is still to do" "$NO_CHANGES" "$(ezlb_cmd plan)"
}
# once N KIND...: one pass with so many operations of these kinds and no other.
once() {
	assert_eq "operations" "$*" "$(ezlb_cmd once -o json | op_lines | cut -d' ' -f1 | sort | uniq -c | xargs)"
}

echo "# from the file to the kernel"
file plain 80 "$(on 80)"
file flags 81 "scheduler: sh" "scheduler_flags: [sh-fallback, sh-port]" "$(on 81)"
file maglev 82 "scheduler: mh" "scheduler_flags: [mh-port]" "$(on 82)"
file sticky 83 "persistence: 5m" "$(on 83)"
file network 84 "persistence: {timeout: 60s, netmask: $net}" "$(on 84)"
file sip 85 "protocol: udp" "persistence: {timeout: 60s, engine: sip}" "$(on 85)"
file ops 86 "protocol: udp" "one_packet: true" "$(on 86)"
file limits 87 "backends: [{address: '${b}87', upper_threshold: 100, lower_threshold: 80}]"
file gue 88 "forward: tunnel" "tunnel: {type: gue, port: 6080, checksum: csum}" "$(on 88)"
file gre 89 "forward: tunnel" "tunnel: {type: gre}" "$(on 89)"
file ipip 90 "forward: tunnel" "$(on 90)"
first=(
	"-A -t ${v}80 -s wrr" "-a -t ${v}80 -r ${b}80 -m -w 1"
	"-A -t ${v}81 -s sh -b sh-fallback,sh-port" "-a -t ${v}81 -r ${b}81 -m -w 1"
	"-A -t ${v}82 -s mh -b mh-port" "-a -t ${v}82 -r ${b}82 -m -w 1"
	"-A -t ${v}83 -s wrr -p 300" "-a -t ${v}83 -r ${b}83 -m -w 1"
	"-A -t ${v}84 -s wrr -p 60 $mask" "-a -t ${v}84 -r ${b}84 -m -w 1"
	"-A -u ${v}85 -s wrr -p 60 --pe sip" "-a -u ${v}85 -r ${b}85 -m -w 1"
	"-A -u ${v}86 -s wrr -o" "-a -u ${v}86 -r ${b}86 -m -w 1"
	"-A -t ${v}87 -s wrr" "-a -t ${v}87 -r ${b}87 -m -w 1"
	"-A -t ${v}88 -s wrr" "-a -t ${v}88 -r ${b}88 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum"
	"-A -t ${v}89 -s wrr" "-a -t ${v}89 -r ${b}89 -i -w 1 --tun-type gre --tun-nocsum"
	"-A -t ${v}90 -s wrr" "-a -t ${v}90 -r ${b}90 -i -w 1 --tun-type ipip"
)
ezlb_cmd once >/dev/null
want "${first[@]}"
assert_eq "the thresholds" "100 80" "$(thresholds 87)"
assert_eq "a client does not stick to a backend of weight 0" 1 "$(lb_sysctl net.ipv4.vs.expire_quiescent_template)"
settled

echo "# what another program changes is repaired in place"
in_ns lb ipvsadm -R <<-END
	-E -t ${v}80 -s wrr -p 100
	-E -t ${v}81 -s sh
	-E -t ${v}82 -s mh -b mh-fallback
	-E -t ${v}83 -s wrr -p 10
	-E -t ${v}84 -s wrr -p 60 $wide
	-E -u ${v}85 -s wrr -p 60
	-E -u ${v}86 -s wrr
	-e -t ${v}87 -r ${b}87 -m -w 1 -x 5 -y 2
	-e -t ${v}88 -r ${b}88 -i -w 1 --tun-type gue --tun-port 7000 --tun-nocsum
	-e -t ${v}89 -r ${b}89 -i -w 1 --tun-type ipip
	-e -t ${v}90 -r ${b}90 -i -w 1 --tun-type gre --tun-csum
END
ezlb_cmd plan >"$WORK/plan" && fail "the plan is empty"
for words in "persistence 100s -> none" "scheduler_flags none -> sh-fallback,sh-port" "netmask /$widelen -> /$net" \
	"engine none -> sip" "one_packet false -> true" "upper_threshold 5 -> 100" \
	"tunnel gue port 7000 -> tunnel gue port 6080 csum" "tunnel -> tunnel gre" "tunnel gre csum -> tunnel"; do
	grep -qF -- "$words" "$WORK/plan" || fail "the plan does not say '$words': $(<"$WORK/plan")"
done
once 4 dest-set 7 service-set
want "${first[@]}"
assert_eq "the thresholds" "100 80" "$(thresholds 87)"
settled

echo "# a file that changes an attribute changes it in place, also to nothing"
file flags 81 "scheduler: mh" "scheduler_flags: [mh-fallback]" "$(on 81)"
file sticky 83 "$(on 83)"
file network 84 "persistence: 60s" "$(on 84)"
file sip 85 "protocol: udp" "persistence: 60s" "$(on 85)"
file limits 87 "$(on 87)"
file gue 88 "forward: tunnel" "tunnel: {type: gue, port: 6081, checksum: remcsum}" "$(on 88)"
file gre 89 "$(on 89)"
once 3 dest-set 4 service-set
second=("${first[@]}")
second[2]="-A -t ${v}81 -s mh -b mh-fallback"
second[6]="-A -t ${v}83 -s wrr"
second[8]="-A -t ${v}84 -s wrr -p 60"
second[10]="-A -u ${v}85 -s wrr -p 60"
second[17]="-a -t ${v}88 -r ${b}88 -i -w 1 --tun-type gue --tun-port 6081 --tun-remcsum"
second[19]="-a -t ${v}89 -r ${b}89 -m -w 1"
want "${second[@]}"
assert_eq "the thresholds" "0 0" "$(thresholds 87)"
settled

echo "# what this kernel lacks stops one service, and says what"
file plain 80 "scheduler: twos" "$(on 80)"
file sticky 83 "scheduler: rr" "$(on 83)"
! ezlb_cmd once >"$WORK/out" || fail "once succeeds without a scheduler: $(<"$WORK/out")"
grep -qF "this kernel has no scheduler 'twos' (modprobe ip_vs_twos)" "$WORK/out" || fail "once says: $(<"$WORK/out")"
second[6]="-A -t ${v}83 -s rr"
want "${second[@]}"
rm "$SERVICES/plain.yaml"
ezlb_cmd once >/dev/null

echo "# the timeouts of IPVS"
# timeouts WHAT WANT
timeouts() {
	assert_eq "$1" "Timeout (tcp tcpfin udp): $2" "$(in_ns lb ipvsadm -L --timeout)"
}
tcp=(--ipvs-timeout-tcp 2h --ipvs-timeout-udp=60s)
timeouts "nobody asked for others" "900 120 300"
assert_eq "operations" "timeout-set tcp 7200s (was 900s) timeout-set udp 60s (was 300s)" \
	"$(ezlb_cmd once "${tcp[@]}" -o json | op_lines | xargs)"
timeouts "set" "7200 120 60"
assert_eq "what is still to do" "$NO_CHANGES" "$(ezlb_cmd plan "${tcp[@]}")"
in_ns lb ipvsadm --set 0 100 50
ezlb_cmd once "${tcp[@]}" >/dev/null
timeouts "repaired, but not the one that no flag names" "7200 100 60"
in_ns lb ipvsadm --set 0 0 70
ezlb_cmd cleanup >/dev/null
timeouts "cleanup restores what nobody has changed since" "900 100 70"
assert_eq "the kernel after cleanup" "" "$(in_ns lb ipvsadm -Sn)"
