#!/usr/bin/env bash
# takes: 31
# timeout: 120
# variants: nftables4
# also: iptables4 nftables6 iptables6
# What cannot work is said by the condition Deliverable, on the real kernel: each reason is caused once, read back, and
# goes away by itself.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

bits=$([[ $FAMILY == 4 ]] && echo 32 || echo 128)
lab_up
backend_start b1
mkdir -p "$WORK/lb"
echo ok >"$WORK/lb/healthz"
backend_start lb 8090
backend_start b3 80

# web NAME LISTENER BACKEND [LINE...]: a full_nat service without a health check.
web() {
	{
		printf '%s\n' "listen: \"$2\"" "full_nat: true" "snat_ip: \"${SNAT:-$SNAT_IP}\"" "health_check: {enabled: false}"
		printf '%s\n' "${@:4}"
		echo "backends: [{address: \"$3\"}]"
	} | service "$1"
}
# is SERVICE STATUS REASON STATE
is() {
	eventually "${LIMIT:-10}" "$1 is $2 $3, $4" said "$@"
	ezlb_cmd status "$1" >"$WORK/status" || fail "ezlb status $1"
	grep -q "^Deliverable *$2 *$3 " "$WORK/status" || fail "ezlb status $1: $(cat "$WORK/status")"
}
said() {
	[[ $(admin /api/v1/status | jq -r --arg name "$1" '.services[] | select(.name == $name) |
		(.conditions[] | select(.type == "Deliverable") | "\(.status) \(.reason) ") + .state') == "$2 $3 $4" ]]
}
# both CHECK SERVICE: status and doctor say it in the same words.
both() {
	local text
	text=$(ezlb_cmd doctor -o json | jq -r --arg check "$1" --arg service "$2" \
		'.[] | select(.check == $check and (.services | index($service)) and .level != "ok") | .text' || :)
	[[ -n $text ]] || fail "doctor has no $1 for $2"
	admin /api/v1/status | jq -e --arg name "$2" --arg text "$text" '.services[] | select(.name == $name) |
		.conditions[] | select(.type == "Deliverable") | .message | contains($text)' >/dev/null ||
		fail "status does not say what the doctor says: $text"
}
# refused ADDRESS: clients are.
refused() { [[ $(client_get "$1" 2>&1) == *refused* ]]; }

echo "# a backend that is this host itself works, and sees the client"
web here "$(ep "$VIP" 81)" "$(ep "$LB_IP" 8090)"
web api "$(ep "$VIP2" 80)" "$(ep "${BACKEND_IP[b1]}" 80)"
web lost "$(ep "$VIP" 83)" "$(ep "${BACKEND_IP[b3]}" 80)"
ezlb_start
eventually 10 "ready" is_ready

# It takes 20 s to see that there are no answers: somebody asks while the case goes on.
ip -n b3 route del "$SNAT_IP/$bits"
ask_in_vain() {
	while :; do
		for _ in 1 2 3; do "$LABTOOL" get client 1 "$(ep "$VIP" 83)" & done
		wait
	done >/dev/null 2>&1
}
ask_in_vain &
asking=$!

is here True LocalBackend ok
is api True NoObstacle ok
assert_eq "who answers" "backend=lb peer=$CLIENT_IP" "$(client_get "$(ep "$VIP" 81)")"
assert_eq "api" "backend=b1 peer=$SNAT_IP" "$(client_get "$(ep "$VIP2" 80)")"
both backend-route here

echo "# a backend that is a listener of ezlb"
web chain "$(ep "$VIP" 82)" "$(ep "$VIP2" 80)"
is chain False NoRealBackend down
both backend-listener chain
eventually 5 "clients are refused" refused "$(ep "$VIP" 82)"
web chain "$(ep "$VIP" 82)" "$(ep "${BACKEND_IP[b1]}" 80)\"}, {address: \"$(ep "$VIP2" 80)"
is chain False BackendIsListener degraded
web chain "$(ep "$VIP" 82)" "$(ep "${BACKEND_IP[b1]}" 80)"
is chain True NoObstacle ok

echo "# snat_ip is not here: seen when the address goes, and when it comes"
ip -n lb addr del "$SNAT_IP/$bits" dev lo
is api False SourceNotLocal degraded
both snat-local api
assert_eq "it stays ready" ok "$(ezlb_cmd probe ready)"
assert_eq "with a route that leads here it works all the same" "backend=b1 peer=$SNAT_IP" "$(client_get "$(ep "$VIP2" 80)")"
ip -n lb addr add "$SNAT_IP/$bits" dev lo
is api True NoObstacle ok

echo "# packets go in and no answer comes out, until the backend has a route to snat_ip"
LIMIT=60 is lost False NoAnswers degraded
kill $asking
wait $asking || :
ip -n b3 route add "$SNAT_IP/$bits" via "$LB_IP"
eventually 10 "lost answers" client_get "$(ep "$VIP" 83)"
LIMIT=30 is lost True NoObstacle ok

echo "# the conntrack table is full"
if [[ ${LAB_PLACE:-} == guest ]]; then
	conntrack_limit() { nsenter --net=/dev/shm/first-netns sysctl -qw net.netfilter.nf_conntrack_max="$1"; }
	limit=$(sysctl -n net.netfilter.nf_conntrack_max)
	conntrack_limit 1
	is api False ConntrackFull degraded
	conntrack_limit "$limit"
	is api True NoObstacle ok
fi
ezlb_stop
