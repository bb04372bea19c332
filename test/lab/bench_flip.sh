#!/usr/bin/env bash
# timeout: 200
# A backend of one service among many goes down: how many messages ezlb sends to IPVS until that is written, and how long
# it takes from the failed probe on. A trace of the system calls tells both. For scripts/bench.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/bench.bash
. "$(dirname "$0")/bench.bash"

SERVICE=7
# The only service with health checks. Its backends are addresses of this host.
probed() {
	sed -i 's/^health_check:.*/health_check: {interval: 1s, timeout: 1s, fail_count: 1, rise_count: 1}/' \
		"$ROOT/files/$1.plain/s0000$SERVICE.yaml"
	ip route replace local 10.200.0.0/13 dev lo
	ip route replace local 10.208.0.0/15 dev lo
	"$LABTOOL" misbehave - sink 80 >"$WORK/listener" &
	eventually 10 "there is a listener" grep -q ready "$WORK/listener"
}
is_out() { [[ $("$STOPWATCH" weight $SERVICE 0) != 1 ]]; }
is_in() { ! is_out; }

# between FILE: the lines of the trace from the last probe that found no route until the first write to IPVS.
between() {
	awk '/EHOSTUNREACH/ && !written { n = 0 } { line[++n] = $0 }
		/nlmsg_type=IPVS/ && /\\x07\\x01|\\x06\\x01/ && !written { written = n }
		END { for (i = 1; i <= written; i++) print line[i] }' "$1"
}

# flip SIZE ROUNDS
flip() {
	local i tracer
	empty
	started 120 "$1" stay plain || return
	nap 6
	for ((i = 0; i < $2; i++)); do
		rm -f "$WORK/trace" "$WORK/between"
		strace -f -qq -ttt -x -s 65536 -e trace=sendmsg,sendto,connect -o "$WORK/trace" -p "$PID" 2>/dev/null &
		tracer=$!
		nap 2.2
		ip route replace unreachable 10.200.0.8/32 table local
		eventually 20 "the dest is out" is_out
		nap 1
		kill $tracer
		wait $tracer 2>/dev/null
		between "$WORK/trace" >"$WORK/between"
		result flip "$1" ezlb writes_to_IPVS "$(ipvs_writes <"$WORK/between" | grep -c .)"
		result flip "$1" ezlb messages_to_IPVS_until_then "$(ipvs_commands <"$WORK/between" | grep -c .)"
		result flip "$1" ezlb ms_from_the_probe_to_the_write \
			"$(awk 'NR == 1 { t = $2 } END { printf "%.2f", ($2 - t) * 1000 }' "$WORK/between")"
		ip route del unreachable 10.200.0.8/32 table local
		eventually 20 "the dest is back" is_in
		nap 1
	done
	ended "$PID"
}

root_up
for size in ${LAB_SIZES:-1000}; do
	files "$size" plain
	probed "$size"
	section "flip-$size" flip "$size" "${LAB_ROUNDS:-$(quick 3 5)}"
done
