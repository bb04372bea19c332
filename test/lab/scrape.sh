#!/usr/bin/env bash
# takes: 44
# timeout: 240
# A thousand services of ten backends: /metrics has every series, `ezlb status` is short and 80 columns wide,
# and the loop's share of a scrape is to send what a thread of its pool has asked of the kernel and written
# down. Counted and not timed: test/bench/ has what it takes on the metal.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

export EZLB_SNAT_BACKEND=nftables
SERVICES_N=${LAB_SERVICES:-1000} BACKENDS_N=10 SCRAPES=2
SOME=$((SERVICES_N / 2)) # one of them
SOME_PORT=$((1000 + SOME))
lab_up
# No backend is there, and nobody asks: s1 is $VIP:1001, its backends 192.168.10.11:1001 to .20.
awk -v n="$SERVICES_N" -v backends=$BACKENDS_N -v dir="$SERVICES" -v vip="$VIP" -v snat="$SNAT_IP" 'BEGIN {
	for (i = 1; i <= n; i++) {
		file = dir "/s" i ".yaml"
		printf "listen: %s:%d\nfull_nat: true\nsnat_ip: %s\nhealth_check: {enabled: false}\nbackends:\n",
			vip, 1000 + i, snat >file
		for (k = 1; k <= backends; k++) printf "  - {address: \"192.168.10.%d:%d\", weight: 1}\n", 10 + k, 1000 + i >file
		close(file)
	}
}'
start=$(now_ms)
# Traced from the start, by a filter in the kernel: strace -p would stop each thread at each system call, and
# ezlb ends a scrape that takes 10 s.
EZLB_WRAP="strace -D -f -qq --seccomp-bpf -e trace=sendmsg,sendto -o $WORK/sent" ezlb_start
eventually 90 "ready" is_ready
echo "ready after $(elapsed_ms "$start") ms"
assert_eq "destinations in the kernel" $((SERVICES_N * BACKENDS_N)) "$(grep -c '^ *-> [0-9A-F]*:' "/proc/$EZLB_PID/net/ip_vs")"

scrape() { admin /metrics -o "$WORK/metrics" -w '%{http_code}'; }

echo "# every series"
start=$(now_ms)
assert_eq "GET /metrics" 200 "$(scrape)"
echo "$(stat -c %s "$WORK/metrics") bytes in $(elapsed_ms "$start") ms"
promcheck <"$WORK/metrics"
start=$(now_ms)
admin /metrics -H 'Accept-Encoding: gzip' >"$WORK/packed"
echo "$(stat -c %s "$WORK/packed") bytes by gzip in $(elapsed_ms "$start") ms"
[[ $(stat -c %s "$WORK/packed") -lt $(($(stat -c %s "$WORK/metrics") / 10)) ]] || fail "it is not packed"
gzip -dc <"$WORK/packed" | promcheck
# Source ports are read every 10 s, so the first answer may be without them.
series_n() { grep -vc ezlb_source_ports; }
assert_eq "what was packed" "$(series_n <"$WORK/metrics")" "$(gzip -dc <"$WORK/packed" | series_n)"
# series: "N NAME" of each that there is one of for each service, or one for each backend.
series() { awk -F'{' '/^ezlb_(service|backend|snat)_/ { n[$1]++ } END { for (name in n) print n[name], name }' "$WORK/metrics"; }
series >"$WORK/series"
for name in connections packets_in packets_out bytes_in bytes_out; do
	grep -qx "$SERVICES_N ezlb_service_${name}_total" "$WORK/series" || fail "services' $name: $(cat "$WORK/series")"
	grep -qx "$((SERVICES_N * BACKENDS_N)) ezlb_backend_${name}_total" "$WORK/series" ||
		fail "backends' $name: $(cat "$WORK/series")"
done
for name in active_connections health_status weight kernel_weight; do
	grep -qx "$((SERVICES_N * BACKENDS_N)) ezlb_backend_$name" "$WORK/series" ||
		fail "backends' $name: $(cat "$WORK/series")"
done
grep -qx "$SERVICES_N ezlb_snat_connections_total" "$WORK/series" || fail "source NAT: $(cat "$WORK/series")"
grep -qx 'ezlb_traffic_read_ok 1' "$WORK/metrics" || fail "the kernel was not asked"

