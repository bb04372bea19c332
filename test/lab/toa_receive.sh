#!/usr/bin/env bash
# takes: 20
# ezlb-toa alone, against a client that puts the option with an address into packets itself: which packets and kinds
# it reads, whom it believes, what accept() and getpeername() of an ordinary server then return, and what becomes of it
# when it is attached again, detached, killed, or its cgroup is removed.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

TOA=$(dirname "$EZLB")/ezlb-toa
PEER=$(dirname "$EZLB")/toapeer
CGROUP=$WORK/cgroup
PORT=20000
[[ -x $TOA ]] || fail "there is no $TOA: build it with clang and bpftool (scripts/deps build)"

LAB_LB_ADDRESSES='' lab_up # the client has the addresses, and no kernel answers for them
ip -n b1 route add 10.0.0.0/24 via 192.168.10.1
ip -n b1 -6 route add fd00:10::/64 via fd00:192::1
mkdir "$CGROUP"
mount -t cgroup2 cgroup2 "$CGROUP"

# server FILE CGROUP 4|6:PORT...: in b1 and in this cgroup.
server() {
	(
		echo "$BASHPID" >"$CGROUP/$2/cgroup.procs"
		exec "$LABTOOL" in b1 "$PEER" serve "${@:3}" >"$WORK/$1"
	) &
	eventually 10 "the server $1 listens" test -s "$WORK/$1"
}

# send FROM TO SERVER-PORT WORD...: from a port that was not used yet. Sets SENT to what the server says, and FROM to the
# address and port that the packets had.
send() {
	PORT=$((PORT + 1))
	FROM=$(ep "$1" "$PORT")
	SENT=$(in_ns lb "$PEER" send "$1" "$PORT" "$2" "${@:3}")
}

# seen DESCRIPTION CLIENT FROM TO SERVER-PORT WORD...: accept() and getpeername() both return CLIENT.
seen() {
	send "${@:3}"
	assert_eq "$1" "accept=$2 peer=$2" "$SENT"
}

# unseen DESCRIPTION FROM TO SERVER-PORT WORD...: they return the address in the packet. MAPPED=::ffff: for a server on ::.
unseen() {
	send "${@:2}"
	[[ -z ${MAPPED:-} ]] || FROM="[$MAPPED${FROM%:*}]:$PORT"
	assert_eq "$1" "accept=$FROM peer=$FROM" "$SENT"
}

# count NAME: a counter of status.
count() {
	"$TOA" status -o json | jq -r ".receivers[0].counters.$1"
}

B4=192.168.10.11 B6=fd00:192::11 S4=10.0.0.3 S6=fd00:10::3
C4=192.0.2.7/1234 C6=2001:db8::7/1234
IS4=192.0.2.7:1234 IS6='[2001:db8::7]:1234' MAPPED4='[::ffff:192.0.2.7]:1234'

echo "# a listener that is older than the programs: the packet that completes the handshake"
server old "" 4:8001 6:8002
unseen "nothing is attached" $S4 $B4 8001 ack=254/$C4
assert_eq "status" "not attached" "$("$TOA" status || :)"
fails "$TOA" status >"$WORK/none" || fail "the status of what is not attached is 0"
"$TOA" attach --cgroup "$CGROUP" --from "$S4, $S6"
"$TOA" status
seen "the option in the ACK" $IS4 $S4 $B4 8001 ack=254/$C4
seen "in the first data, the ACK being lost" $IS4 $S4 $B4 8001 noack data=254/$C4
seen "on ::" "$MAPPED4" $S4 $B4 8002 ack=254/$C4
seen "IPv6 as DPVS writes it" "$IS6" $S6 $B6 8002 ack=254/$C6
seen "IPv6 as Huawei's module reads it" "$IS6" $S6 $B6 8002 ack=253/$C6
unseen "the option in the SYN alone" $S4 $B4 8001 syn=254/$C4
unseen "no option" $S4 $B4 8001

