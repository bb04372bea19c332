#!/usr/bin/env bash
# timeout: 900
# What `ezlb who` and `ezlb connections` cost with LAB_COUNT (200,000) entries in conntrack, and that the daemon
# does not notice. It measures, and fails of nothing.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

CTTOOL=$(dirname "$EZLB")/cttool
COUNT=${LAB_COUNT:-200000}
lab_up
modprobe -a ip_vs nf_conntrack nf_conntrack_netlink
nsenter --net=/dev/shm/first-netns sysctl -qw net.netfilter.nf_conntrack_max=$((COUNT * 2)) net.netfilter.nf_conntrack_buckets=65536
service web <<-END
	listen: "$VIP:80"
	full_nat: true
	snat_ip: "$SNAT_IP"
	health_check: {enabled: false}
	backends: [{address: "${BACKEND_IP[b1]}:80"}]
END
ezlb_start --log-level info
eventually 30 "ezlb is ready" is_ready
lb_sysctl net.netfilter.nf_conntrack_acct 1
lb_sysctl net.netfilter.nf_conntrack_timestamp 1
T0=${EPOCHREALTIME/./}
in_ns lb "$CTTOOL" fill "$COUNT" "$VIP" 80 "$SNAT_IP" "${BACKEND_IP[b1]}" 80
echo "$COUNT entries made in $(((${EPOCHREALTIME/./} - T0) / 1000)) ms; conntrack has $(lb_sysctl net.netfilter.nf_conntrack_count)"

# asked NAME SECONDS: asks the daemon all the time, and prints the longest answer.
asked() {
	local start took n=0 longest=0 end=$((${EPOCHREALTIME/./} + $2 * 1000000))
	while [[ ${EPOCHREALTIME/./} -lt $end ]]; do
		start=${EPOCHREALTIME/./}
		admin /livez >/dev/null || echo "no answer"
		took=$(((${EPOCHREALTIME/./} - start) / 1000))
		n=$((n + 1))
		[[ $took -le $longest ]] || longest=$took
	done
	echo "/livez, $1: $n answers, the longest after $longest ms"
}
# ticks: CPU time of the daemon so far, in ms.
ticks() { awk '{print ($14 + $15) * 10}' "/proc/$EZLB_PID/stat"; }

measure() {
	echo "ezlb $*: $(in_ns lb "$CTTOOL" measure "$EZLB" "$@" --config-dir "$SERVICES" --state-dir "$STATE")"
}
# calls ARGUMENTS: how long the kernel takes for one piece of what it returns, with the time in which others run.
calls() {
	in_ns lb strace -f -T -e trace=recvmsg,sendto -o "$WORK/calls" "$EZLB" "$@" --config-dir "$SERVICES" --state-dir "$STATE" >/dev/null 2>&1 || :
	awk -v "what=ezlb $*" '/<[0-9.]+>$/ { t = substr($NF, 2) + 0; n++; sum += t; if (t > max) max = t }
		END { printf "%s: %d calls of sendto and recvmsg, the longest %.1f ms, all %.0f ms\n", what, n, max * 1000, sum * 1000 }' "$WORK/calls"
}
# delay ARGUMENTS: for how long the CPU does nothing else because of it.
delay() {
	echo "ezlb $*: its CPU does nothing else for at most $(in_ns lb "$CTTOOL" delay "$EZLB" "$@" --config-dir "$SERVICES" --state-dir "$STATE")"
}
all() {
	delay version
	delay who "$SNAT_IP:10001"
	delay who "$SNAT_IP:1"
	delay connections
	delay connections "${BACKEND_IP[b1]}"
	delay connections 100.64.3.3
	calls who "$SNAT_IP:10001"
	calls who "$SNAT_IP:1"
	calls connections
	calls connections "${BACKEND_IP[b1]}"
	calls connections 100.64.3.3
	measure who "$SNAT_IP:10001"
	measure who "$SNAT_IP:1"
	measure who "$SNAT_IP:10001" "$SNAT_IP:10002" "$SNAT_IP:10003" "$SNAT_IP:1"
	for ((i = 10000; i < 11000; i++)); do echo "$SNAT_IP:$i"; done >"$WORK/thousand"
	echo "ezlb who - (1000): $(in_ns lb "$CTTOOL" measure "$EZLB" who - --config-dir "$SERVICES" --state-dir "$STATE" <"$WORK/thousand")"
	measure connections
	measure connections web --sort bytes
	measure connections 100.64.3.3
	measure connections "${BACKEND_IP[b1]}"
	measure connections --limit 1
	measure connections --limit "$COUNT"
	measure version
}
asked "idle" 10
# beside NAME COMMAND...: again and again, while the daemon is asked. Whatever needs the CPU makes answers later, so
# a loop of the shell is there to compare with.
beside() {
	rm -f "$WORK/enough"
	(while [[ ! -e $WORK/enough ]]; do "${@:2}" >/dev/null 2>&1 || :; done) &
	asked "beside $1" 20
	: >"$WORK/enough"
	wait $!
}
beside "a loop of the shell" :
beside "connections" in_ns lb "$EZLB" connections --config-dir "$SERVICES" --state-dir "$STATE"
beside "who" in_ns lb "$EZLB" who "$SNAT_IP:10001" --config-dir "$SERVICES" --state-dir "$STATE"
beside "who of an address that none has" in_ns lb "$EZLB" who "$SNAT_IP:1" --config-dir "$SERVICES" --state-dir "$STATE"
BEFORE=$(ticks)
nap 10
echo "the daemon's CPU time of 10 idle seconds: $(($(ticks) - BEFORE)) ms"
BEFORE=$(ticks)
T0=${EPOCHREALTIME/./}
all
echo "the daemon's CPU time of the $(((${EPOCHREALTIME/./} - T0) / 1000)) ms meanwhile: $(($(ticks) - BEFORE)) ms"
echo "# and its system calls meanwhile that touch netfilter's netlink"
timeout 8 strace -f -e trace=socket,connect,accept4,recvmsg -o "$WORK/strace" -p "$EZLB_PID" 2>/dev/null &
STRACE=$!
nap 2
: >"$WORK/strace"
measure connections --limit 1
measure who "$SNAT_IP:10001"
wait "$STRACE" || :
echo "of the daemon: $(grep -c 'accept4.* = [0-9]' "$WORK/strace" || :) connections accepted, $(grep -c NETLINK_NETFILTER "$WORK/strace" || :) sockets opened"
ezlb_stop TERM
