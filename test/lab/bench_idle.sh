#!/usr/bin/env bash
# timeout: 190
# What ezlb and keepalived cost while nothing happens: the processor's time, how often they wake up, what they write,
# and how much memory they have; and what their start alone costs. For scripts/bench.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/bench.bash
. "$(dirname "$0")/bench.bash"

# usage PID: sets the sums of it and its children: CPU in microseconds, WAKES (it waited, and ran again), WRITES (calls)
# and WRITTEN (bytes).
usage() {
	local pid task ns rest key value
	CPU=0 WAKES=0 WRITES=0 WRITTEN=0
	for pid in $(processes "$1"); do
		for task in "/proc/$pid/task/"*; do
			read -r ns rest <"$task/schedstat" || continue
			CPU=$((CPU + ns / 1000))
			while read -r key value rest; do
				[[ $key != voluntary_ctxt_switches: ]] || WAKES=$((WAKES + value))
			done <"$task/status"
		done
		while read -r key value; do
			case $key in
			syscw:) WRITES=$((WRITES + value)) ;;
			wchar:) WRITTEN=$((WRITTEN + value)) ;;
			esac
		done <"/proc/$pid/io"
	done
}
# settled PID: what its start brings about is over.
settled() {
	local before=0 last i
	for ((i = 0; i < 12; i++)); do
		usage "$1"
		last=$CPU
		nap 2
		usage "$1"
		last=$((CPU - last))
		[[ $((last * 10)) -gt $((before * 13 + 200000)) || $((before * 10)) -gt $((last * 13 + 200000)) ]] || return 0
		before=$last
	done
}

# memory SIZE PROGRAM PID
memory() {
	local pid kib
	for kib in VmRSS:KiB_resident RssAnon:KiB_anonymous Pss:KiB_proportional; do
		result idle "$1" "$2" "${kib#*:}" "$(for pid in $(processes "$3"); do
			cat "/proc/$pid/status" "/proc/$pid/smaps_rollup"
		done | awk -v key="${kib%:*}:" '$1 == key { sum += $2 } END { print sum }')"
	done
}

# idle SIZE SECONDS: both at the same time, each in its network namespace.
idle() {
	local name since took
	local -A PIDS=() BEFORE=()
	no_state
	up ezlb plain "$1" || result failed "$1" ezlb idle 1
	up keepalived keepalived "$1" || result failed "$1" keepalived idle 1
	for name in "${!PIDS[@]}"; do settled "${PIDS[$name]}"; done
	for name in "${!PIDS[@]}"; do
		usage "${PIDS[$name]}"
		BEFORE[$name]="$CPU $WAKES $WRITES $WRITTEN"
	done
	since=$(now_ms)
	nap "$2"
	took=$(elapsed_ms "$since")
	for name in ezlb keepalived; do
		[[ -n ${PIDS[$name]:-} ]] || continue
		usage "${PIDS[$name]}"
		# shellcheck disable=SC2086 # words
		told "$1" "$name" "$took" ${BEFORE[$name]}
		memory "$1" "$name" "${PIDS[$name]}"
		[[ $1 != 10 ]] || result idle "$1" "$name" shared_libraries \
			"$(grep -o '/[^ ]*\.so[.0-9]*$' "/proc/${PIDS[$name]}/maps" | sort -u | grep -vc '/ld-linux')"
	done
	down
}
# told SIZE NAME MS CPU WAKES WRITES WRITTEN: what it was before, MS ago.
told() {
	result idle "$1" "$2" %_of_a_core "$(awk -v us=$((CPU - $4)) -v ms="$3" 'BEGIN { printf "%.3f", us / ms / 10 }')"
	result idle "$1" "$2" wake-ups_a_minute $(((WAKES - $5) * 60000 / $3))
	result idle "$1" "$2" writes_a_minute $(((WRITES - $6) * 60000 / $3))
	result idle "$1" "$2" bytes_written_a_minute $(((WRITTEN - $7) * 60000 / $3))
}

# version: the start of each program, with nothing to do. The first run is for the emulator.
version() {
	local times=11 program
	for program in "floor nothing" "ezlb version" "ipvsadm --help" "keepalived --version"; do
		# shellcheck disable=SC2046,SC2086 # words
		result bare - "${program// /_}" ms_of_a_run $("$STOPWATCH" run "$ROOT" $times "/bin/${program% *}" ${program#* } | tail -n +2)
	done
}

root_up
section idle-version version
for size in ${LAB_SIZES:-10 1000 10000}; do
	files "$size" plain
	keepalived_file "$size" "$ROOT/tmp/$size.keepalived"
	section "idle-$size" idle "$size" "$(quick 10 30)"
	rm -rf "$ROOT/files/$size.plain"
done