echo "# a younger one: the SYN, too"
server new "" 4:9001 6:9002
seen "the option in the SYN alone" $IS4 $S4 $B4 9001 syn=254/$C4
seen "on ::" "$MAPPED4" $S4 $B4 9002 syn=254/$C4
seen "IPv6 in the SYN" "$IS6" $S6 $B6 9002 syn=254/$C6
seen "in all packets" $IS4 $S4 $B4 9001 syn=254/$C4 ack=254/$C4 data=254/$C4
seen "the ACK counts, if they differ" $IS4 $S4 $B4 9001 syn=254/192.0.2.8/1 ack=254/$C4
seen "an IPv4 client of an IPv6 connection" "$MAPPED4" $S6 $B6 9002 ack=254/$C4
assert_eq "counted" "11 2" "$(count accepted) $(count without)"
assert_eq "two answers each" "22" "$(count translated)"

echo "# a server that wants more of the SYN than we, and uses the socket for another connection"
(
	echo "$BASHPID" >"$CGROUP/cgroup.procs"
	exec "$LABTOOL" in b1 /usr/bin/python3 "$LAB_REPO/test/tools/toa_again.py" 9005 >"$WORK/again"
) &
eventually 20 "the server again listens" test -s "$WORK/again"
send $S4 $B4 9005 syn=254/$C4
again() { [[ $(<"$WORK/again") == *$'\n'"$1" ]]; }
eventually 10 "it has its SYN, and no client of before" again "syn=0800 before=$IS4 after=127.0.0.1:9005"

echo "# SYN cookies and Fast Open"
in_ns b1 sh -c 'echo 2 >/proc/sys/net/ipv4/tcp_syncookies; echo 0x602 >/proc/sys/net/ipv4/tcp_fastopen'
server fast "" 4:9003
seen "the ACK answers a cookie" $IS4 $S4 $B4 8001 ack=254/$C4
seen "with IPv6" "$IS6" $S6 $B6 8002 ack=254/$C6
seen "data answers a cookie" $IS4 $S4 $B4 8001 noack data=254/$C4
in_ns b1 sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_syncookies'
seen "data in the SYN" $IS4 $S4 $B4 9003 syndata syn=254/$C4

echo "# what is not believed"
unseen "an address that is no balancer" 10.0.0.4 $B4 9001 syn=254/$C4 ack=254/$C4
unseen "with IPv6" fd00:10::4 $B6 9002 ack=253/$C6
MAPPED=::ffff: unseen "on ::" 10.0.0.4 $B4 9002 ack=254/$C4
assert_eq "ignored" 3 "$(count unlisted)"
unseen "an IPv6 client of a server on 0.0.0.0" $S4 $B4 9001 ack=254/$C6
unseen "port 0" $S4 $B4 9001 ack=254/192.0.2.7/0
unseen "the address 0.0.0.0" $S4 $B4 9001 ack=254/0.0.0.0/1234
assert_eq "not usable" 3 "$(count malformed)"
unseen "another length" $S4 $B4 9001 ack=x:fe0604d2c000
unseen "Fast Open's experiment" $S4 $B4 9001 ack=x:fe04f989
unseen "IPv4 with the kind for IPv6" $S4 $B4 9001 ack=253/$C4
unseen "behind the end of the options" $S4 $B4 9001 ack=x:00040000fe0804d2c0000207
seen "behind another option" $IS4 $S4 $B4 9001 ack=x:020405b4fe0804d2c0000207
unseen "an option that is longer than the header" $S4 $B4 9001 ack=x:0220fe0804d2c0000207
unseen "an option that the header cuts off" $S4 $B4 9001 ack=x:0101fe08
seen "behind many" $IS4 $S4 $B4 9001 ack=x:010101010101010101010101010101010101010101010101010101010101fe0804d2c0000207

echo "# attached again: another list, the same counters, no gap"
before=$(count accepted)
in_ns lb "$PEER" send $S4 19999 $B4 8001 ack=254/$C4 hold="$WORK/ask" >"$WORK/held" &
HELD=$!
counted() { [[ $(count accepted) -gt $before ]]; }
eventually 10 "a connection that stays open" counted
before=$((before + 1))
"$TOA" attach --cgroup "$CGROUP" --from 10.0.0.4-10.0.0.6,10.0.0.128/25,fd00:10::/64
assert_eq "the list" "10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.128/25 fd00:10::/64" \
	"$("$TOA" status -o json | jq -r '.receivers[0].from | join(" ")')"
