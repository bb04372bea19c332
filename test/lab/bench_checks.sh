#!/usr/bin/env bash
# timeout: 100
# What a health check by TCP costs ezlb and keepalived: of the same backends, as often. Who made how many probes is what the
# kernel counts, of the connections that the listener has got. For scripts/bench; test/bench/probes.sh makes 10,000 a
# second on a host.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/bench.bash
. "$(dirname "$0")/bench.bash"

EVERY=2 # seconds

# connections: sets COUNT.
connections() {
	COUNT=$(awk '$1 == "Tcp:" && !column { for (i = 1; i <= NF; i++) if ($i == "PassiveOpens") column = i; next }
		$1 == "Tcp:" { print $column }' /proc/net/snmp)
}

# checked SIZE SECONDS PROGRAM NAME
checked() {
	local cpu count since took
	empty
	started 90 "$1" stay "$3" || {
		result failed "$1" "$4" checks 1
		return
	}
	nap 8
	ran "$PID"
	connections
	cpu=$CPU count=$COUNT since=$(now_ms)
	nap "$2"
	ran "$PID"
	connections
	took=$(elapsed_ms "$since")
	count=$((COUNT - count)) cpu=$((CPU - cpu))
	result checks "$1" "$4" probes_a_second "$(awk -v n=$count -v ms="$took" 'BEGIN { printf "%.1f", n * 1000 / ms }')"
	result checks "$1" "$4" us_CPU_of_a_probe "$(awk -v n=$count -v us=$cpu 'BEGIN { printf "%.0f", n ? us / n : 0 }')"
	ended "$PID"
}

# prepared SIZE: both have the same checks, and all backends are addresses of this host.
prepared() {
	files "$1" plain
	sed -i "s/^health_check:.*/health_check: {type: tcp, interval: ${EVERY}s, timeout: ${EVERY}s, fail_count: 2, rise_count: 1}/" \
		"$ROOT/files/$1.plain/"*
	keepalived_file "$1" "$ROOT/tmp/$1.all"
	sed "s/^\tlb_algo wrr/\tdelay_loop $EVERY\n&/; s/^\t\tweight 1/&\n\t\tTCP_CHECK {\n\t\t\tconnect_timeout $EVERY\n\t\t}/" \
		"$ROOT/tmp/$1.all" >"$ROOT/tmp/$1.keepalived"
}

root_up
ip route replace local 10.200.0.0/13 dev lo
ip route replace local 10.208.0.0/15 dev lo
"$LABTOOL" misbehave - sink 80 >"$WORK/listener" &
eventually 10 "there is a listener" grep -q ready "$WORK/listener"
for size in ${LAB_SIZES:-50}; do
	prepared "$size"
	for ((round = 0; round < ${LAB_ROUNDS:-$(quick 1 2)}; round++)); do
		section checks checked "$size" 10 plain ezlb
		section checks checked "$size" 10 keepalived keepalived
	done
done
