#!/usr/bin/env bash
# takes: 24
# timeout: 180
# variants: nftables4
# also: iptables4 iptables6 nftables6
# A backend that is killed under load leaves the kernel within fail_count probes, by one write, and costs no
# request but its own; nothing is listed before the write. 500 backends that fail together are a few passes, and
# so is their recovery: their probes are spread over the interval, and so are their verdicts.
# Counted: probes, writes and passes. The times are printed only.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
WEB=$(ep "$VIP" 80)
MANY=$(ep "$VIP2" 80)
FAILS=3 CLIENTS=3 REQUESTS=100
declare -A EP
for b in b1 b2 b3; do
	backend_start "$b" 80
	EP[$b]=$(ep "${BACKEND_IP[$b]}" 80)
done

now_us() { echo "${EPOCHREALTIME/[.,]/}"; }
# traced CALLS: starts ezlb; its calls are then in $WORK/trace, with the time of each.
traced() {
	EZLB_WRAP="strace -D -f -qq -ttt --seccomp-bpf -x -s 65536 -e trace=$1 -o $WORK/trace" ezlb_start
}
# since US: the trace from then on, without the numbers of the threads.
since() { awk -v from="$1" '$2 * 1e6 > from { $1 = ""; print }' "$WORK/trace"; }
# The firewall commits that a pass of backends needs: with iptables each backend has a rule.
commits() { since "$1" | grep -cE 'IP6?T_SO_SET_REPLACE|NFT_MSG_(NEW|DEL)' || :; }
# flip_is US WRITE: since then ezlb has sent this write to IPVS before anything else, and then has checked the one service:
# GET_SERVICE (4) and GET_DEST (8), of which the first is no dump. With iptables the pass is over all services, because
# they share their rules.
flip_is() {
	local sent
	sent=$(since "$1" | ipvs_commands | xargs)
	! by_listener || [[ "$sent " == "$2 4 8 "* ]] || { echo "sent: $sent" && return 1; }
	# Later sends may be of the traffic counters.
	! since "$1" | grep nlmsg_type=IPVS | head -n 3 | grep 'NLM_F_DUMP.*"\\x04'
}
# Where the kernel tells that nobody has changed anything, nothing is read before the write.
told() { eventually 60 "the kernel's calls are counted" grep -q 'how changes of IPVS.*by="BPF' "$EZLB_LOG"; }
want_commits=1
! by_listener || want_commits=0
# passes US: those that changed something, a line of the log each.
mark() { lines=$(wc -l <"$EZLB_LOG"); }
passes() { tail -n +$((lines + 1)) "$EZLB_LOG" | grep -E 'msg=("applied changes|repaired)' || :; }

# --- one of three, under load ----------------------------------------------------------------

# After the first failure the probes are 300 ms apart.
service web <<END
listen: "$WEB"
full_nat: true
snat_ip: "$SNAT_IP"
scheduler: rr
health_check: {interval: 1s, fast_interval: 300ms, timeout: 1s, fail_count: $FAILS, rise_count: 2}
backends: [{address: "${EP[b1]}"}, {address: "${EP[b2]}"}, {address: "${EP[b3]}"}]
END
serves() { [[ $(kernel_rows) == *"tcp $WEB ${EP[$1]} 1"* ]]; }
out() { ! serves "$1"; }

# stamp: a line for each request on stdin: when it began and ended, its status, and who answered.
stamp() {
	local line end took who=nobody
	while read -r line; do
		end=${EPOCHREALTIME/[.,]/}
		case $line in
		backend=*) who=${line#backend=} who=${who% *} ;;
		*)
			took=${line#* }
			echo "$((end - 10#${took/./})) $end ${line% *} $who"
			who=nobody
			;;
		esac
	done
}
load() {
	local i
	for ((i = 0; i < CLIENTS; i++)); do
		"$LABTOOL" in client stdbuf -oL curl -sS --rate 20/s --max-time 5 -H 'Connection: close' \
			-w '%{http_code} %{time_total}\n' "http://$WEB/?[1-$REQUESTS]" 2>>"$WORK/curl.log" |
			stamp >"$WORK/requests.$i" &
	done
}
requests() { cat "$WORK"/requests.*; }
requested() { [[ $(requests | wc -l) -ge $1 ]]; }
# counted BACKEND: the connections that IPVS gave it. The kernel adds them up every 2 s.
counted() { in_ns lb ipvsadm -Ln --stats --exact | awk -v b="${EP[$1]}" '$1 == "->" && $2 == b { print $3 }'; }
all_answered() { [[ $(requests | grep -c " 200 $1\$") -eq $(counted "$1") ]]; }

traced sendmsg,sendto,setsockopt,connect
for b in b1 b2 b3; do eventually 15 "$b serves" serves $b; done
eventually 10 "it is ready" is_ready
told
load
eventually 20 "the load runs" requested 30

