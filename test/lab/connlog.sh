#!/usr/bin/env bash
# variants: nftables4
# also: iptables4
# timeout: 120
# takes: 20
# The connection log against the client's own list of its connections and against conntrack's numbers: nothing
# is missing, nothing twice, also while the file is rotated. How each connection ended, UDP, IPv6, services
# without the field, host settings. LAB_ALL=1 has also more ends than the socket holds.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
CONNTOOL=$(dirname "$EZLB")/conntool
LOG=$WORK/connections.log

lab_up
# The server closes first, so it remembers the source ports of port 80 for a minute. When conntrack's entries are gone,
# source NAT may choose such a port again; the server then refuses the first SYN, and the connection has two
# entries and two lines. So the later parts have ports of their own.
backend_start b1 80 81 82 83 53/udp
"$LABTOOL" serve b2 b2 "$WORK/b1" 6 80 >"$WORK/b2.ready" &
head -c 4000 /dev/zero >"$WORK/b1/large"

# svc NAME LISTEN BACKEND PROTO CONNECTION-LOG
svc() {
	local source=10.0.0.3
	[[ $2 != '['* ]] || source=fd00:10::3
	service "$1" <<-END
		listen: "$2"
		protocol: $4
		full_nat: true
		snat_ip: "$source"
		connection_log: $5
		health_check: {enabled: false}
		backends: [{address: "$3"}]
	END
}
svc web 10.0.0.1:80 192.168.10.11:80 tcp true
svc quiet 10.0.0.1:81 192.168.10.11:81 tcp false
svc later 10.0.0.1:82 192.168.10.11:82 tcp true
svc last 10.0.0.1:83 192.168.10.11:83 tcp true
svc six "[fd00:10::1]:80" "[fd00:192::12]:80" tcp true
svc dns 10.0.0.2:53 192.168.10.11:53 udp true
svc closed 10.0.0.2:99 192.168.10.13:99 tcp true
svc mute 10.0.0.2:98 192.168.10.99:98 tcp true

# connect HOST PORT FIRST N HOW PATH: prints the client's list.
connect() { in_ns client "$CONNTOOL" connect "$@"; }
flush() { in_ns lb "$CONNTOOL" flush; }
lines() { cat "$LOG"* 2>/dev/null | wc -l; }
has_lines() { [[ $(lines) -ge $1 ]]; }
# field NAME [CLIENT]: the values of a field, of all lines or of those of a client.
field() { cat "$LOG"* | grep -F "client=${2-}" | sed -n "s/\(^\|.* \)$1=\([^ ]*\).*/\2/p"; }
# conntrack's own words for the same: client packets_in bytes_in packets_out bytes_out
table() {
	in_ns lb sed -n 's/.* src=\(172[^ ]*\) dst=10.0.0.1 sport=\([0-9]*\) dport=80 packets=\([0-9]*\) bytes=\([0-9]*\) .* packets=\([0-9]*\) bytes=\([0-9]*\) .*/\1:\2 \3 \4 \5 \6/p' \
		/proc/net/nf_conntrack | sort
}
logged() {
	cat "$LOG"* | sed -n 's/.* client=\(172[^ ]*\) listen=10.0.0.1:80 .* packets_in=\(.*\) packets_out=\(.*\) bytes_in=\(.*\) bytes_out=\(.*\) how=.*/\1 \2 \4 \3 \5/p' | sort
}
# No packet will come any more that would make a new entry.
settled() { ! in_ns lb grep " dst=10.0.0.1 sport=[0-9]* dport=80 " /proc/net/nf_conntrack | grep -v TIME_WAIT >/dev/null; }
reopened() { [[ -e $LOG ]]; }

echo "# the settings that it needs, which cleanup will put back"
settings() { in_ns lb sysctl -n net.netfilter.nf_conntrack_acct net.netfilter.nf_conntrack_timestamp | paste -sd' '; }
in_ns lb modprobe -a ip_vs nf_conntrack
assert_eq "before" "0 0" "$(settings)"
ezlb_start --connection-log "$LOG" --ipvs-timeout-tcp 5s
eventually 20 "the services are in force" client_get 10.0.0.1:81
assert_eq "settings" "1 1" "$(settings)"

