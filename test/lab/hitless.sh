#!/usr/bin/env bash
# takes: 65
# timeout: 300
# Nobody notices that ezlb goes and comes. One client makes requests without a pause, each a new
# connection, others keep theirs, while the daemon is stopped, killed, upgraded and started again.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
# A copy, so that the upgrade can replace it.
mkdir "$WORK/bin"
cp "$EZLB" "$WORK/bin/ezlb"
EZLB=$WORK/bin/ezlb

for b in b1 b2; do
	backend_start "$b" 80
	"$LABTOOL" in "$b" socat TCP6-LISTEN:7,ipv6only=0,fork,reuseaddr PIPE 2>>"$WORK/$b.log" &
	eventually 10 "$b echoes" backend_listens "$b" 7
done
# both NAME PORT: a service on that port with the same port of both backends.
both() {
	service "$1" <<-END
		listen: $VIP:$2
		full_nat: true
		snat_ip: $SNAT_IP
		health_check: {interval: 1s}
		backends:
		  - address: ${BACKEND_IP[b1]}:$2
		  - address: ${BACKEND_IP[b2]}:$2
	END
}
both web 80
both echo 7

# --- the daemon ------------------------------------------------------------------------------

STARTS=0
start() {
	ezlb_start --cleanup-on-exit=false
	STARTS=$((STARTS + 1))
	eventually 10 "start $STARTS" started
}
started() { [[ $(grep -c msg=started "$EZLB_LOG") -eq $STARTS ]]; }
kernel() { in_ns lb ipvsadm -Sn; nat_rules; }
plans() { grep -c 'applied changes to the kernel' "$EZLB_LOG"; }
all_in() { [[ $(kernel_rows | wc -l) -eq 6 ]]; }

# --- the clients -----------------------------------------------------------------------------
# A line for each success, which begins with 2. Any other line is a failure.

# stdbuf: a line must be there when its request is done, not when 4 KiB of them are.
requests_start() {
	"$LABTOOL" in client stdbuf -oL curl -sS --max-time 5 -H 'Connection: close' -o /dev/null \
		-w '%{http_code} after %{time_total} s %{errormsg}\n' "http://$VIP/healthz?[1-100000000]" >"$WORK/requests" 2>&1 &
	CLIENT=$!
}

# Three connections, a line on each in turn. It never connects again: a reset is the end.
echo_start() {
	cat >"$WORK/talk" <<-'END'
		trap '' PIPE
		exec 3<> <(:) 4<>"/dev/tcp/$1/7" 5<>"/dev/tcp/$1/7" 6<>"/dev/tcp/$1/7"
		for ((n = 1; ; n++)); do
			for fd in 4 5 6; do
				answer='no answer'
				echo "$fd says $n" >&$fd && read -r -t 5 -u $fd answer
				if [[ $answer != "$fd says $n" ]]; then
					echo "connection $fd, line $n: $answer"
					exit 1
				fi
				echo "200 $answer"
			done
			read -r -t 0.2 -u 3
		done
	END
	"$LABTOOL" in client bash "$WORK/talk" "$VIP" >"$WORK/echoes" 2>&1 &
}

requests() { wc -l <"$WORK/requests"; }
echoes() { wc -l <"$WORK/echoes"; }

# Only the first letter, because the last line may be there by half.
nothing_failed() {
	local line
	if line=$(grep -hvm 1 '^2' "$WORK/requests" "$WORK/echoes"); then
		fail "after $(requests) requests and $(echoes) echoes: $line"
	fi
}

# traffic N: returns after N more requests. Pauses are measured in these, so none is without traffic.
traffic() {
	local end=$(($(requests) + $1)) start
	start=$(now_ms)
	until [[ $(requests) -ge $end ]]; do
		nothing_failed
		[[ $(elapsed_ms "$start") -lt 10000 ]] || fail "the client stands still after $(requests) requests"
		nap 0.05
	done
	nothing_failed
}

# connections PORT: the service's own counter in IPVS. It starts at 0 when a service is made anew.
connections() {
	local a b conns rest
	while read -r a b conns rest; do
		[[ "$a $b" != "TCP $VIP:$1" ]] || echo "$conns"
	done < <(in_ns lb ipvsadm -Ln --stats --exact -t "$VIP:$1")
}
# The kernel adds them up every 2 s.
counted() { [[ $(connections 80) -ge $1 ]]; }
echo_counted() { [[ $(connections 7) -eq 3 ]]; }

