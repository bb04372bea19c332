#!/usr/bin/env bash
# takes: 12
# variants: nftables4
# also: iptables4 iptables6 nftables6
# vip: serving: an address is on the link while a service on it has a backend that serves, so that a routing daemon which
# announces the link's addresses withdraws exactly that one.
# shellcheck source=test/lab/lib.sh
LAB_LB_ADDRESSES=
. "$(dirname "$0")/lib.sh"

lab_up
BITS=32 PREFIX=${VIP%1} HOLD=1500
[[ $VIP != *:* ]] || BITS=128
ip -n lb addr add "$SNAT_IP/$BITS" dev lo
for b in b1 b2; do backend_start "$b" 80; done
FALLBACK=${PREFIX}7 OPEN=${PREFIX}8 ALWAYS=${PREFIX}9

# web NAME ADDRESS PORT BACKENDS [LINE...]: BACKENDS as in YAML.
web() {
	service "$1" <<-END
		listen: "$(ep "$2" "$3")"
		full_nat: true
		snat_ip: "$SNAT_IP"
		health_check: {type: http, http_path: /healthz, interval: 300ms, timeout: 2s, fail_count: 1, rise_count: 1}
		backends: [$4]
		$(printf '%s\n' "${@:5}")
	END
}
backend() { printf '{address: "%s"}' "$(ep "${BACKEND_IP[$1]}" 80)"; }
up() { for b; do echo ok >"$WORK/$b/healthz"; done; }
down() { for b; do rm "$WORK/$b/healthz"; done; }
on_link() { ip -n lb -o addr show dev ezlb0 2>/dev/null | awk '{ print $4 }' | grep -v ^fe80 | sort || :; }
# on_link_are ADDRESS...
on_link_are() { [[ $(on_link) == "$(printf "%s/$BITS\n" "$@" | sort)" ]]; }
stamp() { date -u -d "$(sed 's/^ts=\([^ ]*\).*/\1/')" +%s%3N; }
# line_of OP: the line of the log at which the last such operation is, of those so far.
line_of() { ops | grep -nxF "$1" | tail -n 1 | cut -d: -f 1; }
# comes_before OP OP
comes_before() {
	local first second
	first=$(line_of "$1") second=$(line_of "$2")
	[[ -n $first && -n $second && $first -lt $second ]] || fail "'$1' ($first) is not before '$2' ($second): $(ops)"
}
# monitor_sees ADDRESS: an address that comes and goes beside ezlb.
monitor_sees() {
	ip -n lb addr add "$1/32" dev lo
	ip -n lb addr del "$1/32" dev lo
	grep -qF "$1" "$WORK/monitor"
}
START=(--vip-device ezlb0 --vip-when serving --vip-hold "${HOLD}ms" --cleanup-on-exit=false --log-level debug)

web web "$VIP" 80 "$(backend b1)"
web more "$VIP" 81 "$(backend b2)"
web fallback "$FALLBACK" 80 "$(backend b1)" "fallback: [$(backend b2)]"
web open "$OPEN" 80 "$(backend b1)" "min_healthy: 1"
web always "$ALWAYS" 80 "$(backend b1)" "vip: always"

echo "# nothing serves: only the address that is always there, and the one that fails open"
down b1 b2
ezlb_start "${START[@]}"
eventually 20 "ezlb is ready" is_ready
eventually 5 "on the link" on_link_are "$OPEN" "$ALWAYS"
eventually 5 "all are known to be down" grep -qF "svc=more dst=$(ep "${BACKEND_IP[b2]}" 80) from=unknown to=down" "$EZLB_LOG"
on_link_are "$OPEN" "$ALWAYS" || fail "on the link: $(on_link)"
fails client_get "$(ep "$VIP" 80)" --max-time 0.3