echo "# 500 connections, and the file is rotated meanwhile"
connect 10.0.0.1 80 20000 1 close /large >"$WORK/mine"
connect 10.0.0.1 81 20001 3 close / >"$WORK/quiet"
connect 10.0.0.1 80 20004 499 close / >>"$WORK/mine"
eventually 5 "all are closed" settled
# Reading /proc can miss an entry while others leave the table.
whole_table() { table >"$WORK/table" && [[ $(wc -l <"$WORK/table") -ge 500 ]]; }
eventually 5 "conntrack's own list has 500" whole_table
eventually 5 "the file is there from the start" reopened
for i in 1 2 3; do
	flush &
	mv "$LOG" "$LOG.$i"
	kill -USR1 "$EZLB_PID"
	eventually 5 "a new file" reopened
	wait $!
done
eventually 10 "500 lines" has_lines 500
# Both lines of a connection that has two.
while read -r twice; do cat "$LOG"* | grep -F "client=$twice "; done < <(field client | sort | uniq -d)
assert_eq "clients: mine, then those of the log" "" \
	"$(diff <(cut -d' ' -f1 "$WORK/mine" | sort) <(field client | sort))"
assert_eq "packets and bytes: conntrack's, then those of the log" "" "$(diff <(sort "$WORK/table") <(logged))"
assert_eq "how they ended" "500 closed" "$(field how | sort | uniq -c | sed 's/^ *//')"
read -r large _ _ got < <(head -n 1 "$WORK/mine")
[[ $got -gt 4000 && $(field bytes_out "$large") -gt $got && $(field bytes_out "$large") -lt $((got + 1000)) ]] ||
	fail "bytes of the large one: $(field bytes_out "$large"), the client got $got"
assert_eq "backend and listener" "500 web 10.0.0.1:80 192.168.10.11:80" \
	"$(paste -d' ' <(field svc) <(field listen) <(field backend) | sort | uniq -c | sed 's/^ *//')"
assert_eq "sources" 500 "$(field source | grep -c '^10\.0\.0\.3:')"

echo "# times: conntrack's start is between the client's first and last moment; the end is to a second"
# ms TIME: milliseconds of the wall clock
ms() { date -d "$1" +%s%3N; }
read -r _ begin end _ < <(head -n 1 "$WORK/mine")
start=$(ms "$(field start "$large")")
[[ $start -ge $((begin - 20)) && $start -le $((end + 20)) ]] || fail "start $start is not in $begin-$end"
last=$(ms "$(field end "$large")")
[[ $last -ge $((begin - 1000)) && $last -le $((end + 1100)) ]] || fail "end $last is not about $end"

echo "# how they end"
rm "$LOG".*
: >"$LOG" # ezlb appends to it
connect 10.0.0.1 82 20503 1 reset / >"$WORK/reset"
connect 10.0.0.2 99 20504 1 close / >"$WORK/refused" 2>/dev/null
in_ns client timeout 1 "$CONNTOOL" connect 10.0.0.2 98 20505 1 close / >"$WORK/mute" 2>/dev/null || :
connect fd00:10::1 80 20506 1 close / >"$WORK/six"
"$LABTOOL" udp client 3 10.0.0.2 53 40053 >/dev/null
coproc HELD { connect 10.0.0.1 82 20507 1 hold /; }
read -r -u "${HELD[0]}" held _
flush
eventually 10 "six lines" has_lines 6
cat "$LOG"
assert_eq "reset" reset "$(field how 172.16.0.2:20503)"
assert_eq "refused" refused "$(field how 172.16.0.2:20504)"
assert_eq "no answer" no_answer "$(field how 172.16.0.2:20505)"
assert_eq "IPv6" closed "$(field how "[fd00:172::2]:20506")"
assert_match "addresses of IPv6" 'listen=\[fd00:10::1\]:80 source=\[fd00:10::3\]:[0-9]+ backend=\[fd00:192::12\]:80 ' \
	"$(grep svc=six "$LOG")"
assert_eq "udp" removed "$(field how 172.16.0.2:40053)"
assert_eq "removed by an administrator" removed "$(field how "$held")"
echo >&"${HELD[1]}" || :
kill "$HELD_PID" 2>/dev/null || :

