#!/usr/bin/env bash
# takes: 30
# timeout: 240
# What work costs, counted and not timed: system calls, requests to the kernel, bytes and allocations of a cold start, of an
# idle minute, of one edit and of one health result, with 1,000 services of 10 backends; an edit and a health result cost
# the same with 100 services.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

COUNTERS=$WORK/counters
CALLS=$(dirname "$EZLB")/calls.so # test/tools/calls.c
NAMES=(allocations heap peak sends requests sent receives opens reads writes written)
declare -A C BEFORE
# read_counters: fills C.
read_counters() {
	local i=0 n
	for n in $(od -An -v -w8 -t u8 "$COUNTERS"); do
		C[${NAMES[i]}]=$n
		i=$((i + 1))
	done
}
mark() {
	read_counters
	for n in "${NAMES[@]}"; do BEFORE[$n]=${C[$n]}; done
}
# since_mark NAME: how many since `mark`, of what was read last.
since_mark() { echo $((C[$1] - BEFORE[$1])); }

# at_most WHAT LIMIT COUNT
WRONG=0
at_most() {
	echo "  $1: $3 (at most $2)"
	[[ $3 -le $2 ]] || { echo "TOO MUCH: $1: $3, the limit is $2" && WRONG=$((WRONG + 1)); }
}
exactly() {
	echo "  $1: $3 (exactly $2)"
	[[ $3 == "$2" ]] || { echo "WRONG: $1: $3, and not $2" && WRONG=$((WRONG + 1)); }
}

# files N: N services of 10 backends that are not probed.
files() {
	awk -v n="$1" -v dir="$SERVICES" 'BEGIN {
		for (i = 0; i < n; i++) {
			file = sprintf("%s/s%04d.yaml", dir, i)
			printf "listen: 10.100.%d.%d:80\nhealth_check: {enabled: false}\nbackends:\n", int(i / 250), i % 250 + 1 >file
			for (k = 0; k < 10; k++)
				printf "  - {address: \"10.%d.%d.%d:80\", weight: 1}\n", 200 + k, int(i / 250), i % 250 + 1 >file
			close(file)
		}
	}'
}
# The service that is edited, and the one whose backend fails.
edited() {
	sed "s/\(10.203.0.8:80.*weight:\) [0-9]*/\1 $1/" "$SERVICES/s0007.yaml" | service s0007
}
probed() {
	service web <<-END
		listen: $VIP:80
		health_check: {interval: 1s, fail_count: 1, timeout: 900ms}
		backends: [{address: "${BACKEND_IP[b1]}:80"}, {address: "${BACKEND_IP[b2]}:80"}]
	END
}
has() { grep -q -- "$1" "/proc/$EZLB_PID/net/ip_vs"; }
lacks() { ! has "$1"; }
# As the kernel prints them: address, port, weight.
EDITED='-> 0ACB0008:0050 *Masq *'
B1='-> C0A80A0B:0050'
B2='-> C0A80A0C:0050'

# started LINE [WRAPPER]: it is ready, has said LINE, and what its start brings about is over.
started() {
	export EZLB_CALLS=$COUNTERS
	: >"$EZLB_LOG"
	EZLB_WRAP="env LD_PRELOAD=$CALLS ${2:-}" ezlb_start --cleanup-on-exit=false
	eventually 60 "it is ready" is_ready
	eventually 20 "it says how it finds changes" grep -q "by=\"$1" "$EZLB_LOG"
	read_counters
	nap 1.5 # the looks after its own changes
}
# trace: the system calls from then on are in $WORK/trace.
trace() {
	strace -f -qq -x -s 65536 -o "$WORK/trace" -p "$EZLB_PID" 2>"$WORK/strace" &
	STRACE=$!
	eventually 10 "strace is attached" traced
}
traced() { ! grep -q $'^TracerPid:\t0' "/proc/$EZLB_PID/status"; }
untrace() {
	kill "$STRACE"
	wait "$STRACE" || :
	eventually 10 "strace is gone" fails traced
	[[ -s $WORK/trace ]] || fail "strace has seen nothing: the test proves nothing"
}
calls() { grep -cvE '<unfinished|--- SIG|\+\+\+' "$WORK/trace" || :; }
# Twice a minute the whole directory is scanned, on purpose. What has that in it is measured again.
scanned() { [[ $(grep -c '"s[0-9]*\.yaml"' "$WORK/trace" || :) -ge 50 ]]; }
# commands: of each request to IPVS the number of its command (linux/ip_vs.h). strace that is attached knows no family: those of
# version 1 are IPVS's, but for the one that asks for a family (0x10).
commands() {
	{ grep -E 'send(msg|to)\(' "$WORK/trace" || :; } |
		{ grep -oE 'nlmsg_type=0x[0-9a-f]+ [^}]*\}, "?\\x[0-9a-f]{2}\\x01\\x00\\x00' || :; } |
		sed -E '/type=0x10 /d; s/.*\\x(..)\\x01\\x00\\x00$/\1/'
}
# Not GET_SERVICE, GET_DEST, GET_CONFIG and GET_INFO.
writes() { commands | { grep -vxE '04|08|0d|0f' || :; } | tr -d '\n'; }
asked() { commands | grep -cx "$1" || :; }
# What a thread writes to wake the loop is no file: 8 bytes to an eventfd, or one.
file_writes() { grep -cE '(write|pwrite64|writev)\(.*= ([02-79]|[0-9]{2,})$' "$WORK/trace" || :; }

