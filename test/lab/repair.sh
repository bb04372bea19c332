#!/usr/bin/env bash
# variants: nftables4 iptables6
# also: iptables4 nftables6
# Somebody takes away what is ezlb's: it is back within 2 s, nftables' within 1 s, and the log tells of
# it. drift.sh has what else one can do, in one world.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1 80
WEB=$(ep "$VIP" 80)
B1=$(ep "${BACKEND_IP[b1]}" 80)
service web <<END
listen: "$WEB"
full_nat: true
snat_ip: "$SNAT_IP"
health_check: {interval: 1s}
backends:
  - address: "$B1"
END
state() {
	in_ns lb ipvsadm -Sn
	snat_rows
	lb_sysctl net.ipv4.vs.conntrack
	lb_sysctl $FORWARDING
}
# By the word of the daemon that runs: the rules of the one before it answer, too, and who changes them before
# the new one has looked at them is not noticed.
all_up() { [[ $(condition web BackendsReady) == "True AllUp" ]]; }
# A new daemon, so that what was repaired before does not make it a fight.
fresh() {
	[[ -z $EZLB_PID ]] || ezlb_stop TERM
	: >"$EZLB_LOG"
	ezlb_start --cleanup-on-exit=false
	eventually 10 "it runs" grep -q msg=started "$EZLB_LOG"
	eventually 10 "web is up" all_up
	eventually 5 "web answers" client_get "$WEB"
}
fresh
before=$(state)

# tampered MILLISECONDS IN-THE-LOG CHECK COMMAND...: CHECK is true while nothing is missing.
tampered() {
	local limit=$1 words=$2 check=$3
	shift 3
	echo "# $*"
	fresh
	"$check" || fail "$check fails before anybody has touched anything: $(state)"
	kill -STOP "$EZLB_PID"
	"$@"
	fails "$check" || fail "it changed nothing: the test proves nothing"
	kill -CONT "$EZLB_PID"
	within "$limit" "repair of: $*" "$check"
	assert_eq "it answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB")"
	assert_eq "the kernel" "$before" "$(state)"
	eventually 3 "the log tells of the repair" grep -q msg=repaired "$EZLB_LOG"
	grep -qE "level=warn .*msg=\"another program changed what ezlb owns\" change=\"?$words" "$EZLB_LOG" ||
		fail "the log does not say what was changed: $(cat "$EZLB_LOG")"
	assert_eq "repairs in the log" 1 "$(grep -c 'level=warn .*msg=repaired ' "$EZLB_LOG")"
}
has_service() { [[ $(kernel_rows) == *"tcp $WEB $B1 1"* ]]; }
has_snat() { snat_is "$(snat_want tcp "$WEB" "$SNAT_IP" "$B1")"; }
forwards() { [[ $(lb_sysctl $FORWARDING) == 1 ]]; }

tampered 2000 "service-del tcp ${WEB//[][]/.}" has_service in_ns lb ipvsadm -C
if by_listener; then
	tampered 1000 "snat-teardown" has_snat snat_flush
else
	tampered 2000 "snat-del tcp ${B1//[][]/.}" has_snat snat_flush
fi
tampered 2000 "host-set $FORWARDING = 0" forwards lb_sysctl $FORWARDING 0
ezlb_stop TERM
