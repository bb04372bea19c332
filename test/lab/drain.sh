#!/usr/bin/env bash
# timeout: 180
# variants: nftables4
# also: iptables4 iptables6 nftables6
# A backend that leaves keeps its open connections: a long download survives the removal of its backend
# from the file, and a request survives a health check that turns bad. The deadline holds over a restart.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
SIZE=8000000
for b in b1 b2; do
	backend_start "$b" 80
	{ echo "$b"; head -c $SIZE /dev/zero; } >"$WORK/$b.big"
	"$LABTOOL" in "$b" socat TCP6-LISTEN:7,ipv6only=0,fork,reuseaddr "OPEN:$WORK/$b.big,rdonly" 2>>"$WORK/$b.log" &
	eventually 10 "$b has downloads" backend_listens "$b" 7
	declare "${b^^}=$(ep "${BACKEND_IP[$b]}" 7)" "${b^^}_WEB=$(ep "${BACKEND_IP[$b]}" 80)"
done
FILES=$(ep "$VIP" 7)
WEB=$(ep "$VIP2" 80)

# files TIMEOUT [WEIGHT-OF-B1]: the downloads, from b1 if it is in the file; b2 takes over.
files() {
	local b1=
	[[ $# -eq 1 ]] || b1="- {address: \"$B1\", weight: $2}"
	service files <<-END
		listen: "$FILES"
		full_nat: true
		snat_ip: "$SNAT_IP"
		drain_timeout: $1
		health_check: {interval: 1s, rise_count: 1}
		backends:
		  - {address: "$B2", weight: $([[ $# -gt 1 ]] && echo 0 || echo 1)}
		  $b1
	END
}
has() { grep -qxF "$1" <<<"$(kernel_rows)"; }
has_not() { fails grep -qF " $1 " <<<"$(kernel_rows)"; }
drains() { has "tcp $FILES $B1 0"; }
ledger_drain() { grep '^drain ' "$STATE/ledger"; }

# download NAME: takes the first byte, waits for NAME.go, takes the rest, and counts it.
cat >"$WORK/download" <<'END'
exec 3<> <(:) 4<>"/dev/tcp/$1/7"
head -c 3 <&4 >"$2.from"
while [[ ! -e $2.go ]]; do read -r -t 0.1 -u 3; done
cat <&4 | wc -c >"$2.rest"
END
download() {
	"$LABTOOL" in client bash "$WORK/download" "$VIP" "$WORK/$1" 2>>"$WORK/$1.log" &
	eventually 10 "download $1 has begun" test -s "$WORK/$1.from"
	assert_eq "who sends $1" b1 "$(cat "$WORK/$1.from")"
}
complete() {
	: >"$WORK/$1.go"
	eventually 30 "download $1 is complete" test -s "$WORK/$1.rest"
	assert_eq "bytes of download $1" $SIZE "$(cat "$WORK/$1.rest")"
}
is_established() { in_ns lb ipvsadm -Ln | grep -qE "^  -> ${B1//[\[\].]/.} +Masq +[0-9]+ +1 "; }

files 60s 3
ezlb_start --cleanup-on-exit=false
eventually 10 "b1 serves" has "tcp $FILES $B1 3"

echo "# out of the file: weight 0 while the download goes on, also over a kill"
download one
eventually 5 "the kernel counts it" is_established
files 60s
eventually 10 "b1 drains" drains
in_ns lb ipvsadm -Ln
before=$(ledger_drain)
ezlb_stop KILL
ezlb_start --cleanup-on-exit=false
eventually 10 "the new process has looked" has "tcp $FILES $B2 1"
eventually 10 "it is ready" is_ready
drains || fail "the restart ended the drain"
assert_eq "the deadline after the restart" "$before" "$(ledger_drain)"
backend_of_files() { admin /api/v1/status | jq -r ".services[] | select(.name == \"files\") | .state as \$state | .backends[] | select(.address == \"$B1\") | $1"; }
# shellcheck disable=SC2016 # jq expands it
assert_eq "what status says" "ok draining true removed 1" \
	"$(backend_of_files '"\($state) \(.role) \(.removed) \(.drain.cause) \(.drain.active)"')"
has_event() { ezlb_cmd events >"$WORK/events" && grep -qF " $1" "$WORK/events"; }
has_event "DrainStarted files $B1 it left the file" || fail "no event: $(cat "$WORK/events")"
metric() { admin /metrics | grep -F "ezlb_backend_draining{service=\"files\",backend=\"$B1\""; }
assert_match "the metric" " 1$" "$(metric)"
assert_match "what plan says" "! backend ${B1//[\[\]]/.}, drains: it left the file; it will be removed when its connections have ended \(1 open\)" \
	"$(ezlb_cmd plan)"
complete one
eventually 10 "b1 is deleted when it is idle" has_not "$B1"
eventually 5 "the event of the end" has_event "DrainEnded files $B1 no connections are left"
fails metric || fail "what is removed has a series"
gone() { fails ledger_drain; }
eventually 5 "the ledger has no drain" gone

echo "# back in the file while it drains: its weight"
files 60s 3
eventually 10 "b1 serves" has "tcp $FILES $B1 3"
download two
files 60s
eventually 10 "b1 drains" drains
files 60s 5
eventually 10 "b1 is back, with its weight" has "tcp $FILES $B1 5"
eventually 5 "the event of it" has_event "DrainEnded files $B1 it is back"
complete two

echo "# the deadline ends it"
download three
files 3s
start=$(now_ms)
eventually 10 "b1 drains" drains
eventually 20 "the time is up" has_not "$B1"
took=$(elapsed_ms "$start")
echo "deleted after $took ms of 3000"
[[ $took -ge 2500 ]] || fail "b1 was deleted before its time"
eventually 5 "the event of it" has_event "DrainEnded files $B1 the time is up: 1 connection cut"
assert_eq "changes of b1 at its end" 1 "$(grep 'msg="applied' "$EZLB_LOG" | tail -n 1 | grep -c "why=lifecycle.*first=\"dest-del tcp ${FILES//[\[\]]/.} -> ")"

echo "# a health check that says no: the request that is under way is answered"
service web <<END
listen: "$WEB"
full_nat: true
snat_ip: "$SNAT_IP"
health_check: {type: http, http_path: /healthz, interval: 300ms, timeout: 2s, fail_count: 2, rise_count: 2}
backends:
  - {address: "$B1_WEB"}
  - {address: "$B2_WEB", weight: 0}
END
eventually 10 "b1 is up" has "tcp $WEB $B1_WEB 1"
half_request "$VIP2" four
rm "$WORK/b1/healthz"
eventually 10 "b1 drains" has "tcp $WEB $B1_WEB 0"
nap 1.5
has "tcp $WEB $B1_WEB 0" || fail "b1 was deleted under an open connection"
half_request_ends four "backend=b1"
eventually 10 "b1 is deleted when it is idle" has_not "$B1_WEB"

echo "# a dead backend is removed at once"
echo ok >"$WORK/b1/healthz"
eventually 10 "b1 is back" has "tcp $WEB $B1_WEB 1"
lines=$(wc -l <"$EZLB_LOG")
backend_stop b1
eventually 10 "b1 is deleted" has_not "$B1_WEB"
late() { tail -n +$((lines + 1)) "$EZLB_LOG" | grep "controller.*first=\"dest-"; }
eventually 5 "the log says so" late
assert_eq "first change" "dest-del" "$(late | sed -n '1s/.*first="\([a-z-]*\) .*/\1/p')"
ezlb_stop
