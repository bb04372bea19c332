#!/usr/bin/env bash
# takes: 53
# timeout: 240
# Somebody else changes or deletes what is ezlb's: found, told and repaired within 2 s, whatever it
# was. Without changes ezlb writes nothing. A fight is logged, and repaired less often.
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
state() {
	in_ns lb ipvsadm -Sn # rules only: the counters of -L change with the traffic
	nat_rules
	lb_sysctl net.ipv4.vs.conntrack
	lb_sysctl net.ipv4.ip_forward
}
# A new daemon, which knows of no repair before.
fresh() {
	[[ -z $EZLB_PID ]] || ezlb_stop TERM
	: >"$EZLB_LOG"
	ezlb_start --cleanup-on-exit=false
	# Web answers by what the last daemon left; what is changed before the first look is not drift.
	eventually 20 "it has looked at the kernel" is_ready
	eventually 5 "web answers" client_get "$VIP:80"
	nap 0.5
}
fresh
before=$(state)
as_before() { [[ $(state) == "$before" ]]; }
# The last that a pass puts back of web, and quick to look at.
dest_in() { [[ $(kernel_rows) == *"tcp $VIP:80 ${BACKEND_IP[b1]}:80 1"* ]]; }

# tampered WHAT IN-THE-LOG COMMAND...: each second one with a new daemon, for the third time within a
# minute would be a fight.
TAMPERED=0
tampered() {
	local what=$1 words=$2
	shift 2
	echo "# $what"
	if [[ $((TAMPERED++ % 2)) -eq 0 ]]; then
		fresh
	else
		nap 0.5 # as in fresh: the look at what the last repair left comes first
		: >"$EZLB_LOG"
	fi
	kill -STOP "$EZLB_PID"
	in_ns lb "$@"
	fails as_before || fail "$what changed nothing: the test proves nothing"
	kill -CONT "$EZLB_PID"
	# By the log, which tells of a repair that is done: to look at all of the state takes a second itself.
	within 2000 "repair of: $what" is_repaired
	as_before || fail "$what: repaired by the log, and is not as before: $(state)"
	assert_eq "it answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:80")"
	grep -qE "level=warn .*msg=\"another program changed what ezlb owns\" change=\"?$words" "$EZLB_LOG" ||
		fail "the log does not say what was changed: $(cat "$EZLB_LOG")"
	assert_eq "repairs in the log" 1 "$(repairs)"
}
repairs() { grep -c 'level=warn .*msg=repaired ' "$EZLB_LOG"; }
is_repaired() { [[ $(repairs) -ge 1 ]]; }
nat=(iptables-legacy -w 5 -t nat)
tampered "ipvsadm -C" "service-del tcp $VIP:80" ipvsadm -C
tampered "ipvsadm -D" "service-del tcp $VIP:80" ipvsadm -D -t "$VIP:80"
tampered "the backend deleted" "dest-del tcp $VIP:80 -> ${BACKEND_IP[b1]}:80" \
	ipvsadm -d -t "$VIP:80" -r "${BACKEND_IP[b1]}:80"
tampered "another weight" "dest-set .* weight 9 \(was 1\)" \
	ipvsadm -e -t "$VIP:80" -r "${BACKEND_IP[b1]}:80" -m -w 9
tampered "another forwarding method" "dest-set .* direct" \
	ipvsadm -e -t "$VIP:80" -r "${BACKEND_IP[b1]}:80" -g -w 1
tampered "another scheduler" "service-set .* rr \(was wrr\)" ipvsadm -E -t "$VIP:80" -s rr
tampered "persistence" "service-set " ipvsadm -E -t "$VIP:80" -s wrr -p 300
tampered "a stranger's backend" "dest-add " ipvsadm -a -t "$VIP:80" -r "${BACKEND_IP[b2]}:80" -m
tampered "iptables -F EZLB-SNAT" "snat-del " "${nat[@]}" -F EZLB-SNAT
tampered "a rule of ours replaced by another" "snat-set .* 10.0.0.9" "${nat[@]}" -R EZLB-SNAT 1 \
	-d "${BACKEND_IP[b1]}" -p tcp -m tcp --dport 80 -j SNAT --to-source 10.0.0.9 --random-fully
