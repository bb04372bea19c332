# shellcheck shell=bash
# For the cases about client_address: sourced by toa*.sh behind lib.sh. Each machine of the lab is a network namespace of
# the same kernel, so a backend with ezlb-toa is also a control group: ezlb-toa changes what the servers below it see.

: "${TOATOOL:?run me with scripts/lab}" # test/tools/toatool*.c, which scripts/lab compiles

# in_group NAME COMMAND...: becomes COMMAND in the control group of the backend.
in_group() {
	local group=/sys/fs/cgroup/$1
	shift
	mkdir -p "$group"
	# shellcheck disable=SC2016
	exec bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' bash "$group" "$@"
}

# toa_start NAME FILE GROUP COMMAND...: in the background, in the control group; its output is in FILE, and it is ready
# when it has written something. The file may be emptied at any time. TOA_PID is the process.
toa_start() {
	local name=$1 file=$2 group=$3
	shift 3
	: >"$file"
	in_group "$group" "$@" >>"$file" 2>"$file.err" &
	TOA_PID=$!
	eventually 20 "$name is ready" test -s "$file"
}

# toa_serve NAME PORT [defer] [fastopen]: a server at this backend, see toatool_talk.c.
toa_serve() {
	toa_start "the server of $1" "$WORK/$1.server" "$1" "$TOATOOL" serve "$1" 6 "${@:2}"
}

# toa_watch NAME PORT [defer] [253]: what arrives there from now on goes to $WORK/NAME.seen, see toatool_watch.c. It takes
# the place of the one before.
declare -A TOA_WATCHERS=()
toa_watch() {
	[[ -z ${TOA_WATCHERS[$1]:-} ]] || kill "${TOA_WATCHERS[$1]}"
	toa_start "the watcher of $1" "$WORK/$1.seen" watchers "$TOATOOL" watch "$1" eth0 "${@:2}"
	TOA_WATCHERS[$1]=$TOA_PID
}

# toa_ask COUNT [KEY=VALUE...]: so many connections of the client to $VIP:$PORT; prints whom the server saw in how many.
toa_ask() {
	"$TOATOOL" ask client "$VIP" "$PORT" "$@"
}

# toa_service NAME PORT BACKEND BACKEND-PORT [LINE...]: a service at $VIP with full_nat, one backend, and these lines.
toa_service() {
	service "$1" <<-END
		listen: "$(ep "$VIP" "$2")"
		full_nat: true
		snat_ip: "$SNAT_IP"
		health_check: {enabled: false}
		$(printf '%s\n' "${@:5}")
		backends: [{address: "$(ep "${BACKEND_IP[$3]}" "$4")"}]
	END
}

# asked COUNT SAW [KEY=VALUE...]: in all of so many connections the server saw that: "client", or an address. The list of
# them, as the client has it, is in $WORK/clients.
asked() {
	assert_eq "whom the server saw in $1 connections to port $PORT ${*:3}" "$1 $2" \
		"$(toa_ask "$1" "list=$WORK/clients" "${@:3}" 2>&1)"
}

# modules_read NAME: a kernel module on this backend would have read the clients of the last `asked`. All of what
# $WORK/NAME.seen has, so empty it before.
modules_read() {
	diff <(sort "$WORK/clients") <(seen "$1" module)
}

# toa_quiet NS...: the kernel there does not reset the connections of `toatool forge`.
toa_quiet() {
	local ns
	for ns; do
		in_ns "$ns" nft 'add table inet quiet; add chain inet quiet out { type filter hook output priority 0; };
			add rule inet quiet out tcp flags & (rst | syn | ack) == rst drop;'
	done
}

# toa_mounts: what both programs need of /sys: bpffs, and control groups of version 2. Of this case alone, except that
# control groups are the kernel's: a name that was there before has no servers.
toa_mounts() {
	mount -t bpf bpf /sys/fs/bpf
	mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
}

# forge FROM-PORT KIND WHERE [PORT]: a connection of the client to $VIP:$PORT that says that it is $LIE, see
# toatool_forge.c. Prints what the server says.
forge() {
	"$TOATOOL" forge client "$CLIENT_IP" "$1" "$VIP" "${4:-$PORT}" "$2" "$LIE" 666 "$3"
}

# seen NAME WORD: the third word of each line of $WORK/NAME.seen that begins with WORD, sorted.
seen() {
	sed -n "s/^$2 [^ ]* //p" "$WORK/$1.seen" | sort
}

# shellcheck disable=SC2034 # they are for the cases
if [[ $FAMILY == 4 ]]; then
	LIE=198.51.100.66 LIED='198.51.100.66:666'
else
	LIE=fd00:bad::66 LIED='[fd00:bad::66]:666'
fi

EZLB_TOA=$(dirname "$EZLB")/ezlb-toa

# toa_receiver NAME FROM...: ezlb-toa for the servers of this backend, started by toa_serve or toa_start; `receiver_stop` ends it.
toa_receiver() {
	local name=$1 from
	shift
	from=$(IFS=, && echo "$*")
	"$EZLB_TOA" run --cgroup "/sys/fs/cgroup/$name" --from "$from" >"$WORK/$name.toa" 2>&1 &
	echo $! >"$WORK/$name.toa.pid"
	eventually 20 "ezlb-toa of $name is attached" grep -q attached "$WORK/$name.toa"
}

receiver_stop() {
	local pid
	read -r pid <"$WORK/$1.toa.pid"
	kill "$pid"
	wait "$pid" || :
}

# toa_attached LINK: the balancer's program is on this link.
toa_attached() {
	[[ $(in_ns lb tc filter show dev "$1" egress 2>&1) == *ezlb_toa* ]]
}