echo "# the first backend serves: its dest, then its address; and what one of two services on an address needs"
up b2
eventually 5 "the addresses of b2" on_link_are "$VIP" "$FALLBACK" "$OPEN" "$ALWAYS"
client_get "$(ep "$VIP" 81)"
client_get "$(ep "$FALLBACK" 80)"
dest="tcp $(ep "$VIP" 81) -> $(ep "${BACKEND_IP[b2]}" 80)"
added=$(ops | grep -F "dest-add $dest") || fail "no $dest: $(ops)"
comes_before "$added" "vip-add $VIP on ezlb0"

echo "# the fallback serves no more, and b1 does; then none: the shared address goes with the last, before its dest drains"
up b1
eventually 5 "web answers" client_get "$(ep "$VIP" 80)"
down b2
eventually 5 "b2 is out" grep -qF "svc=more dst=$(ep "${BACKEND_IP[b2]}" 80) from=up to=down" "$EZLB_LOG"
client_get "$(ep "$VIP" 80)"
on_link_are "$VIP" "$FALLBACK" "$OPEN" "$ALWAYS" || fail "on the link: $(on_link)"
down b1
eventually 5 "the addresses are gone" on_link_are "$OPEN" "$ALWAYS"
removed=$(ops | grep -F "dest-set tcp $(ep "$VIP" 80) " | grep 'weight 0$' | tail -n 1)
comes_before "vip-del $VIP on ezlb0" "$removed"
fails client_get "$(ep "$VIP" 80)" --max-time 0.3
client_get "$(ep "$OPEN" 80)"

echo "# b1 is back: the addresses follow after the hold"
: >"$EZLB_LOG"
up b1
eventually 10 "the addresses are back" on_link_are "$VIP" "$FALLBACK" "$OPEN" "$ALWAYS"
eventually 5 "the log tells" grep -qF "op=\"vip-add $VIP on ezlb0" "$EZLB_LOG"
since=$(grep -m1 -F "svc=web dst=$(ep "${BACKEND_IP[b1]}" 80) from=down to=up" "$EZLB_LOG" | stamp)
after=$(($(grep -m1 -F "op=\"vip-add $VIP on ezlb0" "$EZLB_LOG" | stamp) - since))
echo "after $after ms"
[[ $after -ge $HOLD ]] || fail "the hold is $HOLD ms"
client_get "$(ep "$VIP" 80)"

echo "# killed and started again with all up: no address is touched, nor anything else"
up b2
eventually 5 "b2 is back" client_get "$(ep "$VIP" 81)"
WANT=$(kernel_rows)
"$LABTOOL" in lb ip monitor address >"$WORK/monitor" 2>&1 &
MONITOR=$!
eventually 10 "ip monitor listens" monitor_sees 192.0.2.98
ezlb_stop KILL
: >"$EZLB_LOG"
ezlb_start "${START[@]}"
eventually 10 "ezlb is ready" is_ready
eventually 10 "b2 is known to be up" grep -qF "dst=$(ep "${BACKEND_IP[b2]}" 80) from=unknown to=up" "$EZLB_LOG"
assert_eq "operations after a restart" "" "$(ops)"
assert_eq "the kernel" "$WANT" "$(kernel_rows)"
eventually 10 "ip monitor still listens" monitor_sees 192.0.2.99
kill $MONITOR
wait $MONITOR 2>/dev/null || :
assert_eq "what ip monitor saw" "" "$(grep inet "$WORK/monitor" | grep -v ' 192\.0\.2\.9' || :)"

echo "# a plan tells why"
down b1 b2
eventually 5 "the addresses are gone" on_link_are "$OPEN" "$ALWAYS"
ezlb_stop TERM
up b1 b2
PLAN=$(ezlb_cmd plan --vip-device ezlb0 --vip-when serving || :)
assert_match "the plan" "\\+ address $VIP on ezlb0 .* a backend serves" "$PLAN"

echo "# cleanup: all addresses and the link go"
ezlb_cmd cleanup >/dev/null
! ip -n lb link show ezlb0 >/dev/null 2>&1 || fail "the link is still there"
