#!/usr/bin/env bash
# takes: 110
# timeout: 480
# One system call after the other fails under a running daemon while its files are exchanged: the kernel
# becomes what an undisturbed run makes of them, without a restart. Of the errors that a call may end with
# a run tries every second one at each place, and every second call fails for a while; the next day's run
# has the others, and LAB_ALL=1 all.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/torture.bash
. "$(dirname "$0")/torture.bash"

[[ ${1:-} == inside ]] || exec unshare --net bash "$0" inside

HEALS_MS=8000     # without a restart
PATIENCE_MS=40000 # "after 30 s" and "never" are different bugs
BURST_S=2         # how long a call fails that fails each time
# One line each: the calls, the errors of the Nth call, the error of a burst.
FAULTS=(
	"sendmsg,sendto  ENOBUFS,EAGAIN,EINTR,ENOMEM  ENOBUFS"
	"recvmsg,recvfrom  ENOBUFS,EAGAIN,EINTR,ENOMEM  ENOBUFS"
	"setsockopt  EAGAIN,ENOMEM,EINTR,ENOBUFS  ENOMEM"
	"getsockopt  EAGAIN,ENOMEM,EINTR,ENOBUFS  EAGAIN"
	"socket  EMFILE,ENOMEM  EMFILE"
	"openat  EMFILE,EIO  EMFILE"
	"write  ENOSPC,EIO,EINTR  ENOSPC"
	"fsync,fdatasync  EIO,ENOSPC  EIO"
	"rename,renameat,renameat2  ENOSPC,EIO  ENOSPC"
	"flock  EINTR,ENOLCK  EINTR"
)

# --- the volume ------------------------------------------------------------------------------

# Both generations stay, so that an exchange is the swap of ..data and nothing else.
VOLUME=$WORK/volume
volume() {
	local config file
	mkdir "$VOLUME"
	for config in A B; do
		cp -r "$TORTURE/$config" "$VOLUME/..$config"
		for file in "$VOLUME/..$config"/*; do
			ln -sf "..data/${file##*/}" "$VOLUME/"
		done
	done
	ln -s ..A "$VOLUME/..data"
	AT=A
}

exchange() {
	[[ $AT == A ]] && AT=B || AT=A
	ln -s "..$AT" "$VOLUME/..data_tmp"
	mv -T "$VOLUME/..data_tmp" "$VOLUME/..data"
}

# --- the daemon ------------------------------------------------------------------------------

# Reads on in the log. In open[] is what was told as an error and whose end was not told yet.
declare -A open=()
errors=0
read_log() {
	local line file
	while read -r line <&"$LOG_FD"; do
		case $line in
		*level=error*pkg=config*)
			file=${line#*msg=\"}
			open[${file%%: *}]=$line && errors=$((errors + 1))
			;;
		*level=error*) open[kernel]=$line && errors=$((errors + 1)) ;;
		*'earlier failures are resolved'*) unset 'open[kernel]' ;;
		*'file is valid again'* | *'file was removed'*)
			file=${line#* file=}
			unset "open[${file%% *}]"
			;;
		esac
	done
}