echo "# an open connection that IPVS forgets; a UDP flow that ends by itself; both to the millisecond or second"
lb_sysctl net.netfilter.nf_conntrack_udp_timeout 1
lb_sysctl net.netfilter.nf_conntrack_tcp_timeout_time_wait 1
: >"$LOG"
coproc IDLE { connect 10.0.0.1 82 20508 1 hold /; }
read -r -u "${IDLE[0]}" idle _
connect 10.0.0.1 82 20509 1 close / >"$WORK/exact"
"$LABTOOL" udp client 3 10.0.0.2 53 40054 >/dev/null
# Reading the table makes the kernel remove what has expired.
ended() { in_ns lb cat /proc/net/nf_conntrack >/dev/null && has_lines 3; }
eventually 15 "three lines" ended
cat "$LOG"
assert_eq "the idle one" timeout "$(field how "$idle")"
assert_eq "the flow" timeout "$(field how 172.16.0.2:40054)"
read -r exact begin end _ <"$WORK/exact"
last=$(ms "$(field end "$exact")")
[[ $last -ge $((begin - 20)) && $last -le $((end + 20)) ]] || fail "end $last is not in $begin-$end"
assert_match "to the millisecond" '\.[0-9]{3}Z$' "$(field end "$exact")"
kill "$IDLE_PID" 2>/dev/null || :

if thorough; then
	echo "# more than the socket holds end while ezlb stands still: each has its line, or is counted as lost"
	# metric NAME: of the connection log.
	metric() { admin /metrics | sed -n "s/^ezlb_connection_log_$1_total //p"; }
	told() { [[ $(($(metric lines) + $(metric lost))) -ge $1 ]]; }
	# It can be written from the first network namespace only.
	nsenter --net=/dev/shm/first-netns sysctl -qw net.netfilter.nf_conntrack_max=200000
	flush
	in_ns lb "$(dirname "$EZLB")/cttool" fill 30000 10.0.0.1 83 10.0.0.3 192.168.10.11 83
	before=$(metric lines) lost=$(metric lost)
	: >"$LOG"
	kill -STOP "$EZLB_PID"
	flush
	kill -CONT "$EZLB_PID"
	eventually 60 "each is told" told $((before + lost + 30000))
	lost=$(($(metric lost) - lost))
	[[ $lost -gt 0 && $lost -lt 20000 ]] || fail "lost: $lost of 30000"
	assert_eq "lines" $((30000 - lost)) "$(grep -c " listen=10.0.0.1:83 " "$LOG")"
	grep -q "level=warn pkg=connlog .*missing=" "$EZLB_LOG" || fail "no warning"
fi

echo "# what is not known is not 0"
rm "$LOG"
ezlb_stop TERM
ezlb_cmd cleanup >/dev/null
assert_eq "settings after cleanup" "0 0" "$(settings)"
lb_sysctl net.netfilter.nf_conntrack_tcp_timeout_time_wait 120
lb_sysctl net.ipv4.vs.conntrack 1
lb_sysctl net.ipv4.ip_forward 1
ezlb_start --connection-log "$LOG" --host-setup never
eventually 20 "web answers" client_get 10.0.0.1:82
flush
eventually 10 "a line" has_lines 1
assert_match "the line" 'start=unknown end=2[^ ]* duration=unknown packets_in=unknown packets_out=unknown bytes_in=unknown bytes_out=unknown how=closed' \
	"$(cat "$LOG")"

echo "# what waits at the end is written; without a file the lines are in the log; none without the field"
connect 10.0.0.1 83 20510 50 close / >"$WORK/last"
flush
ezlb_stop TERM
assert_eq "lines" 51 "$(lines)"
svc six "[fd00:10::1]:80" "[fd00:192::12]:80" tcp false
for name in dns closed mute web last; do rm "$SERVICES/$name.yaml"; done
ezlb_start
eventually 20 "web answers" client_get 10.0.0.1:82
flush
eventually 10 "a line in the log" grep -q "level=info pkg=connlog svc=later .* how=closed" "$EZLB_LOG"
sockets() { in_ns lb sed 1d /proc/net/netlink | awk '$2 == 12 && $4 == "00000004"' | wc -l; }
assert_eq "sockets with this group" 1 "$(sockets)"
svc later 10.0.0.1:82 192.168.10.11:82 tcp false
no_socket() { [[ $(sockets) -eq 0 ]]; }
eventually 10 "no socket any more" no_socket
ezlb_stop TERM