echo "# killed under load"
mark
backend_stop b1
died=$(now_us)
eventually 10 "b1 is out" out b1
eventually 10 "the log tells" grep -q 'why=health ops=[12] failed=0 first="\(dest-del\|dest-set\)' "$EZLB_LOG"
wrote=$(since "$died" | awk '/nlmsg_type=IPVS/ && /\\x07\\x01/ && !n++ { printf "%.0f\n", $1 * 1e6 }')
[[ -n $wrote ]] || fail "the trace has no DEL_DEST: $(since "$died")"
probes=$(since "$died" | awk -v until="$wrote" -v ip="\"${BACKEND_IP[b1]}\"" '
	/ connect\(/ && index($0, ip) && $1 * 1e6 < until { n++ } END { print n + 0 }')
echo "from the failure to the write to the kernel: $probes probes, $(((wrote - died) / 1000)) ms"
[[ $probes -ge $((FAILS - 1)) && $probes -le $FAILS ]] || fail "b1 left after $probes probes, fail_count is $FAILS"

eventually 60 "the load is over" requested $((CLIENTS * REQUESTS))
assert_eq "writes to IPVS: one DEL_DEST" 7 "$(since "$died" | ipvs_writes)"
eventually 5 "one write, and the check of its service" flip_is "$died" 7
assert_eq "commits to the firewall" $want_commits "$(commits "$died")"
assert_eq "passes that wrote" 1 "$(passes | wc -l)"
after=$(requests | awk -v wrote="$wrote" '$1 > wrote { n++ } END { print n + 0 }')
failed=$(requests | grep -vc ' 200 b[123]$' || :)
echo "$((CLIENTS * REQUESTS)) requests, $failed failed; $after began after the write"
[[ $failed -gt 0 ]] || fail "no request was on b1: the load was too small"
[[ $after -ge 20 ]] || fail "only $after requests began after the write"
# stamp comes late to the end of a request, so one that began before the write may seem to be a later one.
assert_eq "those of them that failed" "" "$(requests | awk -v wrote="$wrote" '$1 > wrote + 250000 && $3 != 200')"
# Whatever failed was on the killed one: the others answered each connection that they were given.
for b in b2 b3; do eventually 10 "$b answered all that it was given" all_answered $b; done

echo "# it comes back"
mark
back=$(now_us)
backend_start b1 80
eventually 10 "b1 serves" serves b1
assert_eq "writes to IPVS: one NEW_DEST" 5 "$(since "$back" | ipvs_writes)"
eventually 5 "one write, and the check of its service" flip_is "$back" 5
assert_eq "commits to the firewall" $want_commits "$(commits "$back")"
eventually 5 "a pass" passes
assert_eq "passes that wrote" 1 "$(passes | wc -l)"
ezlb_stop
rm "$SERVICES/web.yaml"

# --- 500 at once -----------------------------------------------------------------------------

COUNT=${LAB_COUNT:-500}
if [[ $FAMILY == 4 ]]; then
	net=10.64.0.0/16 address=10.64.%d.%d
else
	net=fd00:64::/64 address=fd00:64::%x:%x
fi
ip -n b3 -"$FAMILY" route add local $net dev lo
ip -n lb -"$FAMILY" route add $net via "${BACKEND_IP[b3]}"
listener_start() {
	: >"$WORK/many.ready"
	"$LABTOOL" misbehave b3 sink 7000 >"$WORK/many.ready" &
	LISTENER=$!
	eventually 10 "the listener of all" test -s "$WORK/many.ready"
}
listener_start
{
	echo "listen: '$MANY'"
	echo "full_nat: true"
	echo "snat_ip: '$SNAT_IP'"
	echo "health_check: {interval: 2s, fail_count: $FAILS, rise_count: 2}"
	echo "backends:"
	for ((i = 0; i < COUNT; i++)); do
		# shellcheck disable=SC2059 # a format
		printf -v ip "$address" $((i / 250)) $((i % 250 + 1))
		echo "  - address: '$(ep "$ip" 7000)'"
	done
} | service many
dests() { [[ $(grep -c ' Masq ' "/proc/$EZLB_PID/net/ip_vs") -eq $1 ]]; }
# tell WHAT SINCE-US: what was done since `mark`; sets N.
tell() {
	N=$(passes | wc -l)
	echo "$1: $N passes, $(since "$2" | grep -cE 'send(msg|to)\(.*nlmsg_type=IPVS') sends to IPVS," \
		"operations: $(passes | sed 's/.* ops=\([0-9]*\) .*/\1/' | xargs)"
}

mark
start=$(now_us)
traced sendmsg,sendto # not setsockopt: each probe makes one, and would wait for strace
eventually 60 "all serve" dests "$COUNT"
eventually 10 "it is ready" is_ready
tell "the start" "$start"
echo "# $COUNT fail together"
mark
died=$(now_us)
kill $LISTENER
eventually 20 "none serves" dests 0
eventually 10 "the log tells" passes
tell "the failure" "$died"
[[ $N -le 40 ]] || fail "$N passes: $(passes)"

echo "# they come back together"
mark
back=$(now_us)
listener_start
eventually 20 "all serve" dests "$COUNT"
eventually 10 "the log tells" passes
tell "the recovery" "$back"
[[ $N -le 40 ]] || fail "$N passes: $(passes)"
ezlb_stop