# The ledger is read without a process and changes last, so it is looked at first.
converged() {
	read_log
	[[ ${#open[@]} -eq 0 ]] || ! log_line_lost || open=()
	torture_owned "$STATE"
	DIFFERENCE="the ledger has $OWNED"
	[[ ${#open[@]} -eq 0 && $OWNED == "${owned[$AT]}" ]] && torture_is "$AT" "$STATE"
}

# converge POINT: waits for it. Late ones are collected, so that one run tells all.
slowest=0
late=0
converge() {
	local start took=0
	start=$(now_ms)
	while ! converged; do
		kill -0 "$EZLB_PID" || fail "$1: ezlb has ended"
		[[ $(elapsed_ms "$start") -lt $PATIENCE_MS ]] || fail "$1: not within $PATIENCE_MS ms: ${open[*]} $DIFFERENCE"
		nap 0.05
	done
	took=$(elapsed_ms "$start")
	[[ $took -le $slowest ]] || { slowest=$took && slowest_point=$1; }
	[[ $took -gt $HEALS_MS ]] || return 0
	echo "LATE: $1: healed after $took ms, the limit is $HEALS_MS ms"
	late=$((late + 1))
}

# descriptors: how many it has open when it does nothing. Each look and each pass opens some for a moment, so
# it is the least of some counts.
descriptors() {
	local i links least=
	for i in {1..6}; do
		links=("/proc/$EZLB_PID/fd"/*)
		[[ -n $least && ${#links[@]} -ge $least ]] || least=${#links[@]}
		nap 0.15
	done
	echo "$least"
}

# --- faults ----------------------------------------------------------------------------------

# attach CALLS [FAULT]: from now on.
attach() {
	local inject=() threads=-f
	[[ $# -eq 1 ]] || inject=(-e "inject=$1:$2")
	# A thread wakes the loop with a write to an eventfd, which cannot fail: libuv aborts if it does.
	[[ $1 != write ]] || threads=
	# shellcheck disable=SC2086 # nothing, or one word
	strace -p "$EZLB_PID" $threads -qq -e "trace=$1" "${inject[@]}" -o "$WORK/calls" &
	STRACE=$!
	eventually 5 "strace is attached" traced
}
detach() {
	kill "$STRACE"
	wait "$STRACE" || :
	eventually 5 "strace is gone" fails traced
}
traced() {
	local key value
	while read -r key value; do
		[[ $key != TracerPid: ]] || break
	done <"/proc/$EZLB_PID/status"
	[[ $value != 0 ]]
}

injected() {
	local calls=
	read -r -d '' calls <"$WORK/calls" || :
	[[ $calls == *INJECTED* ]]
}

# A log line was not written: its write was the call that failed. It may be the line that ends an error.
log_line_lost() { grep -q '^write(2, .*INJECTED' "$WORK/calls"; }

# once_at CALL N ERROR: the Nth call fails. If the exchange takes fewer calls this time, the next has it.
once_at() {
	local i
	attach "$1" "error=$3:when=$2"
	for i in {1..6}; do
		exchange
		converge "$3 of $1 $2"
		! injected || break
	done
	injected || fail "$1 did not come to its call $2 in $i exchanges"
	detach
	points=$((points + 1))
}

# burst CALL ERROR: every call fails for a while.
burst() {
	attach "$1" "error=$2"
	exchange
	nap $BURST_S
	# On a busy machine a pass takes longer than that, and strace writes it down later still.
	eventually 20 "$1 fails" injected
	detach
	converge "$2 of $1 for $BURST_S s"
	bursts=$((bursts + 1))
}

# errors_at PLACE ERROR...: those whose turn it is there. The next place has the others.
errors_at() {
	local i=$(($1 + $(turn 2)))
	shift
	thorough && echo "$@" && return
	for ((i = i % 2 + 1; i <= $#; i += 2)); do echo "${!i}"; done
}

# numbers COUNT: which of so many calls are to fail: all of three, else the first, the middle and the last.
numbers() {
	if [[ $1 -le 3 ]]; then
		seq "$1"
	else
		echo 1 $((($1 + 1) / 2)) "$1"
	fi
}

# --- the case --------------------------------------------------------------------------------

# Under strace a pass takes so long that a drain is looked at only every 5 s. Without drains an exchange ends
# at once; LAB_ALL=1 has them.
thorough || TORTURE_DRAIN=0s
torture_configs
torture_foreign
declare -A owned count
for AT in A B; do
	"$EZLB" once --config-dir "$TORTURE/$AT" --state-dir "$STATE" >/dev/null
	torture_learn $AT "$STATE"
	owned[$AT]=$OWNED
done
volume
: >"$EZLB_LOG"
exec {LOG_FD}<"$EZLB_LOG"
"$EZLB" run --config-dir "$VOLUME" --state-dir "$STATE" --cleanup-on-exit=false >>"$EZLB_LOG" 2>&1 &
EZLB_PID=$!
converge "the start"

calls=
for fault in "${FAULTS[@]}"; do
	calls+=,${fault%% *}
done
for _ in 1 2; do
	attach "${calls:1}"
	exchange
	converge "an undisturbed exchange"
	detach
	for call in ${calls//,/ }; do
		n=$(grep -c "^[0-9]* *$call(" "$WORK/calls" || :)
		[[ $n -le ${count[$call]:-0} ]] || count[$call]=$n
	done
done
fds=$(descriptors)
points=0 bursts=0 slowest=0
nth=0 # call
start=$(now_ms)
for fault in "${FAULTS[@]}"; do
	read -r calls errnos errno <<<"$fault"
	for call in ${calls//,/ }; do
		[[ -n ${count[$call]:-} ]] || continue
		place=0
		for n in $(numbers "${count[$call]}"); do
			place=$((place + 1))
			# shellcheck disable=SC2086 # words
			for e in $(errors_at $place ${errnos//,/ }); do
				once_at "$call" "$n" "$e"
			done
		done
		nth=$((nth + 1))
		[[ -z $(errors_at $nth "$errno") ]] || burst "$call" "$errno"
		echo "$call: ${count[$call]} in an exchange; $points points, $bursts bursts so far, $(elapsed_ms "$start") ms"
	done
done
echo "$points points and $bursts bursts passed in $(($(elapsed_ms "$start") / 1000)) s;" \
	"the slowest took $slowest ms: $slowest_point; $errors errors in the log, all ended"
assert_eq "points that healed too late, see above" 0 "$late"
[[ $errors -gt 0 ]] || fail "no fault was ever noticed: the test proves nothing"
# It may have fewer: in its sandbox it cannot attach the probes again that count the kernel's calls.
left=$(descriptors)
[[ $left -le $fds ]] || fail "the daemon had $fds descriptors, and has $left"
ezlb_stop
