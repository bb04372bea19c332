#!/usr/bin/env bash
# takes: 20
# variants: nftables4
# also: iptables4 iptables6 nftables6
# `ezlb drain`: the addresses leave the link, open connections go on to their end, and nothing but `ezlb
# undrain` puts the balancer back. --drain-on-exit does the same for SIGTERM.
# shellcheck source=test/lab/lib.sh
LAB_LB_ADDRESSES=
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
WEB=$(ep "$VIP" 80)
BITS=32
[[ $VIP != *:* ]] || BITS=128
ip -n lb addr add "$SNAT_IP/$BITS" dev lo
service web <<END
listen: "$WEB"
full_nat: true
snat_ip: "$SNAT_IP"
health_check: {interval: 1s, rise_count: 1}
backends: [{address: "$(ep "${BACKEND_IP[b1]}" 80)"}]
END

where() { ip -n lb -o addr show to "$VIP"; }
# at LINK: the service's address is there, and nowhere else.
at() { [[ $(where) =~ ^[0-9]+:\ $1\ [^$'\n']*$ ]]; }
not_ready() { [[ $(admin /readyz 2>&1) == *"this balancer drains"* ]]; }
# drain KEY: the value, as /api/v1/drain has it.
drain() { [[ $(admin /api/v1/drain) =~ \"$1\":\ ([^$',\n']*) ]] && echo "${BASH_REMATCH[1]//\"/}"; }
active_are() { [[ $(drain active_connections) == "$1" ]]; }
said() { grep -cF "$1" "$EZLB_LOG" || :; }

request() { half_request "$VIP" "$1"; }
finish() { half_request_ends "$1" "backend=b1"; }
# waiting COMMAND...: in the background; $WORK/wait.out, .err and .rc are what came of it.
waiting() {
	rm -f "$WORK"/wait.*
	{
		rc=0
		ezlb_cmd "$@" >"$WORK/wait.out" 2>"$WORK/wait.err" || rc=$?
		echo "$rc" >"$WORK/wait.rc"
	} &
}
waited() { [[ -s $WORK/wait.rc ]]; }

echo "# drained under an open connection: that goes on, and --wait returns when it ends"
ezlb_start --vip-device vips --cleanup-on-exit=false --persist-dir "$WORK/persist"
eventually 10 "web answers" client_get "$WEB"
at vips || fail "before: $(where)"
assert_eq "what the drain says of a balancer that serves" "false no null 0" \
	"$(drain draining) $(drain kind) $(drain since) $(drain active_connections)"
request one
eventually 5 "the kernel counts it" active_are 1
waiting drain --wait 60s
eventually 5 "the addresses are at the other link" at vips-drain
eventually 5 "it is not ready" not_ready
ezlb_cmd probe live
grep -q '^ezlb-drained 1$' "$WORK/persist/drained"
eventually 5 "the progress" grep -qx '1 active connection: 1 of web' "$WORK/wait.err"
fails waited || fail "--wait did not wait: $(cat "$WORK/wait.err")"
assert_match "what drain says" "The addresses move from vips to vips-drain, and .ezlb probe ready. says not ready" "$(cat "$WORK/wait.out")"
assert_eq "changes of services and backends" 0 "$(grep 'why=drain' "$EZLB_LOG" | grep -cE 'first="(dest|service|snat)' || :)"

echo "# two drains; one until the exit takes nothing back; a time limit"
ezlb_cmd drain >"$WORK/again"
assert_match "the second" "^This balancer has been draining since [0-9][0-9]:" "$(cat "$WORK/again")"
ezlb_cmd drain --until-exit >/dev/null
assert_eq "still for good" drained "$(drain kind)"
rc=0
ezlb_cmd drain --wait 1s >/dev/null 2>"$WORK/limit" || rc=$?
assert_eq "the status at the limit" 1 "$rc"
assert_eq "what it says" "ezlb: after 1s: 1 active connection: 1 of web" "$(tail -n 1 "$WORK/limit")"

echo "# kill -9 and a start: drained as before, and the connection goes on"
since=$(drain since)
ezlb_stop KILL
eventually 5 "who waits says that ezlb is gone" waited
assert_eq "its status" 1 "$(cat "$WORK/wait.rc")"
assert_match "what it says" "^ezlb: cannot wait any longer: (no ezlb answers on|the connection to the ezlb on) " "$(tail -n 1 "$WORK/wait.err")"
ezlb_start --vip-device vips --cleanup-on-exit=false --persist-dir "$WORK/persist"
eventually 10 "it is not ready, as before" not_ready
assert_eq "since when" "$since" "$(drain since)"
at vips-drain || fail "after the restart: $(where)"
assert_eq "starts that changed something" 1 "$(said 'why=files')"
eventually 5 "the connection is counted" active_are 1
assert_eq "what plan says" 0 "$(ezlb_cmd plan --vip-device vips --persist-dir "$WORK/persist" | grep -c vip || :)"
waiting drain --wait 60s
eventually 10 "the progress" grep -qx '1 active connection: 1 of web' "$WORK/wait.err"
finish one
eventually 10 "--wait returns" waited
assert_eq "its status" 0 "$(cat "$WORK/wait.rc")"
assert_eq "its last word" "no connection is active" "$(tail -n 1 "$WORK/wait.err")"

echo "# undrained while somebody waits"
request two
eventually 5 "the kernel counts it" active_are 1
waiting drain --wait 60s
eventually 10 "the progress" grep -qx '1 active connection: 1 of web' "$WORK/wait.err"
ezlb_cmd undrain >"$WORK/undrain"
assert_match "what undrain says" "^This balancer is back." "$(cat "$WORK/undrain")"
eventually 5 "who waits is told" waited
assert_eq "its status" 1 "$(cat "$WORK/wait.rc")"
assert_match "what it says" "does not drain any more" "$(tail -n 1 "$WORK/wait.err")"
eventually 5 "the addresses are back" at vips
eventually 5 "it is ready" is_ready
[[ ! -e $WORK/persist/drained ]] || fail "the file is still there"
eventually 5 "web answers" client_get "$WEB"
assert_eq "undrain once more" "This balancer does not drain." "$(ezlb_cmd undrain)"
finish two
ezlb_stop

echo "# --drain-on-exit: it ends when the connection does; files count meanwhile; the next start serves"
ezlb_start --vip-device vips --cleanup-on-exit=false --persist-dir "$WORK/persist" --drain-on-exit 60s
eventually 10 "it is ready" is_ready
request three
eventually 5 "the kernel counts it" active_are 1
kill -TERM "$EZLB_PID"
eventually 5 "the addresses are at the other link" at vips-drain
eventually 5 "it is not ready" not_ready
[[ ! -e $WORK/persist/drained ]] || fail "an exit has written the file"
nap 1.5
ezlb_runs || fail "it did not wait for the connection"
finish three
ezlb_wait 10
assert_eq "exit status" 0 "$EZLB_STATUS"
assert_eq "its last line" 1 "$(tail -n 1 "$EZLB_LOG" | grep -c 'msg="ending; no connection is active"')"
ezlb_start --vip-device vips --cleanup-on-exit=false --persist-dir "$WORK/persist" --drain-on-exit 60s
eventually 10 "the addresses are back" at vips
eventually 5 "it is ready" is_ready

echo "# a second signal ends it at once"
request four
eventually 5 "the kernel counts it" active_are 1
kill -TERM "$EZLB_PID"
eventually 5 "it drains" not_ready
ezlb_stop
finish four

echo "# a signal before the files are there ends it at once, too"
mv "$SERVICES/web.yaml" "$WORK/web.yaml"
ezlb_start --vip-device vips --cleanup-on-exit=false --persist-dir "$WORK/persist" --drain-on-exit 60s --empty-hold-down 60s
eventually 10 "it waits for files" grep -q 'msg="all service files are gone' "$EZLB_LOG"
ezlb_stop
assert_eq "its last line" 1 "$(tail -n 1 "$EZLB_LOG" | grep -c 'msg=stopping signal=TERM')"
mv "$WORK/web.yaml" "$SERVICES/web.yaml"

echo "# without --vip-device it says what it cannot do"
ip -n lb addr add "$VIP/$BITS" dev lo
ezlb_start
eventually 10 "it is ready" is_ready
assert_match "what it says" "There is no --vip-device, so no address moves: only .ezlb probe ready. changes" \
	"$(ezlb_cmd drain --until-exit --wait 20s 2>/dev/null)"
not_ready || fail "it is ready"
client_get "$WEB" >/dev/null || fail "clients are not served any more"
ezlb_stop
