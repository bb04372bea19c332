# shellcheck shell=bash
# What the bench_* cases of scripts/bench share: sourced after lib.sh. Programs, service files and state are in a root
# directory of their own on a tmpfs, so that no file system of the lab is measured.
#
# Each measurement is a line "BENCH SECTION SIZE PROGRAM UNIT VALUE"; scripts/bench makes the tables of them.
# LAB_QUICK=1: fewer rounds and shorter times. LAB_SIZES, LAB_ROUNDS: others than those of the case.

BIN=$(dirname "$EZLB")
TOP=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
ROOT=/run/bench
FLOOR=$ROOT/bin/floor
STOPWATCH=$BIN/bench_stopwatch
BACKENDS_N=10
QUICK=${LAB_QUICK:-0}
LIMIT=$(sed -n 's/^# timeout: //p' "$0") # of the case, in seconds

# left: the seconds that the case still has. What is longer than that is left out, so that the rest is not lost.
left() {
	echo $((LIMIT - SECONDS - 12))
}

# quick A B: A with LAB_QUICK=1, else B.
quick() {
	if [[ $QUICK == 1 ]]; then echo "$1"; else echo "$2"; fi
}

# result SECTION SIZE PROGRAM UNIT VALUE...
result() {
	local value
	for value in "${@:5}"; do
		echo "BENCH $1 $2 $3 $4 $value"
	done
}

# section NAME COMMAND...: what fails in it does not end the case. Each runs in a shell of its own.
section() {
	local status=0
	echo "# $*"
	(trap - ERR && set +e && "${@:2}") || status=$?
	[[ $status -eq 0 ]] || {
		tail -n 5 "$ROOT/tmp/output" # of the last program
		echo "BENCH failed - $1 status $status"
	}
}

# root_up: the root directory, with the programs and their libraries.
root_up() {
	local dir
	mkdir -p "$ROOT"
	mount -t tmpfs -o size=80% tmpfs "$ROOT"
	mkdir -p "$ROOT"/{bin,proc,sys,dev,run,tmp,etc,lib/modules,files,state}
	for dir in proc sys dev; do mount --rbind "/$dir" "$ROOT/$dir"; done
	mount --bind /lib/modules "$ROOT/lib/modules"
	ln -s lib "$ROOT/usr" # for what looks for /usr/lib by its name
	root_put ezlb "$EZLB"
	root_put keepalived "$(command -v keepalived)"
	root_put ipvsadm "$(command -v ipvsadm)"
	cp "$BIN/bench_floor" "$FLOOR"
	cp -r /etc/ld.so.conf /etc/ld.so.conf.d /etc/passwd /etc/group /etc/protocols /etc/services /etc/nsswitch.conf "$ROOT/etc/" 2>/dev/null || :
	ldconfig -r "$ROOT"
	ip link set lo up
	# What a program loads at its first start it does not load in a round.
	modprobe -a ip_vs ip_vs_wrr nf_conntrack iptable_nat nft_chain_nat
	echo "BENCH version - ezlb is $("$EZLB" version | tr ' ' _)"
	echo "BENCH version - keepalived is $(keepalived --version 2>&1 | sed -n '1s/[ ,].*v/_/; 1s/ .*//p')"
	echo "BENCH version - ipvsadm is $(ipvsadm --version | sed -n '1s/.*v\([0-9.]*\).*/\1/p')"
	echo "BENCH version - kernel is $(uname -r)"
	echo "BENCH version - place is $LAB_PLACE"
}

# root_put NAME FILE: the program, and the libraries that it has or may open later.
root_put() {
	local library
	cp -L "$2" "$ROOT/bin/$1"
	for library in $(root_libraries "$2"); do
		[[ -e $ROOT$library ]] || cp -L --parents "$library" "$ROOT"
	done
}
root_libraries() {
	local name
	ldd "$1" | grep -o '/[^ ]*'
	[[ $1 == "$EZLB" ]] || return 0
	for name in $("$TOP/scripts/loaded" "$1"); do
		name=$(ldconfig -p | awk -v name="$name" '$1 == name && /x86-64/ && !n++ { print $NF }')
		[[ -z $name ]] || { echo "$name" && ldd "$name" | grep -o '/[^ ]*'; }
	done
}

