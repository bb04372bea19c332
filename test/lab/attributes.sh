#!/usr/bin/env bash
# timeout: 240
# variants: nftables4
# also: nftables6
# Every attribute of IPVS that a file sets is what ipvsadm shows, is changed in place, is repaired when
# another program changes it, and leaves nothing to do. What the kernel lacks stops one service and no other.
# And what the attributes and the timeouts do to connections.
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
# entries_of LISTENER: how many connections of it IPVS remembers.
entries_of() {
	in_ns lb ipvsadm -Lnc | awk -v ep="$1" '$5 == ep { n++ } END { print n + 0 }'
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

echo "# the daemon repairs them, too"
rm "$SERVICES"/*
file sticky 83 "persistence: 5m" "$(on 83)"
file flags 81 "scheduler: sh" "scheduler_flags: [sh-port]" "$(on 81)"
file limits 87 "backends: [{address: '${b}87', upper_threshold: 100, lower_threshold: 80}]"
daemons=("${first[@]:6:2}" "-A -t ${v}81 -s sh -b sh-port" "${first[3]}" "${first[@]:14:2}")
kernel_is() { (want "$@") && [[ $(thresholds 87) == "100 80" ]]; }
repairs() { grep -c 'level=warn .*msg=repaired ' "$EZLB_LOG"; }
repairs_are() { [[ $(repairs) -eq $1 ]]; }
ezlb_start
eventually 20 "the services" kernel_is "${daemons[@]}"
eventually 10 "it has looked at the kernel" is_ready
nap 0.5 # what is changed before the first look is not drift
# The quick look sees the persistence; the comparison that follows finds the rest.
in_ns lb ipvsadm -R <<-END
	-E -t ${v}81 -s sh
	-e -t ${v}87 -r ${b}87 -m -w 1 -x 5 -y 2
	-E -t ${v}83 -s wrr -p 10
END
within 2000 "the repair of the persistence" repairs_are 1
kernel_is "${daemons[@]}" || fail "repaired by the log, and is not as before"
if thorough; then
	in_ns lb ipvsadm -R <<-END
		-E -t ${v}81 -s sh
		-e -t ${v}87 -r ${b}87 -m -w 1 -x 5 -y 2
	END
	within 62000 "the repair of what the quick look does not see" repairs_are 2
	kernel_is "${daemons[@]}" || fail "repaired by the log, and is not as before"
fi

echo "# connections: one-packet scheduling, thresholds, a persistent client of a backend of weight 0"
for name in b1 b2; do backend_start "$name" 80 53/udp; done
b2=$(ep "${BACKEND_IP[b2]}" '')
nat=("full_nat: true" "snat_ip: '$SNAT_IP'")
# persistent WEIGHT-OF-B1 WEIGHT-OF-B2
persistent() {
	file sticky 83 "${nat[@]}" "persistence: 5m" "scheduler: rr" \
		"backends: [{address: '${b}80', weight: $1}, {address: '${b2}80', weight: $2}]"
}
answers() { [[ $(client_get "$(ep "$VIP" "$1")") == "$2 peer=$SNAT_IP" ]]; }
file ops 86 "${nat[@]}" "protocol: udp" "one_packet: true" "$(on 53)"
file limits 87 "${nat[@]}" "backends: [{address: '${b}80', upper_threshold: 2}]"
persistent 0 1
eventually 10 "only b2 has a weight" answers 83 backend=b2
persistent 1 1
has_weight() { [[ $(in_ns lb ipvsadm -Sn) == *"-a -t ${v}83 -r ${b}80 -m -w $1"* ]]; }
eventually 5 "b1 has one, too" has_weight 1
for _ in 1 2 3; do answers 83 backend=b2 || fail "the client does not stick to b2"; done
persistent 1 0
eventually 5 "the client leaves b2" answers 83 backend=b1
answers 83 backend=b1 || fail "the client does not stick to b1"

[[ $(in_ns lb ipvsadm -Ln) == *"UDP  ${v}86 wrr ops"* ]] || fail "no ops: $(in_ns lb ipvsadm -Ln)"
fails "$LABTOOL" udp client 0.5 "$VIP" 86 || fail "an answer: docs/service-file.md says that with full_nat there is none"
assert_eq "connections that IPVS remembers of it" 0 "$(entries_of "${v}86")"

for _ in 1 2; do answers 87 backend=b1 || fail "no answer below the threshold"; done
fails answers 87 backend=b1 || fail "an answer above the threshold"
assert_eq "connections of upper_threshold: 2" 2 "$(entries_of "${v}87")"
# The kernel sums up its counters every two seconds.
datagrams_are() { [[ $(in_ns lb ipvsadm -Ln --stats) =~ "UDP  ${v}86 "\ *$1\  ]]; }
eventually 5 "the datagram is counted" datagrams_are 1
ezlb_stop

echo "# an idle connection is lost after the timeout, and not before"
rm "$SERVICES"/*
file web 80 "${nat[@]}" "$(on 80)"
file dns 53 "${nat[@]}" "protocol: udp" "$(on 53)"
# held NAME: a connection that sends its request when a line comes to NAME.go, and writes the answer to NAME.
# shellcheck disable=SC2016 # the other shell's
held() {
	mkfifo "$WORK/$1.go"
	in_ns client bash -c 'exec 3<>"/dev/tcp/$1/80" && echo open && read -r && printf "GET / HTTP/1.0\r\n\r\n" >&3 &&
		timeout 5 cat <&3' bash "$VIP" <>"$WORK/$1.go" >"$WORK/$1" 2>&1 &
	eventually 5 "connection $1 is open" test -s "$WORK/$1"
}
ezlb_cmd once >/dev/null
held default
ezlb_cmd once --ipvs-timeout-tcp 2s --ipvs-timeout-udp 1s >/dev/null
held short
client_udp "$VIP" 53 >/dev/null
entries_are() { [[ "$(entries_of "${v}80") $(entries_of "${v}53")" == "$1" ]]; }
entries_are "2 1" || fail "the entries: $(in_ns lb ipvsadm -Lnc)"
eventually 10 "both entries with a short timeout are gone" entries_are "1 0"
echo go >"$WORK/short.go"
echo go >"$WORK/default.go"
eventually 5 "a reset" grep -q 'reset by peer' "$WORK/short"
eventually 5 "an answer" grep -q "backend=b1 peer=$SNAT_IP" "$WORK/default"