tampered "the jump deleted" "snat-teardown" "${nat[@]}" -D POSTROUTING -j EZLB-SNAT
tampered "a second jump" "snat-teardown" "${nat[@]}" -A POSTROUTING -j EZLB-SNAT
tampered "a stranger's rule in our chain" "snat-teardown" "${nat[@]}" -I EZLB-SNAT -p tcp -j ACCEPT
tampered "the chain deleted" "snat-teardown" sh -c \
	'iptables-legacy -t nat -D POSTROUTING -j EZLB-SNAT; iptables-legacy -t nat -F EZLB-SNAT
	iptables-legacy -t nat -X EZLB-SNAT'
tampered "the whole nat table flushed" "snat-teardown" sh -c 'iptables-legacy -t nat -F; iptables-legacy -t nat -X'
tampered "vs.conntrack set to 0" "host-set net.ipv4.vs.conntrack = 0" sh -c 'echo 0 >/proc/sys/net/ipv4/vs/conntrack'
tampered "ip_forward set to 0" "host-set net.ipv4.ip_forward = 0" sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'

if [[ ${LAB_PLACE:-} == guest ]]; then
	echo "# modprobe -r ip_vs and back"
	fresh
	kill -STOP "$EZLB_PID"
	in_ns lb ipvsadm -C
	ipvs_unload
	kill -CONT "$EZLB_PID"
	eventually 5 "the log says what to do" grep -q 'layer=ipvs err=.*modprobe ip_vs' "$EZLB_LOG"
	nap 5 # long enough for the pauses between its tries to have grown
	modprobe ip_vs
	within 2000 "repair of: modprobe -r ip_vs and back" dest_in
	as_before || fail "not as before: $(state)"
	assert_eq "it answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:80")"
fi

QUIET=12
! thorough || QUIET=30
echo "# nobody touches anything: no write in $QUIET s, and no word"
fresh
# The last line of a start comes with its first looks.
told() { awk '/msg=started/ { n = 0 } /msg="how changes of IPVS/ { n = 1 } END { exit !n }' "$EZLB_LOG"; }
eventually 10 "it says how it finds changes" told
lines=$(wc -l <"$EZLB_LOG")
timeout $QUIET strace -f -qq -o "$WORK/trace" -p "$EZLB_PID" \
	-e trace=sendmsg,sendto,setsockopt,write,writev,pwrite64,rename,unlink,mkdir,openat,ftruncate || :
# A look at the kernel is no write: dumps, the generation of nf_tables (0xa10), and files that are opened
# to read. Nor is a command of IPVS with a wrong length, which proves that changes are counted, nor the
# loop's own wake, nor what a probe or a reader sets on its own socket. 0x300 is
# NLM_F_DUMP where strace does not know the type of the message, and commands 4 and 15 of IPVS (GET_SERVICE,
# GET_INFO) read.
assert_eq "writes" "" "$(grep -vE 'NLM_F_DUMP|\|0x300,|"\\x0[4f]\\x01|resumed>|SO_LINGER|IP_BIND_ADDRESS|SOL_NETLINK|nlmsg_type=0xa10|O_RDONLY|"\*"|"\\1\\0|SO_RCV|SO_SND|TCP_|IP_VS_SO_SET_NONE.*EINVAL' "$WORK/trace" || :)"
[[ $(grep -c 'IP_VS_SO_SET_NONE' "$WORK/trace") -ge $((QUIET * 2 / 3)) ]] || fail "it has not looked: $(head "$WORK/trace")"
[[ $(grep -c NLM_F_DUMP "$WORK/trace") -le 4 ]] || fail "dumps although nothing changed: $(head "$WORK/trace")"
assert_eq "the log" "" "$(tail -n +$((lines + 1)) "$EZLB_LOG")"

echo "# a fight: the third time within a minute it is an error that names the likely culprit"
fresh
ip -n lb link add kube-ipvs0 type dummy
for i in 1 2 3; do
	in_ns lb ipvsadm -D -t "$VIP:80"
	within 2000 "repair $i" dest_in
	as_before || fail "not as before: $(state)"
	# The next one is to be another change, and not the same look's.
	nap 0.3
done
grep -qE "level=error .*keeps undoing ezlb's changes.* change=\"service-del tcp $VIP:80.*kube-proxy.*$VIP/32.*excludeCIDRs" "$EZLB_LOG" ||
	fail "the log does not name kube-proxy: $(cat "$EZLB_LOG")"
in_ns lb ipvsadm -D -t "$VIP:80"
never 2 "a repair in a fight is at once" dest_in
within 6000 "the repair in a fight" dest_in
as_before || fail "not as before: $(state)"
assert_eq "how often the fight was told" 1 "$(grep -c 'level=error' "$EZLB_LOG")"
ezlb_stop TERM