# files SIZE KIND: the service files, KIND plain or nat, in $ROOT/files/SIZE.KIND; once.
files() {
	local dir=$ROOT/files/$1.$2
	[[ ! -d $dir ]] || return 0
	mkdir "$dir"
	awk -v n="$1" -v dests=$BACKENDS_N -v full="$([[ $2 == nat ]] && echo true || echo false)" -v dir="$dir" 'BEGIN {
		for (i = 0; i < n; i++) {
			file = sprintf("%s/s%05d.yaml", dir, i)
			printf "listen: 10.%d.%d.%d:80\nfull_nat: %s\nhealth_check: {enabled: false}\nbackends:\n",
				100 + int(i / 62500), int(i / 250) % 250, i % 250 + 1, full >file
			for (k = 0; k < dests; k++)
				printf "  - address: 10.%d.%d.%d:80\n", 200 + k, int(i / 250) % 250, i % 250 + 1 >file
			close(file)
		}
	}'
}

# keepalived_file SIZE FILE: the same services without checks. ipvsadm_file SIZE FILE: for ipvsadm -R.
keepalived_file() {
	awk -v n="$1" -v dests=$BACKENDS_N 'BEGIN {
		for (i = 0; i < n; i++) {
			printf "virtual_server 10.%d.%d.%d 80 {\n\tlb_algo wrr\n\tlb_kind NAT\n\tprotocol TCP\n",
				100 + int(i / 62500), int(i / 250) % 250, i % 250 + 1
			for (k = 0; k < dests; k++)
				printf "\treal_server 10.%d.%d.%d 80 {\n\t\tweight 1\n\t}\n", 200 + k, int(i / 250) % 250, i % 250 + 1
			print "}"
		}
	}' >"$2"
}
ipvsadm_file() {
	awk -v n="$1" -v dests=$BACKENDS_N 'BEGIN {
		for (i = 0; i < n; i++) {
			service = sprintf("10.%d.%d.%d:80", 100 + int(i / 62500), int(i / 250) % 250, i % 250 + 1)
			print "-A -t " service " -s wrr"
			for (k = 0; k < dests; k++)
				printf "-a -t %s -r 10.%d.%d.%d:80 -m -w 1\n", service, 200 + k, int(i / 250) % 250, i % 250 + 1
		}
	}' >"$2"
}

# calm: the processors have nothing to do; it waits for at most 10 s. The kernel frees what was there before, and the next start
# would wait for that.
calm() {
	local i user nice system wait irq soft rest idle=0 busy=0 busy_before idle_before
	for ((i = 0; i < 33; i++)); do
		busy_before=$busy idle_before=$idle
		read -r _ user nice system idle wait irq soft rest </proc/stat
		: "$wait $rest"
		busy=$((user + nice + system + irq + soft))
		[[ $i -eq 0 || $((busy - busy_before)) -gt $(((idle - idle_before) / 8)) ]] || return 0
		nap 0.3
	done
}

# empty: IPVS and the firewall of the namespace have nothing, by the same means whatever made it; no state is left.
# Dests that are removed stay in a list of IPVS for up to three minutes, and each new dest is looked for in it: starts with many
# dests need fresh.
empty() {
	"${IN[@]}" "$FLOOR" flush || return
	"${IN[@]}" nft delete table ip ezlb 2>/dev/null || :
	"${IN[@]}" iptables-legacy -t nat -F
	"${IN[@]}" iptables-legacy -t nat -X
	no_state
}
# fresh: a new network namespace, with an IPVS of its own; the one before goes, with all its objects.
fresh() {
	[[ ! -e /run/netns/bench ]] || ip netns delete bench
	ip netns add bench
	IN=(nsenter --net=/run/netns/bench)
	"${IN[@]}" ip link set lo up
	no_state
}
no_state() {
	rm -rf "$ROOT"/{state,persist}
	mkdir -m 700 "$ROOT"/{state,persist}
	: >"$ROOT/tmp/output"
	calm
}

