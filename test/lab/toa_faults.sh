#!/usr/bin/env bash
# when: all
# takes: 120
# timeout: 300
# Each call of bpf(2) that `ezlb-toa attach` makes fails once: what was attached stays attached, and where nothing was,
# nothing is left.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

TOA=$(dirname "$EZLB")/ezlb-toa
CGROUP=$WORK/cgroup
mkdir "$CGROUP"
mount -t cgroup2 cgroup2 "$CGROUP"

# attach STRACE-OPTION...
attach() {
	strace -E ASAN_OPTIONS=detect_leaks=0 -qqq -o "$WORK/calls" -e trace=bpf "$@" \
		"$TOA" attach --cgroup "$CGROUP" --from 10.0.0.3 2>"$WORK/err"
}
# attach_without CALL: this call fails.
attach_without() {
	attach -e "inject=bpf:error=ENOMEM:when=$1"
}
# calls: how many there are.
calls() {
	attach && wc -l <"$WORK/calls"
}
state() {
	echo "$(<"$WORK/err") $("$TOA" status -o json)"
}

calls >"$WORK/last"
clients=$("$TOA" status -o json | jq -c '.receivers[].cgroup_id')
echo "# attached already: $(<"$WORK/last") calls"
for ((call = 1, last = $(calls); call <= last; call++)); do
	attach_without "$call" || assert_match "call $call" '^ezlb-toa: .*: Cannot allocate memory' "$(<"$WORK/err")"
	"$TOA" status >"$WORK/status" || fail "call $call fails, and it is not attached any more: $(state)"
	assert_eq "call $call: still one, at this cgroup" "$clients" "$("$TOA" status -o json | jq -c '.receivers[].cgroup_id')"
done

echo "# not attached"
"$TOA" detach
last=$(calls)
for ((call = 1; call <= last; call++)); do
	"$TOA" detach 2>"$WORK/err"
	if attach_without "$call"; then
		"$TOA" status >"$WORK/status" || fail "call $call fails, and it says that it is attached: $(state)"
	else
		[[ $("$TOA" status) == "not attached" && ! -e /sys/fs/bpf/ezlb-toa ]] || fail "call $call fails, and something is left: $(state)"
	fi
done
