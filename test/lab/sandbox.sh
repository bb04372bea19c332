#!/usr/bin/env bash
# variants: nftables4
# also: iptables4 iptables6 nftables6
# What the processes of ezlb may still do, as the kernel says it of each process and thread, while they do their work:
# source NAT, a reload, a module that a later file needs. And without a sandbox, or with a part of one, it works as well.
# That no call was refused that ezlb needs, scripts/lab.d/one-case checks after every case.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

# Bits of linux/capability.h.
declare -A BITS=([DAC_READ_SEARCH]=2 [NET_ADMIN]=12 [NET_RAW]=13 [SYS_MODULE]=16 [PERFMON]=38 [BPF]=39)
# row PROCESS COLUMN: the words in backquotes in this row of the table in docs/operating.md, one a line, sorted.
# shellcheck disable=SC2016 # backquotes of Markdown
row() {
	awk -F '|' -v process="\`$1\`" -v column="$2" 'index($2, process) { print $(column + 1); exit }' "$LAB_REPO/docs/operating.md" |
		grep -o '`[^`]*`' | tr -d '`' | sort || :
}
# bits NAME...: of capabilities.
bits() {
	local name sum=0
	for name; do sum=$((sum | 1 << BITS[$name])); done
	echo "$sum"
}
mapfile -t names < <(row ezlb 3)
KERNEL=$(bits "${names[@]}")
MODULES=$(bits SYS_MODULE)

# The users of this machine, of which none is called ezlb yet.
sed '/^ezlb:/d' /etc/passwd >"$WORK/passwd"
mount --bind "$WORK/passwd" /etc/passwd