# started SECONDS SIZE end|stay PROGRAM: sets TOOK to the milliseconds from its start until all is in IPVS, and PID.
# PROGRAM: floor, read (the floor that also reads the files), parse (and parses them), plain, nftables, iptables (ezlb), keepalived, ipvsadm.
started() {
	local command kind=plain line
	case $4 in
	floor) command=(/bin/floor create "$2" "$BACKENDS_N") ;;
	read | parse) command=(/bin/floor create "$2" "$BACKENDS_N" "$4" "/files/$2.plain") ;;
	plain | nftables | iptables)
		[[ $4 == plain ]] || kind=nat
		command=(/bin/ezlb run --config-dir "${FILES:-/files/$2.$kind}" --state-dir "/state/${PART:-}" --persist-dir "/persist/${PART:-}"
			--snat-backend "${4/plain/nftables}" "${EZLB_FLAGS[@]}")
		;;
	keepalived) command=(/bin/keepalived -n -l -C -f "/tmp/$2.keepalived" -p /run/keepalived.pid -c /run/checkers.pid) ;;
	ipvsadm) command=(/bin/ipvsadm -R) ;;
	esac
	local input=/dev/null most
	most=$(left)
	[[ $most -gt 3 ]] || return 1
	[[ $most -lt $1 ]] || most=$1
	[[ $4 != ipvsadm ]] || input=$ROOT/tmp/$2.ipvsadm
	line=$("${IN[@]}" "$STOPWATCH" start "$ROOT" "$most" "$2" $BACKENDS_N "$3" "$ROOT/tmp/output" "${command[@]}" <"$input") || {
		tail -n 5 "$ROOT/tmp/output"
		return 1
	}
	# shellcheck disable=SC2034 # for the cases
	read -r TOOK PID <<<"$line"
}
EZLB_FLAGS=()
IN=() # what enters the network namespace of IPVS

# processes PID: it and its children.
processes() {
	echo "$1"
	local child children
	read -ra children <"/proc/$1/task/$1/children" || :
	for child in "${children[@]}"; do processes "$child"; done
}

# ran PID: sets CPU to the microseconds that it and its children have run so far.
ran() {
	local pid task ns rest
	CPU=0
	for pid in $(processes "$1"); do
		for task in "/proc/$pid/task/"*; do
			read -r ns rest <"$task/schedstat" || continue
			: "$rest"
			CPU=$((CPU + ns / 1000))
		done
	done
}

# ended PID: with its children, and without that they clean up.
ended() {
	"$STOPWATCH" end "$1"
}

# up NAME PROGRAM SIZE: NAME has a network namespace of its own, with an IPVS of its own, so that all run at the same time
# and what is measured takes turns. Sets PIDS[NAME].
up() {
	ip netns add "$1"
	IN=(nsenter "--net=/run/netns/$1")
	"${IN[@]}" ip link set lo up
	mkdir -m 700 "$ROOT/state/$1" "$ROOT/persist/$1"
	# A third of the time: a start that is too slow must not take that of the others.
	PART=$1 started $(($(left) / 3)) "$3" stay "$2" || return
	PIDS[$1]=$PID
}
# down: all of them.
down() {
	local name
	for name in "${!PIDS[@]}"; do ended "${PIDS[$name]}"; done
	for name in $(ip netns list | cut -d ' ' -f 1); do ip netns delete "$name"; done
	rm -rf "$ROOT/state/"* "$ROOT/persist/"*
}