echo "# ezlb status"
# on_terminal COMMAND...: what it prints to a terminal of 80 columns.
on_terminal() {
	COLUMNS=80 script -qec "$*" /dev/null </dev/null | tr -d '\r'
}
echo "listen: nonsense" >"$SERVICES/wrong.yaml"
eventually 10 "the wrong file was read" grep -q 'level=error .*wrong.yaml' "$EZLB_LOG"
on_terminal "$EZLB" status --color never --state-dir "$STATE" >"$WORK/status"
[[ $(wc -L <"$WORK/status") -le 80 ]] || fail "a line is $(wc -L <"$WORK/status") wide: $(awk 'length > 80' "$WORK/status" | head -n 3)"
[[ $(wc -l <"$WORK/status") -le $((SERVICES_N + 30)) ]] || fail "$(wc -l <"$WORK/status") lines"
head -n 5 "$WORK/status" | grep -q '/wrong.yaml:1:1: error' || fail "what is wrong is not at the top: $(head -n 5 "$WORK/status")"
rm "$SERVICES/wrong.yaml"
on_terminal "$EZLB" status s$SOME --color never --state-dir "$STATE" >"$WORK/status"
[[ $(wc -L <"$WORK/status") -le 80 ]] || fail "a line is $(wc -L <"$WORK/status") wide: $(cat "$WORK/status")"
assert_eq "backends of s$SOME" $BACKENDS_N "$(grep -c "^192.168.10.[0-9]*:$SOME_PORT " "$WORK/status")"
assert_eq "those that the kernel has counted" $BACKENDS_N "$(grep -c '^  connections .* 0 in all,' "$WORK/status")"

echo "# the loop"
# asked REGEX: what was asked of the kernel, but for the loop's own look, twice a second. strace prints what
# it cannot decode as text. A thread's number is in front; the loop's is ezlb's. A record for the worker has a
# head of 8 bytes.
asked() {
	grep -E "$1" "$WORK/trace" | grep -E 'nlmsg_type=|sendmsg\(.*iov_base="' |
		grep -vE 'NFT_MSG_GETGEN|nlmsg_type=0xa10|iov_base="HTTP/1[.]1 |iov_len=8\}[],]' || :
}
passes() { sed -n 's/^ezlb_reconcile_total //p' "$WORK/metrics"; }
# trace_scrapes: what is sent for some scrapes is in $WORK/trace. False where the loop has compared everything in
# between, which it does once a minute: then it has asked for everything itself. The passes are counted once
# more after the last of what is looked at.
trace_scrapes() {
	local before lines i
	[[ $(scrape) == 200 ]]
	before=$(passes)
	lines=$(wc -l <"$WORK/sent")
	for ((i = 0; i < SCRAPES; i++)); do [[ $(scrape) == 200 ]] || fail "scrape $i"; done
	tail -n "+$((lines + 1))" "$WORK/sent" >"$WORK/trace"
	[[ $(scrape) == 200 && $before == "$(passes)" ]]
}
trace_scrapes || trace_scrapes || fail "a pass after the other"
assert_eq "what the loop asked the kernel for" "" "$(asked "^$EZLB_PID " | cut -c -160)"
others=$(asked . | wc -l)
[[ $others -ge $((SCRAPES * SERVICES_N)) ]] || fail "$others questions for $SCRAPES scrapes of $SERVICES_N services"
sends=$(grep -c "^$EZLB_PID .*send" "$WORK/trace")
bytes=$(stat -c %s "$WORK/metrics")
echo "$SCRAPES scrapes: $others questions by other threads, none by the loop; $sends sends of the loop for $((SCRAPES * bytes)) bytes"
[[ $sends -lt $((SCRAPES * (20 + bytes / 50000))) ]] || fail "the loop sends in small pieces"

echo "# one that does not read its answer"
# Without strace: of the 10 s that such a one has, most are for the edit.
ezlb_stop KILL
ezlb_start
eventually 90 "ready again" is_ready
mkfifo "$WORK/answer"
exec {answer}<>"$WORK/answer"
admin /metrics >&$answer &
slow=$!
read -r -n 1 -u $answer # its beginning is there; the rest has no room
sed -i 's/weight: 1}/weight: 7}/' "$SERVICES/s$SOME.yaml"
weight_is() { grep -A 1 "^TCP .*:$(printf %04X $SOME_PORT) " "/proc/$EZLB_PID/net/ip_vs" | grep -qE ' Masq +7 '; }
start=$(now_ms)
eventually 10 "an edit meanwhile" weight_is
echo "an edit took $(elapsed_ms "$start") ms"
assert_eq "an honest client" ok "$(admin /livez)"
kill -0 $slow || fail "the slow one was not slow: this proves nothing"
kill $slow
wait $slow || :
rm "$WORK/answer"
assert_eq "what ezlb complained of" "" "$(grep -E 'level=(warn|error)' "$EZLB_LOG" | grep -v wrong.yaml || :)"
ezlb_stop
