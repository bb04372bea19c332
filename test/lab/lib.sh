# shellcheck shell=bash
# What every lab case sources: the topology, its backends, ezlb itself, and the assertions.
# test/lab/README.md has the picture and an example. All of it runs in the case's own namespaces
# (scripts/lab.d/one-case), so nothing here cleans up.
set -euo pipefail
# A failing command in a function must say so too; its line is the only trace it leaves.
set -E
trap 'echo "${BASH_SOURCE[0]##*/}:$LINENO: failed: $BASH_COMMAND" >&2' ERR

LAB_REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
EZLB=${EZLB_BIN:-$LAB_REPO/build/bin/ezlb}
: "${LABTOOL:?run me with scripts/lab}" # test/tools/labtool.c, which scripts/lab compiles
: "${WORK:?run me with scripts/lab}"
SERVICES=$WORK/services.d
STATE=$WORK/state
EZLB_LOG=$WORK/ezlb.log
EZLB_PID=
EZLB_STATUS=
mkdir -p "$SERVICES" "$STATE"
# shellcheck source=test/lab/kernel.bash
. "$LAB_REPO/test/lab/kernel.bash"

# --- the world: a SNAT backend and a family --------------------------------------------------

# A case without variants is in the world iptables4; so are the legacy rules that it looks at.
export EZLB_SNAT_BACKEND=${LAB_SNAT_BACKEND:-iptables}
FAMILY=4
if [[ -n ${LAB_VARIANT:-} ]]; then
	EZLB_SNAT_BACKEND=${LAB_VARIANT%[46]}
	FAMILY=${LAB_VARIANT: -1}
fi

# LB_IP is what the backends see of the load balancer without snat_ip.
# shellcheck disable=SC2034 # they are for the cases
if [[ $FAMILY == 4 ]]; then
	CLIENT_IP=172.16.0.2 LB_IP=192.168.10.1 VIP=10.0.0.1 VIP2=10.0.0.2 SNAT_IP=10.0.0.3
	declare -A BACKEND_IP=([b1]=192.168.10.11 [b2]=192.168.10.12 [b3]=192.168.10.13)
	FORWARDING=net.ipv4.ip_forward
else
	CLIENT_IP=fd00:172::2 LB_IP=fd00:192::1 VIP=fd00:10::1 VIP2=fd00:10::2 SNAT_IP=fd00:10::3
	declare -A BACKEND_IP=([b1]=fd00:192::11 [b2]=fd00:192::12 [b3]=fd00:192::13)
	FORWARDING=net.ipv6.conf.all.forwarding
fi
# The addresses that lab_up gives the load balancer; empty where ezlb itself is to add them.
LAB_LB_ADDRESSES=${LAB_LB_ADDRESSES-10.0.0.1 10.0.0.2 10.0.0.3 fd00:10::1 fd00:10::2 fd00:10::3}

# ep ADDRESS PORT: 10.0.0.1:80 or [fd00:10::1]:80. Quote it in YAML.
ep() {
	if [[ $1 == *:* ]]; then
		echo "[$1]:$2"
	else
		echo "$1:$2"
	fi
}

# by_listener: a SNAT row is a service's and not a backend's.
by_listener() {
	[[ $EZLB_SNAT_BACKEND == nftables ]]
}

# To see whether the sandbox is to blame: LAB_SANDBOX=off scripts/lab CASE.
export EZLB_SANDBOX=${LAB_SANDBOX:-}

# LAB_VALGRIND=1: `ezlb run` is under valgrind, as each of its processes, and a complaint fails the case (one-case).
# valgrind has one file for each process, also for those that have become another user. Everything is slower then.
if [[ ${LAB_VALGRIND:-0} == 1 ]]; then
	mkdir -p "$WORK/valgrind"
	chmod 711 "$WORK"
	chmod 1777 "$WORK/valgrind"
	LAB_WRAP="valgrind --quiet --num-callers=30 --leak-check=full --show-leak-kinds=definite,possible"
	LAB_WRAP+=" --errors-for-leak-kinds=definite,possible --suppressions=$LAB_REPO/test/long/valgrind.supp"
	LAB_WRAP+=" --log-file=$WORK/valgrind/%p"
fi

# --- time ------------------------------------------------------------------------------------

# LAB_PATIENCE=N: all deadlines are N times longer, also that of the case.
LAB_PATIENCE=${LAB_PATIENCE:-1}