assert_eq "the counters stay" "$before" "$(count accepted)"
touch "$WORK/ask"
wait "$HELD"
assert_eq "an open connection keeps its client" "accept=$IS4 peer=$IS4" "$(<"$WORK/held")"
seen "who is listed now" $IS4 10.0.0.5 $B4 8001 ack=254/$C4
seen "in a network" $IS4 10.0.0.200 $B4 8001 ack=254/$C4
echo "# a map as another version may have made it is replaced"
rm /sys/fs/bpf/ezlb-toa/toa_config
bpftool map create /sys/fs/bpf/ezlb-toa/toa_config type hash key 4 value 4 entries 1 name toa_config
"$TOA" attach --cgroup "$CGROUP" --from 10.0.0.4-10.0.0.6,10.0.0.128/25,fd00:10::/64
seen "in a network of IPv6" "$IS6" fd00:10::77 $B6 8002 ack=254/$C6
unseen "who was" $S4 $B4 8001 ack=254/$C4

echo "# beside it"
assert_eq "run does not share a cgroup" "1" "$("$TOA" run --cgroup "$CGROUP" --from $S4 2>"$WORK/err" || echo $?)"
assert_match "and says so" 'attach.*detach' "$(<"$WORK/err")"
"$TOA" run --pin --cgroup "$CGROUP" --from $S4 2>"$WORK/pin.log" &
eventually 10 "run --pin takes over" grep -q 'attached again' "$WORK/pin.log"
seen "with its list" $IS4 $S4 $B4 8001 ack=254/$C4
"$TOA" detach
eventually 15 "and attaches what somebody detached" grep -q 'somebody detached' "$WORK/pin.log"
eventually 5 "all of it" "$TOA" status
kill %%
wait %% || fail "run --pin ends with $?"
seen "it stays when run --pin ends" $IS4 $S4 $B4 8001 ack=254/$C4
"$TOA" detach
unseen "detached" $S4 $B4 9001 syn=254/$C4 ack=254/$C4
assert_eq "nothing is left" "not attached" "$("$TOA" status || :)"
[[ ! -e /sys/fs/bpf/ezlb-toa ]] || fail "the pins are left"
"$TOA" detach

echo "# programs of others: beside ours, and one that tolerates none"
mkdir -p "$CGROUP/alone"
bpftool prog loadall "${EZLB%/bin/*}/bpf/receiver/receive.bpf.o" /sys/fs/bpf/other
bpftool cgroup attach "$CGROUP" sock_ops pinned /sys/fs/bpf/other/toa_sockops multi
bpftool cgroup attach "$CGROUP/alone" sock_ops pinned /sys/fs/bpf/other/toa_sockops
"$TOA" attach --cgroup "$CGROUP" --from $S4
seen "beside another one" $IS4 $S4 $B4 8001 ack=254/$C4
"$TOA" detach
assert_match "which stays" toa_sockops "$(bpftool cgroup show "$CGROUP")"
! "$TOA" attach --cgroup "$CGROUP/alone" --from $S4 2>"$WORK/err" || fail "it is attached beside one that tolerates none"
assert_match "it says why not" 'another program there or above tolerates none' "$(<"$WORK/err")"
assert_eq "and leaves nothing" "not attached" "$("$TOA" status || :)"
bpftool cgroup detach "$CGROUP" sock_ops pinned /sys/fs/bpf/other/toa_sockops
bpftool cgroup detach "$CGROUP/alone" sock_ops pinned /sys/fs/bpf/other/toa_sockops

echo "# a pin that one left that was killed while it moved to another cgroup"
pins=/sys/fs/bpf/ezlb-toa
mkdir "$CGROUP/other"
"$TOA" attach --cgroup "$CGROUP/other" --from $S4
mv $pins/link_toa_peer4 $pins/aside
"$TOA" attach --cgroup "$CGROUP" --from $S4
mv $pins/aside $pins/link_toa_peer4_new
"$TOA" attach --cgroup "$CGROUP" --from $S4
assert_eq "it is attached once" "$CGROUP" "$("$TOA" status -o json | jq -r '[.receivers[].cgroup] | join(" ")')"
"$TOA" detach