lab_up
backend_start b1
WEB=$(ep "$VIP" 80)
web() { # web SCHEDULER
	service web <<-YAML
		listen: "$WEB"
		full_nat: true
		snat_ip: "$SNAT_IP"
		scheduler: $1
		health_check: {interval: 1s, type: http, http_path: /healthz}
		backends: [{address: "$(ep "${BACKEND_IP[b1]}" 80)"}]
	YAML
}
answers() { [[ $(client_get "$WEB") == "backend=b1 peer=$SNAT_IP" ]]; }
status_says() { [[ $(admin /api/v1/status | jq -r .sandbox) == "$1" ]]; }
has_scheduler() { [[ $(in_ns lb ipvsadm -Ln) == *" $1"* ]]; }
# held FILE: what the kernel says of one thread, in one line.
held() {
	awk '$1 ~ /^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):$/ { printf "%s%s ", $1, $2 }' "$1"
}
# all_hold PID CAPABILITIES: every thread, and exactly these.
all_hold() {
	local file caps zero=0000000000000000
	printf -v caps %016x "$2"
	for file in "/proc/$1"/task/*/status; do
		assert_eq "$file" \
			"CapInh:$zero CapPrm:$caps CapEff:$caps CapBnd:$caps CapAmb:$zero NoNewPrivs:1 Seccomp:2 " "$(held "$file")"
	done
}
# its_children PID: spawner and worker.
its_children() {
	local pid pids
	read -ra pids < <(cat "/proc/$1"/task/*/children) || :
	for pid in "${pids[@]}"; do
		echo "$pid"
		its_children "$pid"
	done
}
# kind_of PID LINK: what an open descriptor is, in one word. A socket without an address is in no table.
kind_of() {
	local inode=${2//[^0-9]/} row file column kind
	case $2 in
	anon_inode:*)
		kind=${2#anon_inode:}
		kind=${kind#[}
		echo "${kind%]}"
		;;
	pipe:*) echo pipe ;;
	/proc/*) echo /proc ;;
	"$STATE"/*) echo state ;;
	socket:*)
		for row in unix:7:unix netlink:10:netlink raw:10:raw raw6:10:raw packet:9:packet none:0:inet; do
			IFS=: read -r file column kind <<<"$row"
			[[ $file != none ]] || break
			! awk -v c="$column" -v i="$inode" '$c == i { found = 1 } END { exit !found }' "/proc/$1/net/$file" || break
		done
		echo "$kind"
		;;
	*) echo "$2" ;;
	esac
}
# sees PID PROCESS: it has open what the table says. Some of it only now and then: SEEN collects it; inet is open while a
# probe runs, which is short. What the table does not name must be open for a moment only.
sees() {
	local fd link kind want
	want=$(row "$2" 4)
	for fd in "/proc/$1/fd"/*; do
		[[ ${fd##*/} -gt 2 ]] || continue
		link=$(readlink "$fd") || continue # closed since
		kind=$(kind_of "$1" "$link")
		if grep -qxF "$kind" <<<"$want"; then
			SEEN[$kind]=1
			continue
		fi
		nap 1
		[[ $(readlink "$fd") != "$link" ]] || fail "$2 has $link ($kind) open, which docs/operating.md does not say"
	done
	SEEN[inet]=1
	grep -qx inet <<<"$want" || unset 'SEEN[inet]'
	[[ $(printf '%s\n' "${!SEEN[@]}" | sort) == "$want" ]]
}
# has_open PID PROCESS
has_open() {
	local end=$((SECONDS + 20))
	declare -A SEEN=()
	until sees "$1" "$2"; do
		[[ $SECONDS -lt $end ]] || fail "$2 has open: ${!SEEN[*]}; docs/operating.md: $(row "$2" 4 | xargs)"
	done
}
# are UID GID PID...: these processes are of this user and group, and of no other group.
are() {
	local ids pid
	ids=$(printf 'Uid:\t%d\t%d\t%d\t%d\nGid:\t%d\t%d\t%d\t%d\nGroups:\t ' "$1" "$1" "$1" "$1" "$2" "$2" "$2" "$2")
	for pid in "${@:3}"; do
		assert_eq "the user of $(cat "/proc/$pid/comm")" "$ids" "$(grep -E '^([UG]id|Groups):' "/proc/$pid/status")"
	done
}
logged() { [[ $(dmesg) =~ type=1326\ [^$'\n']*\ exe=\"[^\"]*/sandbox_test\" ]]; }
has_threads() { [[ $(echo "/proc/$EZLB_PID"/task/*) == *" "* ]]; }

echo "# what is refused is in the kernel's log: one-case relies on that"
in_ns lb "$(dirname "$EZLB")/sandbox_test" test_worker >"$WORK/unit" 2>&1 || fail "unit tests on this kernel: $(cat "$WORK/unit")"
[[ ${LAB_PLACE:-} != guest ]] || eventually 10 "a line of the kernel" logged

echo "# the daemon keeps what the kernel asks of it, and its threads have the same"
web wrr
ezlb_start
eventually 20 "web answers" answers
eventually 10 "there are threads" has_threads
all_hold "$EZLB_PID" $((KERNEL | MODULES))
eventually 10 "the status says so" status_says on
has_open "$EZLB_PID" ezlb
mapfile -t others < <(its_children "$EZLB_PID")
assert_eq "other processes" 2 "${#others[@]}"
for pid in "${others[@]}"; do
	name=$(<"/proc/$pid/comm")
	assert_eq "capabilities of $name in docs/operating.md" "" "$(row "$name" 3)"
	all_hold "$pid" 0
	has_open "$pid" "$name"
done
are 65534 65534 "${others[@]}"
assert_eq "lines about the user" 1 "$(grep -c 'there is no user ezlb' "$EZLB_LOG")"

echo "# it works: a module for a later file, a reload"
modprobe -r ip_vs_sed 2>/dev/null || :
web sed
eventually 20 "the scheduler is there" has_scheduler sed
kill -HUP "$EZLB_PID"
in_ns lb ipvsadm -C
eventually 10 "a repair" answers
assert_eq "complaints" "" "$(grep -E 'level=(warn|error)' "$EZLB_LOG" | grep -v -e 'another program changed' -e msg=repaired || :)"
ezlb_stop TERM

echo "# modules are left to others; there is a user ezlb"
echo "ezlb:x:64997:64996:ezlb:/:/usr/sbin/nologin" >>"$WORK/passwd"
: >"$EZLB_LOG"
ezlb_start --host-setup never --cleanup-on-exit=false
eventually 20 "web answers" answers
all_hold "$EZLB_PID" "$KERNEL"
mapfile -t others < <(its_children "$EZLB_PID")
are 64997 64996 "${others[@]}"
assert_eq "lines about the user" "" "$(grep nobody "$EZLB_LOG" || :)"
assert_eq "the user of the daemon" 0 "$(stat -c %u "/proc/$EZLB_PID")"
ezlb_stop TERM

echo "# off"
ezlb_start --sandbox off --cleanup-on-exit=false
eventually 20 "web answers" answers
eventually 10 "the status says so" status_says off
assert_match "no filter" 'NoNewPrivs:0 Seccomp:0 $' "$(held "/proc/$EZLB_PID/status")"
assert_eq "no other process" "" "$(its_children "$EZLB_PID")"
ezlb_stop TERM

echo "# a kernel or a container without seccomp: it says so once, gives up the rest, and works"
: >"$EZLB_LOG"
EZLB_WRAP="strace -D -qq -o /dev/null -e trace=seccomp -e inject=seccomp:error=EINVAL" ezlb_start
eventually 20 "web answers" answers
eventually 10 "the status says so" status_says partial
assert_match "the log" 'msg="a part of the sandbox is missing; ezlb works without" process=daemon err="cannot filter system calls \(seccomp\): ' \
	"$(grep 'process=daemon' "$EZLB_LOG")"
assert_match "what ezlb status says" "a part of the sandbox is missing: cannot filter system calls" "$(ezlb_cmd status)"
printf -v caps %016x $((KERNEL | MODULES))
assert_match "capabilities" "CapEff:$caps CapBnd:$caps .*NoNewPrivs:1" "$(held "/proc/$EZLB_PID/status")"
ezlb_stop TERM