# A pipe that nobody writes to: `read -t` on it sleeps without starting a process, and processes
# are what is slow under emulation.
exec {LAB_NAP_FD}<> <(:)

# nap SECONDS
nap() {
	read -r -t "$1" -u "$LAB_NAP_FD" || :
}

# now_ms: prints a clock in milliseconds. elapsed_ms T0: prints those since T0=$(now_ms).
now_ms() {
	local us=${EPOCHREALTIME/[.,]/}
	echo $((us / 1000))
}

elapsed_ms() {
	echo $(($(now_ms) - $1))
}

# clock: sets CLOCK to the same, for loops: $(...) would be a process each time.
clock() {
	CLOCK=${EPOCHREALTIME/[.,]/}
	CLOCK=$((CLOCK / 1000))
}

# --- how much of a long series ---------------------------------------------------------------

# thorough: the case is to go through all of a long series, and not through a part of it: LAB_ALL=1.
thorough() {
	[[ ${LAB_ALL:-0} == 1 ]]
}

# turn N: which of the N parts of a series has its turn, from 0 to N-1: each day the next. LAB_TURN says
# otherwise.
turn() {
	echo $((${LAB_TURN:-EPOCHSECONDS / 86400} % $1))
}

# --- assertions ------------------------------------------------------------------------------

# fail MESSAGE...: ends the case. The dump follows, from one-case.
fail() {
	trap - ERR
	echo "FAIL: $*" >&2
	# The case's last line, from wherever it was called: first the case, then this library.
	local i
	for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
		echo "  at ${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]}" >&2
	done
	exit 1
}

# assert_eq DESCRIPTION WANT GOT
assert_eq() {
	[[ $2 == "$3" ]] || fail "$1: want '$2', got '$3'"
}

# assert_match DESCRIPTION REGEX TEXT
assert_match() {
	[[ $3 =~ $2 ]] || fail "$1: want a match of '$2', got '$3'"
}

# eventually SECONDS DESCRIPTION COMMAND...: polls until the command succeeds.
eventually() {
	local limit=$(($1 * LAB_PATIENCE)) what=$2 CLOCK end output='' status=0
	shift 2
	clock
	end=$((CLOCK + limit * 1000))
	while :; do
		status=0
		output=$("$@" 2>&1) || status=$?
		[[ $status -ne 0 ]] || return 0
		clock
		[[ $CLOCK -lt $end ]] ||
			fail "not within $limit s: $what ($*, status $status): $output"
		nap 0.1
	done
}

# never SECONDS DESCRIPTION COMMAND...: the command must fail for that long.
never() {
	local limit=$1 what=$2 CLOCK start output=''
	shift 2
	clock
	start=$CLOCK
	while [[ $((CLOCK - start)) -lt $((limit * 1000)) ]]; do
		if output=$("$@" 2>&1); then
			clock
			fail "$what, after $((CLOCK - start)) ms ($*): $output"
		fi
		nap 0.1
		clock
	done
}

# within MILLISECONDS DESCRIPTION COMMAND...: like eventually, for limits that a requirement states.
# Goes on for 5 s more, because "1.2 s" and "never" are different bugs.
within() {
	local limit=$(($1 * LAB_PATIENCE)) what=$2 CLOCK start took output='' status=0
	shift 2
	clock
	start=$CLOCK
	while :; do
		status=0
		output=$("$@" 2>&1) || status=$?
		clock
		took=$((CLOCK - start))
		if [[ $status -eq 0 ]]; then
			[[ $took -le $limit ]] || fail "$what took $took ms, the limit is $limit ms"
			echo "$what: $took ms (limit $limit ms)"
			return 0
		fi
		[[ $took -lt $((limit + 5000)) ]] ||
			fail "$what: not even after $took ms, the limit is $limit ms ($*, status $status): $output"
		nap 0.05
	done
}

# fails COMMAND...: true when the command is not. `!` cannot be handed to eventually.
fails() {
	! "$@"
}

# --- the topology ----------------------------------------------------------------------------

# in_ns NAME COMMAND...: client, lb, b1, b2, b3. Not `ip netns exec`, which mounts a new /sys each time.
in_ns() {
	"$LABTOOL" in "$1" "${@:2}"
}

