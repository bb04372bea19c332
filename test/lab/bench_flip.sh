#!/usr/bin/env bash
# timeout: 70
# A backend of one service among many goes down: how many messages ezlb sends to IPVS until that is written, and how long
# it takes from the failed probe on. The kernel tells both: it traces its functions. For scripts/bench.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/bench.bash
. "$(dirname "$0")/bench.bash"

SERVICE=7
# The only service with health checks.
probed() {
	sed -i 's/^health_check:.*/health_check: {interval: 1s, timeout: 1s, fail_count: 1, rise_count: 1}/' \
		"$ROOT/files/$1.plain/s0000$SERVICE.yaml"
}
is_out() { [[ $("$STOPWATCH" weight $SERVICE 0) != 1 ]]; }
is_in() { ! is_out; }

TRACE=/sys/kernel/tracing
# traced: the kernel notes each connect() that finds no route, each write to IPVS, and each question.
traced() {
	[[ -e $TRACE/kprobe_events ]] || mount -t tracefs tracefs $TRACE
	echo mono >$TRACE/trace_clock
	{
		echo "p:bench/ipvs_write ip_vs_genl_set_cmd"
		echo "p:bench/ipvs_ask ip_vs_genl_get_cmd"
		echo "p:bench/ipvs_list_services ip_vs_genl_dump_services"
		echo "p:bench/ipvs_list_dests ip_vs_genl_dump_dests"
	} >$TRACE/kprobe_events
	echo "ret == -113" >$TRACE/events/syscalls/sys_exit_connect/filter # EHOSTUNREACH
	echo 1 >$TRACE/events/syscalls/sys_exit_connect/enable
	echo 1 >$TRACE/events/bench/enable
}
# told FILE: of this trace: how many writes there are, how many questions between the last failed probe before the first write and this,
# and the milliseconds between the two.
told() {
	awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]+:$/) { time = $i + 0; what = $(i + 1) } }
		what == "sys_connect" && !writes { from = time; asked = 0 }
		what ~ /^ipvs_write:/ && !writes++ { to = time }
		what ~ /^ipvs_(ask|list)/ && !writes { asked++ }
		END { printf "%d %d %.2f\n", writes, asked, (to - from) * 1000 }' "$1"
}

# flip SIZE ROUNDS
flip() {
	local i writes asked took
	empty
	started 120 "$1" stay plain || return
	nap 8
	for ((i = 0; i < $2 && $(left) > 8; i++)); do
		: >$TRACE/trace
		ip route replace unreachable 10.200.0.8/32 table local
		eventually 60 "the dest is out" is_out
		nap 1.5
		grep -v '^#' $TRACE/trace >"$WORK/trace"
		read -r writes asked took <<<"$(told "$WORK/trace")"
		result flip "$1" ezlb writes_to_IPVS "$writes"
		result flip "$1" ezlb questions_to_IPVS_before_it "$asked"
		result flip "$1" ezlb ms_from_the_probe_to_the_write "$took"
		ip route del unreachable 10.200.0.8/32 table local
		eventually 60 "the dest is back" is_in
		nap 2
	done
	ended "$PID"
}

root_up
traced
ip route replace local 10.200.0.0/13 dev lo
ip route replace local 10.208.0.0/15 dev lo
"$LABTOOL" misbehave - sink 80 >"$WORK/listener" &
eventually 10 "there is a listener" grep -q ready "$WORK/listener"
for size in ${LAB_SIZES:-1000}; do
	files "$size" plain
	probed "$size"
	section "flip-$size" flip "$size" "${LAB_ROUNDS:-$(quick 3 5)}"
done