echo "# a directory of pins that somebody else has made, where all may write"
mount -t bpf bpf /sys/fs/bpf
setpriv --reuid=65534 --clear-groups mkdir $pins
fails "$TOA" attach --cgroup "$CGROUP" --from $S4 2>"$WORK/err" || fail "it pins where somebody else can remove it"
assert_match "it says so" 'not a directory of root alone \(owner 65534' "$(<"$WORK/err")"
umount /sys/fs/bpf
mount -t bpf -o ro bpf /sys/fs/bpf
fails "$TOA" attach --cgroup "$CGROUP" --from $S4 2>"$WORK/err" || fail "it pins into what is read-only"
assert_match "it says so" 'make .*: Read-only file system' "$(<"$WORK/err")"
umount /sys/fs/bpf

echo "# kernels and users that cannot"
# run_without ERROR: every call fails like that.
run_without() {
	strace -E ASAN_OPTIONS=detect_leaks=0 -qqq -o /dev/null -e trace=bpf -e "inject=bpf:error=$1" "$TOA" run --cgroup "$CGROUP" --from $S4 2>"$WORK/err"
}
for error in EINVAL ENOSYS; do
	! run_without $error || fail "it runs on a kernel without BPF"
	assert_match "$error" 'kernel .* does not know it; it needs 5.10' "$(<"$WORK/err")"
done
! setpriv --reuid=65534 --clear-groups "$TOA" detach 2>"$WORK/err" || fail "somebody else may detach it"
assert_match "detach without rights" 'not permitted; it needs root' "$(<"$WORK/err")"
! run_without EPERM || fail "it runs without the right to do so"
assert_match "EPERM" 'not permitted; it needs root' "$(<"$WORK/err")"

echo "# run: its programs go with it"
run() {
	"$TOA" run --cgroup "$1" --from $S4 2>"$WORK/run.log" &
	RUN=$!
	eventually 10 "run attaches" "$TOA" status
}
run "$CGROUP"
seen "run" $IS4 $S4 $B4 8001 ack=254/$C4
assert_match "status knows it" 'by a process' "$("$TOA" status)"
assert_eq "a second one" "1" "$("$TOA" run --cgroup "$CGROUP" --from $S4 2>"$WORK/err" || echo $?)"
assert_match "says why not" 'a running ezlb-toa' "$(<"$WORK/err")"
assert_eq "nor attach" "1" "$("$TOA" attach --cgroup "$CGROUP" --from $S4 2>/dev/null || echo $?)"
kill "$RUN"
wait "$RUN" || fail "run ends with $?"
unseen "after SIGTERM" $S4 $B4 8001 ack=254/$C4
run "$CGROUP"
kill -KILL "$RUN"
wait "$RUN" || :
eventually 5 "kill -9 detaches, too" fails "$TOA" status
unseen "after SIGKILL" $S4 $B4 8001 ack=254/$C4

echo "# a cgroup alone, which is then removed"
mkdir -p "$CGROUP/part" "$CGROUP/gone"
server part part 4:9004
run "$CGROUP/part"
seen "a server inside" $IS4 $S4 $B4 9004 ack=254/$C4
unseen "a server outside" $S4 $B4 8001 ack=254/$C4
kill "$RUN"
wait "$RUN"
run "$CGROUP/gone"
"$TOA" attach --cgroup "$CGROUP/part" --from $S4
assert_eq "both are shown" "true false" "$("$TOA" status -o json | jq -r '[.receivers[].pinned] | sort | reverse | join(" ")')"
rmdir "$CGROUP/gone"
removed() {
	[[ $("$TOA" status) == *'the cgroup was removed'* ]] || grep -q 'the cgroup was removed' "$WORK/run.log"
}
eventually 10 "a removed cgroup is shown" removed
status=0
wait "$RUN" || status=$?
assert_eq "run ends" 1 "$status"
assert_match "and says why" 'the cgroup was removed' "$(<"$WORK/run.log")"
"$TOA" attach --cgroup "$CGROUP" --from $S4
assert_eq "attach moves to another cgroup" "1 false" \
	"$("$TOA" status -o json | jq -r '"\(.receivers | length) \(.receivers[0].cgroup | endswith("/part"))"')"
seen "and works there" $IS4 $S4 $B4 8001 ack=254/$C4