lab_up() {
	local ns address
	{
		for ns in client lb b1 b2 b3; do
			echo "netns add $ns"
		done
		echo "link add eth0 netns client type veth peer name client netns lb"
		for ns in b1 b2 b3; do
			echo "link add eth0 netns $ns type veth peer name $ns netns lb"
		done
	} | ip -batch -

	ip -n lb -batch - <<-END
		link set lo up
		addr add 172.16.0.1/24 dev client
		addr add fd00:172::1/64 dev client nodad
		link set client up
		link add backends type bridge
		addr add 192.168.10.1/24 dev backends
		addr add fd00:192::1/64 dev backends nodad
		link set b1 master backends up
		link set b2 master backends up
		link set b3 master backends up
		link set backends up
		$(for address in $LAB_LB_ADDRESSES; do echo "addr add $address dev lo"; done)
	END
	ip -n client -batch - <<-END
		link set lo up
		addr add 172.16.0.2/24 dev eth0
		addr add fd00:172::2/64 dev eth0 nodad
		link set eth0 up
		route add 10.0.0.0/24 via 172.16.0.1
		route add fd00:10::/64 via fd00:172::1
	END
	for ns in b1 b2 b3; do
		ip -n "$ns" -batch - <<-END
			link set lo up
			addr add 192.168.10.1${ns#b}/24 dev eth0
			addr add fd00:192::1${ns#b}/64 dev eth0 nodad
			link set eth0 up
			route add 10.0.0.3/32 via 192.168.10.1
			route add fd00:10::3/128 via fd00:192::1
		END
	done
	# On the host a new namespace takes these over from the host; ezlb has to find them at 0.
	# shellcheck disable=SC2016
	in_ns lb sh -c 'cd /proc/sys/net
		for f in ipv4/ip_forward ipv6/conf/all/forwarding ipv4/vs/conntrack; do
			if [ -e $f ]; then echo 0 >$f; fi
		done'
}

# lb_sysctl NAME [VALUE]: prints or sets one of the load balancer's, like net.ipv4.vs.conntrack.
lb_sysctl() {
	local path=/proc/sys/${1//.//}
	if [[ $# -eq 1 ]]; then
		in_ns "$LB" cat "$path"
	else
		# shellcheck disable=SC2016
		in_ns "$LB" sh -c 'echo "$2" >"$1"' sh "$path" "$2"
	fi
}

# --- backends --------------------------------------------------------------------------------

# backend_start NAME [PORT...]: real servers; default 80 8080 53/udp. PORT is HTTP, PORT/udp is UDP, PORT/sctp is
# HTTP over SCTP.
# Both answer "backend=NAME peer=ADDRESS"; /healthz answers 200 while $WORK/NAME/healthz exists.
backend_start() {
	local name=$1
	shift
	[[ $# -gt 0 ]] || set -- 80 8080 53/udp
	if [[ ! -d $WORK/$name ]]; then
		mkdir -p "$WORK/$name"
		echo ok >"$WORK/$name/healthz"
	fi
	: >"$WORK/$name.ready"
	# Not in_ns: a function in the background is a shell, and $! is that and not the server.
	"$LABTOOL" serve "$name" "$name" "$WORK/$name" "$FAMILY" "$@" >"$WORK/$name.ready" 2>>"$WORK/$name.log" &
	echo $! >>"$WORK/$name.pids"
	eventually 10 "$name listens on $*" test -s "$WORK/$name.ready"
}

# backend_listens NAME PORT
backend_listens() {
	local hex files=tcp6 state=0A
	[[ $2 != */udp ]] || files=udp${FAMILY/4/} state=07
	printf -v hex %04X "${2%/udp}"
	in_ns "$1" grep -q ":$hex 0*:0000 $state " "/proc/net/$files"
}

# backend_stop NAME: ends its servers, so that the kernel refuses connections to it.
backend_stop() {
	local pid
	while read -r pid; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done <"$WORK/$1.pids"
	rm -f "$WORK/$1.pids"
}

# half_request ADDRESS NAME: a client sends half of a request to port 80, and waits. half_request_ends NAME WANT: it sends
# the rest; the answer must match WANT.
half_request() {
	cat >"$WORK/half_request" <<-'END'
		exec 3<> <(:) 4<>"/dev/tcp/$1/80"
		printf 'GET / HTTP/1.0\r\n' >&4
		echo connected >"$2.from"
		while [[ ! -e $2.go ]]; do read -r -t 0.1 -u 3; done
		printf '\r\n' >&4
		cat <&4 >"$2.rest"
		echo done >>"$2.from"
	END
	"$LABTOOL" in client bash "$WORK/half_request" "$1" "$WORK/$2" 2>>"$WORK/$2.log" &
	eventually 10 "request $2 is under way" test -s "$WORK/$2.from"
}
half_request_ends() {
	: >"$WORK/$1.go"
	eventually 10 "request $1 is answered" grep -qx 'done' "$WORK/$1.from"
	assert_match "the answer of $1" "$2" "$(cat "$WORK/$1.rest")"
}

# client_get URL|IP:PORT[/PATH] [CURL-ARGUMENT...]: one request; fails on anything but 2xx. sctp://IP:PORT/ is
# HTTP over SCTP.
client_get() {
	if [[ $# -eq 1 ]]; then
		"$LABTOOL" get client 3 "$1"
	elif [[ $# -eq 3 && $2 == --max-time ]]; then
		"$LABTOOL" get client "$3" "$1"
	else
		in_ns client curl -sS -f -g --max-time 3 "$@"
	fi
}

# client_udp IP PORT: one datagram; prints the answer, fails after 2 s without one.
client_udp() {
	"$LABTOOL" udp client 2 "$1" "$2"
}

# --- ezlb ------------------------------------------------------------------------------------

# service NAME <<EOF: writes or replaces the drop-in NAME.yaml in one step, as an editor should.
service() {
	cat >"$SERVICES/.$1.tmp"
	mv "$SERVICES/.$1.tmp" "$SERVICES/$1.yaml"
}

# web [WEIGHT]: a service for cases that are not about services: FullNAT from port 80 of the VIP to b1. web_has WEIGHT: so it
# is in the kernel.
web() {
	service web <<-END
		listen: "$(ep "$VIP" 80)"
		full_nat: true
		snat_ip: "$SNAT_IP"
		health_check: {interval: 1s}
		backends: [{address: "$(ep "${BACKEND_IP[b1]}" 80)", weight: ${1:-1}}]
	END
}
web_has() {
	[[ $(kernel_rows)$'\n' == *"tcp $(ep "$VIP" 80) $(ep "${BACKEND_IP[b1]}" 80) $1"$'\n'* ]]
}

# ezlb_start [FLAG...]: `ezlb run` in $LB, in the background; its log is appended to $EZLB_LOG.
# EZLB_WRAP is put before it, for `strace -D ...` (with -D, EZLB_PID is still ezlb's). LAB_WRAP where a case does not set it.
ezlb_start() {
	[[ -x $EZLB ]] || fail "there is no $EZLB: build it first (cmake -S . -B build && cmake --build build)"
	# Not in_ns, as in backend_start: EZLB_PID must be ezlb.
	# shellcheck disable=SC2086
	"$LABTOOL" in "$LB" ${EZLB_WRAP:-${LAB_WRAP:-}} "$EZLB" run --config-dir "$SERVICES" --state-dir "$STATE" "$@" \
		>>"$EZLB_LOG" 2>&1 &
	EZLB_PID=$!
}

# ezlb_stop [SIGNAL]: signals ezlb and waits up to 15 s. EZLB_STATUS is its exit status; fails where
# that is not the one to expect: 0, or 137 after KILL.
ezlb_stop() {
	local signal=${1:-TERM} want=0
	[[ $signal != KILL ]] || want=137
	[[ -n $EZLB_PID ]] || fail "ezlb_stop: not started"
	kill -s "$signal" "$EZLB_PID" 2>/dev/null || :
	ezlb_wait 15
	[[ $EZLB_STATUS -eq $want ]]
}

# ezlb_wait SECONDS: waits for ezlb to end by itself and sets EZLB_STATUS.
ezlb_wait() {
	local CLOCK end
	clock
	end=$((CLOCK + $1 * LAB_PATIENCE * 1000))
	while ezlb_runs; do
		clock
		[[ $CLOCK -lt $end ]] || fail "ezlb still runs after $1 s"
		nap 0.05
	done
	EZLB_STATUS=0
	wait "$EZLB_PID" 2>/dev/null || EZLB_STATUS=$?
	EZLB_PID=
}

ezlb_runs() {
	[[ -n $EZLB_PID ]] && kill -0 "$EZLB_PID" 2>/dev/null
}

# ezlb_cmd SUBCOMMAND [ARGUMENT...]: runs it in lb, with the directories for those that take them.
ezlb_cmd() {
	local subcommand=$1 flags=()
	shift
	case $subcommand in
	once | plan | host-setup | who | connections) flags=(--config-dir "$SERVICES" --state-dir "$STATE") ;;
	doctor) flags=(--config-dir "$SERVICES") ;;
	status | events | probe | log-level | reload | drain | undrain | cleanup) flags=(--state-dir "$STATE") ;;
	esac
	in_ns "$LB" "$EZLB" "$subcommand" "${flags[@]}" "$@"
}

# log_has REGEX: a line of ezlb's log matches.
log_has() {
	grep -qE "$1" "$EZLB_LOG"
}

# admin PATH [CURL-ARGUMENT...]: asks the running ezlb over its socket, as `ezlb status` does.
admin() {
	if [[ $# -eq 1 ]]; then
		"$LABTOOL" ask "$STATE/admin.sock" $((20 * LAB_PATIENCE)) "$1"
		return
	fi
	curl -sS --max-time $((20 * LAB_PATIENCE)) --unix-socket "$STATE/admin.sock" "http://ezlb$1" "${@:2}"
}

# is_ready: ezlb answers, and says that it is.
is_ready() {
	[[ $(admin /readyz 2>&1) == ok ]]
}

# condition SERVICE TYPE: "True AllUp", as /api/v1/status has it.
condition() {
	admin /api/v1/status | jq -r --arg name "$1" --arg type "$2" '.services[] | select(.name == $name) |
		.conditions[] | select(.type == $type) | "\(.status) \(.reason)"'
}

# promcheck: complains of what is not strictly Prometheus' text format on stdin.
promcheck() {
	"$(dirname "$EZLB")/promcheck"
}

# What `ezlb plan` says where there is nothing to do.
# shellcheck disable=SC2034 # it is for the cases
NO_CHANGES="No changes: the kernel is as the files say."

# op_lines: the operations in the JSON of `once` or `plan` on stdin, a line each, as in the log.
op_lines() {
	jq -r '.ops[].text'
}

# ops: every operation that ezlb has carried out, a line each; it must run with --log-level debug.
ops() {
	sed -n 's/^.*level=debug pkg=controller op="\([^"(]*[^"( ]\)[^"]*".*$/\1/p' "$EZLB_LOG"
}

# ops_are WHAT: they are $WANT so far, not one more.
ops_are() {
	# shellcheck disable=SC2153 # it is the case's
	assert_eq "operations up to '$1'" "$WANT" "$(ops)"
}

# --- a ConfigMap volume ----------------------------------------------------------------------

# configmap_update DIR FILE...: makes the files the volume's whole content, each under its own name,
# in the steps of kubelet's AtomicWriter (kubernetes, pkg/volume/util/atomic_writer.go). Visible links
# come after the swap of ..data (KUBELET=new, the default) or before it (KUBELET=old), so with a new
# kubelet a key is in ..data before it is visible, and with an old one it dangles for a moment.
configmap_update() {
	local dir=$1 old file stamp
	shift
	old=$(readlink "$dir/..data" || :)
	! configmap_same "$dir" "$@" || return 0
	stamp=$(mktemp -d "$dir/..$(date -u +%Y_%m_%d_%H_%M_%S).XXXXXXXXXX")
	chmod 755 "$stamp"
	[[ $# -eq 0 ]] || cp -- "$@" "$stamp/"
	[[ ${KUBELET:-new} != old ]] || configmap_links "$dir" "$@"
	ln -s "${stamp##*/}" "$dir/..data_tmp"
	mv -T "$dir/..data_tmp" "$dir/..data"
	[[ ${KUBELET:-new} == old ]] || configmap_links "$dir" "$@"
	for file in "$dir"/*; do
		if [[ -L $file && ! -e $file ]]; then
			rm "$file"
		fi
	done
	[[ -z $old ]] || rm -r "${dir:?}/$old"
}

# configmap_init DIR [FILE...]: a new volume.
configmap_init() {
	mkdir -p "$1"
	configmap_update "$@"
}

configmap_links() {
	local dir=$1 file name
	for file in "${@:2}"; do
		name=${file##*/}
		[[ -L $dir/$name ]] || ln -s "..data/$name" "$dir/$name"
	done
}

# kubelet syncs about once a minute and writes only when something changed.
configmap_same() {
	local dir=$1 file have=0
	shift
	[[ -d $dir/..data ]] || return 1
	for file in "$dir"/..data/*; do
		[[ ! -e $file ]] || have=$((have + 1))
	done
	[[ $have -eq $# ]] || return 1
	for file in "$@"; do
		cmp -s "$file" "$dir/..data/${file##*/}" || return 1
	done
}
