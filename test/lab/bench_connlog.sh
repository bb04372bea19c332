#!/usr/bin/env bash
# timeout: 900
# What the connection log costs: CPU time of new connections with and without it, and with a listener to
# conntrack's updates, which would tell the time of the last packet exactly; then entries that are removed all at
# once: CPU time of the kernel and of ezlb for each, and how many lines are lost.
#
#   cmake --build build --target bench_conn && scripts/lab --follow bench_connlog
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

CONN=$(dirname "$EZLB")/bench_conn
CONNTOOL=$(dirname "$EZLB")/conntool
CTTOOL=$(dirname "$EZLB")/cttool
CONNECTIONS=${LAB_CONNECTIONS:-2000}
ENTRIES=${LAB_ENTRIES:-40000}
ROUNDS=${LAB_ROUNDS:-3}
LISTENERS=${LAB_LISTENERS:-1000}
LOG=$WORK/connections.log
: >"$LOG"
lab_up
"$LABTOOL" in b1 "$CONN" serve 20000 &
eventually 10 "the backend listens" in_ns b1 "$CONN" connect 127.0.0.1 20000 1
in_ns lb modprobe -a ip_vs nf_conntrack nf_conntrack_netlink
# It can be written from the first network namespace only.
nsenter --net=/dev/shm/first-netns sysctl -qw net.netfilter.nf_conntrack_max=200000 ||
	ENTRIES=7000

# web CONNECTION-LOG
web() {
	service web <<-END
		listen: "$VIP:80"
		full_nat: true
		snat_ip: "$SNAT_IP"
		connection_log: $1
		health_check: {enabled: false}
		backends: [{address: "${BACKEND_IP[b1]}:20000"}]
	END
}
# others: so many listeners more, with the field; a file may have 64
others() {
	awk -v n="$LISTENERS" -v dir="$SERVICES" 'BEGIN {
		for (i = 0; i < n; i++) {
			file = dir "/others" int(i / 50) ".yaml"
			if (i % 50 == 0)
				printf "full_nat: true\nconnection_log: true\nhealth_check: {enabled: false}\nbackends: [{address: \"192.168.10.12:80\"}]\nlisten:\n" >file
			printf "  - 10.1.%d.%d:80\n", int(i / 250), i % 250 + 1 >file
		}
	}'
}
# shellcheck disable=SC2016 # awk's
# busy: CPU time of the whole guest, in ticks of 10 ms. of_ezlb: that of ezlb.
busy() { awk '/^cpu /{print $2 + $3 + $4 + $7 + $8}' /proc/stat; }
of_ezlb() { awk '{print $14 + $15}' "/proc/$EZLB_PID/stat"; }
flush() { in_ns lb "$CONNTOOL" flush; }
lines() { wc -l <"$LOG"; }
# shellcheck disable=SC2016 # awk's
drops() { in_ns lb awk '$2 == 12 && $4 == "00000004" {print $9}' /proc/net/netlink; }
no_socket() { [[ -z $(drops) ]]; }
quiet() { local was; was=$(lines) && nap 1 && [[ $(lines) == "$was" ]]; }

# connections WHAT: new connections, and the end of their entries
connections() {
	local before rate
	flush
	quiet || :
	before=$(busy)
	rate=$(in_ns client "$CONN" connect "$VIP" 80 "$CONNECTIONS")
	flush
	nap 1
	echo "$1: $rate connections/s, $((($(busy) - before) * 10000 / CONNECTIONS)) us of CPU for each"
}

# removals WHAT: entries that are removed all at once
removals() {
	local before ezlb had took
	in_ns lb "$CTTOOL" fill "$ENTRIES" "$VIP" 80 "$SNAT_IP" "${BACKEND_IP[b1]}" 80
	had=0
	[[ ! -e $LOG ]] || had=$(lines)
	before=$(busy) ezlb=$(of_ezlb) took=$(now_ms)
	flush
	took=$(elapsed_ms "$took")
	eventually 60 "ezlb has done it" quiet
	[[ ! -e $LOG ]] || had=$(($(lines) - had))
	echo "$1: $ENTRIES entries removed in $took ms; CPU for each: ezlb $((($(of_ezlb) - ezlb) * 10000000 / ENTRIES)) ns, all $((($(busy) - before) * 10000000 / ENTRIES)) ns; lines $had, drops $(drops)"
}

web false
ezlb_start --connection-log "$LOG"
eventually 20 "the service is in force" in_ns client "$CONN" connect "$VIP" 80 10
# The settings that the log needs cost something, too; they are on in all rows but the first.
connections "off, without the settings"
removals "off, without the settings"
web true
eventually 20 "the log is on" grep -q nf_conntrack_timestamp "$STATE/ledger"
for ((round = 1; round <= ROUNDS; round++)); do
	web false
	eventually 10 "the log is off" no_socket
	connections "round $round, off"
	removals "round $round, off"
	web true
	nap 2
	connections "round $round, on"
	removals "round $round, on"
	"$LABTOOL" in lb "$CONNTOOL" watch update &
	watcher=$!
	nap 0.5
	connections "round $round, on, and updates"
	kill $watcher
done
echo "# $LISTENERS listeners more with the field: is their filter in place?"
others
all_listeners() { [[ $(in_ns lb ipvsadm -Ln | grep -c "^TCP") -ge $LISTENERS ]]; }
eventually 60 "they are in force" all_listeners
nap 2
removals "wanted, $LISTENERS listeners"
VIP=10.9.9.9 removals "not wanted, $LISTENERS listeners"
ezlb_stop TERM
grep -E 'level=(warn|error)' "$EZLB_LOG" || :
