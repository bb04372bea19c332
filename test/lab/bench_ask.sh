#!/usr/bin/env bash
# timeout: 70
# What it costs ezlb to be asked, with many services: the metrics, as Prometheus does, and what the page asks. The time
# until the answer is whole, and what ezlb runs for it. For scripts/bench.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/bench.bash
. "$(dirname "$0")/bench.bash"

# asked SIZE ROUNDS
asked() {
	local i path before name
	fresh
	started 120 "$1" stay plain || return
	nap 6
	for ((i = 0; i <= $2 && $(left) > 8; i++)); do
		for path in /livez /metrics /api/v1/status; do
			name=${path##*/}
			nap 1
			ran "$PID"
			before=$CPU
			took=$("$STOPWATCH" run / 1 "$LABTOOL" ask "$ROOT/state/admin.sock" 30 "$path") || return
			ran "$PID"
			[[ $i -gt 0 ]] || continue # the first is slower: the emulator translates
			result ask "$1" "$name" ms "$took"
			result ask "$1" "$name" ms_of_CPU "$(awk -v us=$((CPU - before)) 'BEGIN { printf "%.1f", us / 1000 }')"
		done
	done
	ended "$PID"
}

root_up
for size in ${LAB_SIZES:-1000}; do
	files "$size" plain
	section "ask-$size" asked "$size" "${LAB_ROUNDS:-$(quick 2 5)}"
done
