#!/usr/bin/env bash
# takes: 50
# timeout: 600
# SIGKILL before each system call by which a pass changes the world: the next start makes what an
# undisturbed run makes, `ezlb cleanup` finds all that is ezlb's, and what is foreign stays. A run takes
# every fourth of these, each day others, and with LAB_ALL=1 all.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/torture.bash
. "$(dirname "$0")/torture.bash"

# Those that do not occur cost nothing; others may come to use them.
CALLS=(sendmsg sendto setsockopt write writev pwrite64 ftruncate fsync fdatasync rename renameat renameat2
	unlink unlinkat mkdir rmdir flock)
CONFIG=$WORK/config

# One namespace, one after the other: a dump of IPVS goes on where it left off by counting the services of
# all namespaces, so what changes in one makes rows of another come twice, or not at all.
[[ ${1:-} == inside ]] || exec unshare --net bash "$0" inside

# ezlb_to CONFIG [WRAPPER...]: one pass, or the cleanup to "none". The log goes through write, too.
ezlb_to() {
	local flags=(--state-dir "$STATE" --log-level error)
	if [[ $1 == none ]]; then
		"${@:2}" "$EZLB" cleanup "${flags[@]}" >/dev/null
	else
		[[ $CONFIG -ef $TORTURE/$1 ]] || ln -sfn "$TORTURE/$1" "$CONFIG"
		"${@:2}" "$EZLB" once --config-dir "$CONFIG" "${flags[@]}" >/dev/null
	fi
}

# prepare FROM TO: FROM is in force. The settings are lost, so that every pass writes them.
prepare() {
	[[ $AT == "$1" ]] || ezlb_to "$1"
	[[ $1 != none ]] || rm -rf "$STATE"
	echo 0 >/proc/sys/net/ipv4/ip_forward
	echo 0 >/proc/sys/net/ipv4/vs/conntrack
	AT=$2
}
AT=

settings_are_on() {
	local forward conntrack
	read -r forward </proc/sys/net/ipv4/ip_forward
	read -r conntrack </proc/sys/net/ipv4/vs/conntrack
	[[ $forward$conntrack == 11 ]]
}

# assert_at CONFIG DESCRIPTION
assert_at() {
	torture_is "$1" "$STATE" || fail "$2: $DIFFERENCE"
	[[ $1 == none ]] || settings_are_on || fail "$2: the settings are not made again"
}

# --- survey: what undisturbed runs make, and the system calls that they take -----------------

declare -A count
survey() {
	local config
	torture_learn none "$STATE"
	for config in A B; do
		ezlb_to $config
		torture_learn $config "$STATE"
	done
	AT=B
	survey_pair A B 1
	survey_pair none B 3
}

# survey_pair A B STEP: the points of both ways, each STEPth, in an order in which each begins where the
# last one ended. Of many it is every fourth one's turn. Of three of the same call each way leaves out
# one, and the other way has that: they differ little, and a point costs a second. On the way back to A
# every third is a cleanup with a start after it instead of a start. A line of the file is FROM TO CALL N
# MODE.
survey_pair() {
	local call n i mode there back most step first
	count_calls "$2" "$1"
	count_calls "$1" "$2"
	for call in "${CALLS[@]}"; do
		there=${count[$1 $2 $call]} back=${count[$2 $1 $call]}
		[[ $there$back == 00 ]] || echo "$call: $there from $1 to $2, $back back"
		most=$((there > back ? there : back)) step=$3 first=1
		if [[ $most -gt $((4 * step)) ]] && ! thorough; then
			first=$((1 + step * $(turn 4)))
			step=$((4 * step))
		fi
		for ((n = first; n <= most; n += step)); do
			i=$(((n - 1) / $3))
			mode=restart
			[[ $((n % 3)) -ne 0 ]] || mode=cleanup
			[[ $n -gt $there || $((i % 3)) -eq 1 ]] || echo "$1 $2 $call $n restart"
			[[ $n -gt $back || $((i % 3)) -eq 0 ]] || echo "$2 $1 $call $n $mode"
		done >>"$TORTURE/points"
	done
}

count_calls() {
	local call
	prepare "$1" "$2"
	ezlb_to "$2" strace -f -qq -e "trace=$(IFS=,; echo "${CALLS[*]}")" -o "$WORK/calls"
	assert_at "$2" "an undisturbed run from $1"
	for call in "${CALLS[@]}"; do
		count[$1 $2 $call]=$(grep -c "^[0-9]* *$call(" "$WORK/calls" || :)
	done
}

# --- the points ------------------------------------------------------------------------------

# kill_at CALL N TO: a pass that does not survive its Nth call, which is not carried out. No
# --seccomp-bpf: with it strace 6.1 injects errors, but no signals.
kill_at() {
	local status=0
	{ # the shell tells of the kill
		ezlb_to "$3" strace -f -qq -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" -o "$WORK/calls" ||
			status=$?
	} 2>"$WORK/stderr"
	[[ $status -eq 137 ]] || fail "not killed at $1 $2 on the way to $3: exit status $status"
}

passed=0 cleanups=0
work() {
	local from to call n mode point
	while read -r from to call n mode; do
		point="a $mode after SIGKILL at $call $n on the way from $from to $to"
		prepare "$from" "$to"
		kill_at "$call" "$n" "$to"
		if [[ $mode == cleanup ]]; then
			ezlb_to none
			assert_at none "$point"
			cleanups=$((cleanups + 1))
		fi
		ezlb_to "$to"
		assert_at "$to" "$point"
		passed=$((passed + 1))
	done <"$TORTURE/points"
}

# A comparison that sees no orphans would let everything pass.
blind() {
	prepare A B
	kill_at sendmsg 1 B
	rm -r "$STATE"
	ezlb_to B
	torture_is B "$STATE" && fail "orphans went unseen"
	grep -q "^> -A -t $VIP:1102" <<<"$DIFFERENCE" || fail "an orphan went unseen: $DIFFERENCE"
	echo "without the ledger: $(grep -c '^> -[Aa] -' <<<"$DIFFERENCE") orphaned rows, all seen"
}

# --- the case --------------------------------------------------------------------------------

torture_configs
torture_foreign
survey
start=$(now_ms)
work
echo "$passed points passed, $cleanups of them with a cleanup, in $(($(elapsed_ms "$start") / 1000)) s"
blind
