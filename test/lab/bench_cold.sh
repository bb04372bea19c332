#!/usr/bin/env bash
# timeout: 450
# From the start of a program to all objects in IPVS: the floor, ezlb, keepalived and ipvsadm, in turns. For scripts/bench.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/bench.bash
. "$(dirname "$0")/bench.bash"

# rules_alone SIZE PROGRAM: the source NAT that ezlb has made, without IPVS, by the command that is there for it. nft needs
# minutes to list a map of 10,000.
rules_alone() {
	local took
	if [[ $2 == nftables ]]; then
		# nft cannot read this expression, which it writes itself. The other one has the same type.
		"${IN[@]}" nft list table ip ezlb | sed 's/ct original proto-dst/th dport/' >"$WORK/rules" &&
			"${IN[@]}" nft delete table ip ezlb &&
			took=$("${IN[@]}" "$STOPWATCH" run / 1 "$(command -v nft)" -f "$WORK/rules") &&
			result cold "$1" nft_-f ms "$took"
	else
		"${IN[@]}" iptables-legacy-save -t nat >"$WORK/rules" &&
			"${IN[@]}" iptables-legacy -t nat -F && "${IN[@]}" iptables-legacy -t nat -X &&
			took=$("${IN[@]}" "$STOPWATCH" run / 1 "$(command -v iptables-legacy-restore)" "$WORK/rules") &&
			result cold "$1" iptables-restore ms "$took"
	fi
}

# turn_of SIZE PROGRAM...: each once, from an empty IPVS.
turn_of() {
	local program
	for program in "${@:2}"; do
		[[ $(left) -gt 5 ]] || { result failed "$1" "$program" cold 1 && continue; }
		fresh
		started 170 "$1" end "$program" || { result failed "$1" "$program" cold 1 && continue; }
		[[ ${warm:-0} == 1 ]] || result cold "$1" "$program" ms "$TOOK"
		[[ ${warm:-0} == 1 || $1 -gt 1000 || $program != *tables ]] || rules_alone "$1" "$program"
	done
}

put_files() {
	files "$1" plain
	files "$1" nat
	keepalived_file "$1" "$ROOT/tmp/$1.keepalived"
	ipvsadm_file "$1" "$ROOT/tmp/$1.ipvsadm"
}
# warm_up: the first time is slower for all, because the emulator translates what it has not seen yet.
warm_up() {
	put_files 20
	warm=1 turn_of 20 "${QUICK_ONES[@]}" keepalived ipvsadm
}
# cold SIZE ROUNDS
cold() {
	local round first
	put_files "$1"
	for ((round = 0; round < $2 && (round == 0 || $(left) > 100); round++)); do
		first=$((round % ${#QUICK_ONES[@]})) # another one in each round
		turn_of "$1" "${QUICK_ONES[@]:first}" "${QUICK_ONES[@]:0:first}"
		# Of the largest size the peers have fewer turns, because each of theirs takes a minute.
		[[ $1 -ge 10000 && $round -gt 0 ]] || turn_of "$1" keepalived ipvsadm
	done
	fresh
	rm -rf "$ROOT/files/$1".*
}

QUICK_ONES=(floor read parse plain nftables iptables)
root_up
section cold-warm warm_up
for size in ${LAB_SIZES:-10 100 1000 10000}; do
	rounds=${LAB_ROUNDS:-$(quick 3 5)}
	[[ $size -lt 10000 ]] || rounds=$(quick 1 2)
	section "cold-$size" cold "$size" "$rounds"
done