# cold: of the start, which is the first of this ezlb.
cold() {
	at_most "calls that send to the kernel" 1100 "${C[sends]}"
	at_most "requests" 12100 "${C[requests]}"
	at_most "bytes of requests" 1600000 "${C[sent]}"
	at_most "allocations" 400000 "${C[allocations]}"
	at_most "bytes of the heap at its peak" 12500000 "${C[peak]}"
	at_most "files opened" 2200 "${C[opens]}"
	at_most "calls that write" 20 "${C[writes]}"
}

# idle SECONDS CALLS ALLOCATIONS READS: what it does in so many seconds, at most, told for a minute.
idle() {
	local per=$((60 / $1))
	local try
	for try in 1 2 3; do
		mark
		trace
		nap "$1"
		untrace
		read_counters
		scanned || break
		echo "  scanned in try $try"
	done
	at_most "system calls in a minute" "$2" $(($(calls) * per))
	at_most "allocations in a minute" "$3" $(($(since_mark allocations) * per))
	at_most "reads of all rows in a minute" "$4" $(($(grep -c '"/proc/net/ip_vs"' "$WORK/trace" || :) * per))
	exactly "service files opened" 0 "$(grep -c '[0-9]\.yaml"' "$WORK/trace" || :)"
	exactly "writes to files" 0 "$(file_writes)"
	exactly "requests that write" "" "$(writes)"
	exactly "requests for dests" 0 "$(asked 08)"
}

# cost NAME SERVICES CONDITION ROW COMMAND...: what COMMAND costs until the kernel has it and the check of that is over.
declare -A COST
measure() {
	mark
	trace
	"${@:5}"
	eventually 20 "$1 is in the kernel" "$3" "$4"
	nap 1 # the check comes 10 ms after the write, under strace and on a busy machine later
	untrace
	read_counters
}
again_edit() {
	edited 1
	eventually 20 "the old weight" has "${EDITED}1"
	nap 1
}
again_flip() {
	backend_start b1 80
	eventually 20 "b1 serves" has "$B1"
	nap 1
}
cost() {
	local id="$1 $2" try
	for try in 1 2 3; do
		measure "$@"
		scanned || break
		echo "  scanned in try $try"
		"again_$1"
	done
	COST[$id calls]=$(calls)
	COST[$id allocations]=$(since_mark allocations)
	COST[$id written]=$(since_mark written)
	exactly "$id: requests that write" "${WRITES[$1]}" "$(writes)"
	at_most "$id: lists of dests, of this one service" 3 "$(asked 08)"
	at_most "$id: lists of services" 6 "$(asked 04)"
	exactly "$id: service files opened" "${OPENS[$1]}" "$(grep -c 'openat(.*[0-9b]\.yaml"' "$WORK/trace" || :)"
	at_most "$id: system calls" 1500 "${COST[$id calls]}"
	at_most "$id: allocations" 1500 "${COST[$id allocations]}"
	at_most "$id: bytes written" 1500 "${COST[$id written]}"
}
# SET_DEST, DEL_DEST (linux/ip_vs.h)
declare -A WRITES=([edit]=06 [flip]=07) OPENS=([edit]=1 [flip]=0)

# changes SERVICES WEIGHT
changes() {
	cost edit "$1" has "$EDITED$2" edited "$2"
	probed
	eventually 20 "b1 serves" has "$B1"
	eventually 20 "b2 serves" has "$B2"
	nap 1 # the looks after that
	cost flip "$1" lacks "$B1" backend_stop b1
}

lab_up
backend_start b1 80
backend_start b2 80
files 1000
echo "# 1,000 services, cold start"
started "BPF programs"
cold
echo "# idle"
idle 3 15000 3000 0
echo "# an edit and a health result"
changes 1000 5
ezlb_stop TERM
rm "$SERVICES/web.yaml"

echo "# idle, without the right to load BPF programs"
started "reading the rows" "setpriv --bounding-set -all,+net_admin,+net_raw --inh-caps -all"
idle 2 15000 3000 130
ezlb_stop TERM

echo "# 100 services: an edit and a health result"
rm "$SERVICES"/s0[1-9]*.yaml
backend_start b1 80
started "BPF programs"
changes 100 7
ezlb_stop TERM
declare -A MORE=([calls]=500 [allocations]=200 [written]=100)
for what in edit flip; do
	for n in calls allocations written; do
		echo "$what: $n: ${COST[$what 100 $n]} with 100 services, ${COST[$what 1000 $n]} with 1,000"
		# Looks and probes are in both, and their number differs a little. The kernel lists services in parts.
		limit=${COST[$what 100 $n]}
		at_most "$what: $n with 1,000 services" $((limit + ${MORE[$n]})) "${COST[$what 1000 $n]}"
	done
done
assert_eq "counts that are wrong, see above" 0 $WRONG
