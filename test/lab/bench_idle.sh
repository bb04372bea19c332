#!/usr/bin/env bash
# timeout: 440
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
	for ((i = 0; i < 30; i++)); do
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

# idle SIZE PROGRAM SECONDS NAME
idle() {
	local cpu wakes writes written since took
	fresh
	started 150 "$1" stay "$2" || {
		result failed "$1" "$4" idle 1
		return
	}
	settled "$PID"
	usage "$PID"
	cpu=$CPU wakes=$WAKES writes=$WRITES written=$WRITTEN since=$(now_ms)
	nap "$3"
	usage "$PID"
	took=$(elapsed_ms "$since")
	result idle "$1" "$4" %_of_a_core "$(awk -v us=$((CPU - cpu)) -v ms="$took" 'BEGIN { printf "%.3f", us / ms / 10 }')"
	result idle "$1" "$4" wake-ups_a_minute $(((WAKES - wakes) * 60000 / took))
	result idle "$1" "$4" writes_a_minute $(((WRITES - writes) * 60000 / took))
	result idle "$1" "$4" bytes_written_a_minute $(((WRITTEN - written) * 60000 / took))
	memory "$1" "$4" "$PID"
	[[ $1 != 10 ]] || result idle "$1" "$4" shared_libraries \
		"$(grep -o '/[^ ]*\.so[.0-9]*$' "/proc/$PID/maps" | sort -u | grep -vc '/ld-linux')"
	ended "$PID"
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
	section "idle-$size" idle "$size" plain "$(quick 10 60)" ezlb
	section "idle-$size" idle "$size" keepalived "$(quick 10 20)" keepalived
	rm -rf "$ROOT/files/$size.plain"
done