# phase NAME: judges the one before and announces this one.
REQUESTS=0 ECHOES=0 CONNECTIONS=0
phase() {
	local requests echoes connections
	traffic 20
	requests=$(requests) echoes=$(echoes) connections=$(connections 80)
	[[ $echoes -gt $ECHOES ]] || fail "the long-lived connections stand still after $echoes echoes"
	[[ $connections -ge $CONNECTIONS ]] ||
		fail "the service was made anew: it counted $CONNECTIONS connections, and now $connections"
	eventually 5 "the service counts $requests connections" counted "$requests"
	# From Linux 6.2 on each service is added up at a time of its own.
	eventually 5 "3 connections to the echo service" echo_counted
	nothing_failed
	echo "  $((requests - REQUESTS)) requests, $((echoes - ECHOES)) echoes"
	REQUESTS=$requests ECHOES=$echoes CONNECTIONS=$connections
	echo "# $1"
}

# --- what a restart writes -------------------------------------------------------------------

other_writes() { grep -E 'IPT_SO_SET_|NFT_MSG_(NEW|DEL)|/proc/sys/.*O_(WRONLY|RDWR)' "$WORK/trace" | cut -c -120 || :; }

# --- the case --------------------------------------------------------------------------------

echo "# undisturbed"
start
eventually 10 "both services have both backends" all_in
requests_start
echo_start
eventually 10 "three connections" test -s "$WORK/echoes"
BEFORE=$(kernel)
PLANS=$(plans)

phase "stopped and started 10 times"
for gap in 0 1 0 5 20 0 1 5 10 25; do
	ezlb_stop
	traffic $gap
	start
	traffic $((30 - gap))
done

phase "upgraded: the binary is replaced while it runs, then the daemon restarts"
for _ in 1 2; do
	cp "$EZLB" "$WORK/bin/.new"
	mv "$WORK/bin/.new" "$EZLB"
	traffic 20
	assert_match "the running program" '\(deleted\)$' "$(readlink "/proc/$EZLB_PID/exe")"
	ezlb_stop
	start
	assert_eq "the running program" "$EZLB" "$(readlink "/proc/$EZLB_PID/exe")"
	traffic 20
done

phase "killed -9 and started 5 times"
for gap in 0 1 5 15 25; do
	ezlb_stop KILL
	traffic $gap
	start
	traffic $((30 - gap))
done

phase "killed -9 and dead for 5 s"
ezlb_stop KILL
nap 5
assert_eq "the kernel without a daemon" "$BEFORE" "$(kernel)"
start

phase "killed -9 in the midst of its start"
for delay in 0.02 0.08 0.15 0.3; do
	ezlb_stop KILL
	ezlb_start --cleanup-on-exit=false
	STARTS=$((STARTS + 1))
	nap $delay
done
ezlb_stop KILL
KILLED_EARLY=$((STARTS - $(grep -c msg=started "$EZLB_LOG")))
STARTS=$((STARTS - KILLED_EARLY))
start

phase "started without its state directory"
ezlb_stop
rm -r "$STATE"
start
traffic 50

phase "SIGHUP"
for _ in 1 2 3 4 5; do
	kill -HUP "$EZLB_PID"
	traffic 10
done
ezlb_runs || fail "SIGHUP ended it"

phase "ezlb once between a stop and a start"
ezlb_stop
assert_eq "what once had to do" "" "$(ezlb_cmd once 2>>"$WORK/once.log")"
start

phase "a restart writes nothing to the kernel"
ezlb_stop
EZLB_WRAP="strace -D -f -qq -x -s 65536 -o $WORK/trace -e trace=sendmsg,sendto,setsockopt,openat,write" start
nap 4
ezlb_stop
[[ $(ipvs_commands <"$WORK/trace") == *4* ]] || fail "the trace shows no reading of IPVS: $(cat "$WORK/trace")"
assert_eq "commands to IPVS that write" "" "$(ipvs_writes <"$WORK/trace")"
assert_eq "writes to netfilter and to settings" "" "$(other_writes)"
start

phase "the end"
assert_eq "the kernel" "$BEFORE" "$(kernel)"
assert_eq "plans carried out since the first start" "$PLANS" "$(plans)"
ezlb_stop
traffic 10
kill "$CLIENT"
eventually 5 "the service counts all $(requests) connections" counted "$(requests)"
[[ $REQUESTS -ge 2000 ]] || fail "only $REQUESTS requests"
# Whoever loses its first packet waits for a second before it sends another.
assert_eq "requests that took a second or more" "" "$(awk '$3 >= 1' "$WORK/requests")"
echo "$(requests) requests and $(echoes) echoes on 3 connections, none failed;" \
	"$((STARTS + KILLED_EARLY)) starts, $KILLED_EARLY of them killed before they were done"
