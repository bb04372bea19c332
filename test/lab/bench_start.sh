#!/usr/bin/env bash
# timeout: 300
# What the start of a program costs here. It measures, and fails of nothing.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

T0=${EPOCHREALTIME/./}
lab_up
echo "lab_up: $(((${EPOCHREALTIME/./} - T0) / 1000)) ms"
T0=${EPOCHREALTIME/./}
for b in b1 b2 b3; do backend_start "$b"; done
echo "backends: $(((${EPOCHREALTIME/./} - T0) / 1000)) ms"

# cost COMMAND...: of the second to the eleventh time.
cost() {
	local start i
	"$@" >/dev/null 2>&1 || :
	start=${EPOCHREALTIME/./}
	for ((i = 0; i < 10; i++)); do "$@" >/dev/null 2>&1 || :; done
	echo "$(((${EPOCHREALTIME/./} - start) / 10000)) ms: $*"
}
nothing() { (:); }

cost nothing
cost "$LABTOOL" in lb "$LABTOOL" in lb
cost "$LABTOOL" in lb true
cost "$LABTOOL" in lb true
cost "$EZLB" version
cost "$LABTOOL" get client 3 "${BACKEND_IP[b1]}:80" # no route: a start and no more
cost "$LABTOOL" in lb "$LABTOOL" get lb 3 "${BACKEND_IP[b1]}:80"
cost in_ns lb curl -sS "http://${BACKEND_IP[b1]}/"
cost ip -n lb link
cost jq -n 1
cost ipvs
in_ns lb modprobe ip_vs
cost ipvs
cost nat_rules
cost in_ns lb iptables-legacy -t nat -S
cost in_ns lb nft list ruleset
cost sh -c :
cost bash -c :
cost strace -V
service web <<END
listen: "$VIP:80"
full_nat: true
health_check: {enabled: false}
backends: [{address: "${BACKEND_IP[b1]}:80"}]
END
cost ezlb_cmd plan
cost ezlb_cmd once
cost client_get "$VIP:80"
grep . /sys/devices/system/cpu/vulnerabilities/{meltdown,spectre_v2,spectre_v1} /sys/devices/system/clocksource/clocksource0/current_clocksource || :
grep -o 'la57\|pcid\|smap' /proc/cpuinfo | sort | uniq -c || :
cat /proc/cmdline
