#!/usr/bin/env bash
# variants: nftables6
# also: iptables4 iptables6 nftables4
# What /metrics counts is what the kernel has counted, exactly as ipvsadm shows it: after traffic, over a
# restart of ezlb, and when a backend leaves and comes back. The traffic log has the differences.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
for b in b1 b2; do backend_start "$b"; done
WEB=$(ep "$VIP" 80) DNS=$(ep "$VIP2" 53)
declare -A EP
for b in b1 b2; do EP[$b]=$(ep "${BACKEND_IP[$b]}" 80); done

# web BACKEND...: the file with these.
web() {
	{
		cat <<-END
			listen: "$WEB"
			scheduler: rr
			full_nat: true
			snat_ip: "$SNAT_IP"
			traffic_log: true
			health_check: {type: http, http_path: /healthz, interval: 300ms, timeout: 3s, fail_count: 2, rise_count: 1}
			backends:
		END
		for b; do echo "  - address: \"${EP[$b]}\""; done
	} | service web
}
web b1 b2
service dns <<END
listen: "$DNS"
protocol: udp
full_nat: true
backends:
  - address: "$(ep "${BACKEND_IP[b1]}" 53)"
END

# same: /metrics, now in $WORK/metrics, has of every service and backend what `ipvsadm --stats --exact` shows,
# and of none that is not there: connections, packets and bytes in both directions.
cat >"$WORK/same.awk" <<'AWK'
function label(key) {
	return match($0, key "=\"[^\"]*\"") ? substr($0, RSTART + length(key) + 2, RLENGTH - length(key) - 3) : ""
}
function put(key, text) {
	if (FILENAME ~ /kernel$/) { want[key] = text; rows++ } else got[key] = text
}
BEGIN { n = split("connections packets_in packets_out bytes_in bytes_out", kinds) }
FILENAME ~ /kernel$/ {
	numbers = $3 " " $4 " " $5 " " $6 " " $7
	if ($1 == "TCP" || $1 == "UDP") { service = tolower($1) " " $2; put(service, numbers) }
	if ($1 == "->" && $2 ~ /[0-9]/) put(service " " $2, numbers)
	next
}
/^ezlb_service_info/ { listen[label("service")] = label("listen"); next }
match($0, /^ezlb_(service|backend)_(connections|packets_in|packets_out|bytes_in|bytes_out)_total/) {
	split($0, part, /[_{]/)
	kind = substr($0, 6 + length(part[2]) + 1, RLENGTH - 12 - length(part[2]))
	key = label("protocol") " " label("service") " " label("backend")
	value[key, kind] = $NF; seen[key] = 1
}
END {
	for (key in seen) {
		split(key, k, " ")
		line = ""
		for (i = 1; i <= n; i++) line = line (i > 1 ? " " : "") value[key, kinds[i]]
		put(k[1] " " listen[k[2]] (k[3] == "" ? "" : " " k[3]), line)
	}
	bad = rows == 0
	for (key in want) if (want[key] != got[key]) { print key ": ipvsadm " want[key] ", metrics " got[key]; bad = 1 }
	for (key in got) if (!(key in want)) { print key ": metrics " got[key] ", and ipvsadm does not know it"; bad = 1 }
	exit bad
}
AWK
same() {
	in_ns lb ipvsadm -Ln --stats --exact >"$WORK/kernel" && admin /metrics >"$WORK/metrics" &&
		awk -f "$WORK/same.awk" "$WORK/kernel" "$WORK/metrics"
}
# metric NAME LABEL-TEXT: the value of that series. By the shell alone: polling loops call it.
metric() {
	local line
	while read -r line; do
		[[ $line != "$1{"*"$2"* ]] || echo "${line##* }"
	done <"$WORK/metrics"
}
# traffic N: as many connections, by one process.
traffic() {
	local i urls=()
	for ((i = 0; i < $1; i++)); do urls+=("$WEB/healthz"); done
	client_get -H 'Connection: close' "${urls[@]}" >"$WORK/answer"
	assert_eq "answers" "$1" "$(grep -c ok "$WORK/answer")"
}
# counted N [N-OF-UDP]: the kernel, which adds up every 2 s, has counted N connections, and /metrics is the same.
counted() {
	same && [[ $(metric ezlb_service_connections_total 'service="web"') == "$1" ]] &&
		[[ -z ${2:-} || $(metric ezlb_service_connections_total 'service="dns"') == "$2" ]]
}
has_dest() { [[ $(kernel_rows) == *"tcp $WEB ${EP[$1]} 1"* ]]; }
# It drains first, with weight 0.
is_gone() { [[ $(kernel_rows) != *"tcp $WEB ${EP[$1]} "* ]]; }

echo "# after traffic"
ezlb_start --cleanup-on-exit=false --traffic-interval 1s
eventually 10 "ready" is_ready
for b in b1 b2; do eventually 10 "$b serves" has_dest "$b"; done
same || fail "the counters of services without traffic"
eventually 5 "the traffic log has begun" grep -q 'pkg=traffic svc=web' "$EZLB_LOG"
traffic 10
client_udp "$VIP2" 53 >"$WORK/answer"
eventually 10 "they are ipvsadm's" counted 10 1
# A rule of iptables is for the backend, whoever connects to it: ezlb's own probes count there, too.
natted=$(metric ezlb_snat_connections_total 'service="web"')
[[ $natted -eq 10 ]] || { ! by_listener && [[ $natted -gt 10 ]]; } || fail "source NAT: $natted connections, want 10"
promcheck <"$WORK/metrics"

echo "# the traffic log adds up to the same"
sum() { grep "pkg=traffic svc=web" "$EZLB_LOG" | grep -o " $1=[0-9]*" | awk -F= '{ n += $2 } END { print n + 0 }'; }
logged() { [[ $(sum connections) == 10 && $(sum bytes_out) == $(metric ezlb_service_bytes_out_total 'service="web"') ]]; }
eventually 5 "the log has all of it" logged
fails grep -q 'pkg=traffic svc=dns' "$EZLB_LOG" || fail "a line of a service that does not ask for it"

echo "# a restart"
ezlb_stop
ezlb_start --cleanup-on-exit=false --traffic-interval 1s
eventually 10 "ready" is_ready
counted 10 || fail "a restart has changed the counters"
traffic 2
eventually 10 "they are ipvsadm's" counted 12
before=$(metric ezlb_backend_connections_total "${EP[b1]}")

echo "# a backend is taken out of the file: its series vanish, the others stay"
web b1
eventually 5 "b2 is out" is_gone b2
counted 12 || fail "the service's counters have changed"
assert_eq "series of b2" "" "$(metric ezlb_backend_connections_total "${EP[b2]}")"
assert_eq "b1 has kept its count" "$before" "$(metric ezlb_backend_connections_total "${EP[b1]}")"

echo "# and put in again"
web b1 b2
eventually 5 "b2 is in" has_dest b2
traffic 4
eventually 10 "they are ipvsadm's" counted 16

echo "# a backend that fails and recovers"
rm "$WORK/b2/healthz"
eventually 5 "b2 is out" is_gone b2
traffic 2
eventually 5 "the counters with a backend that is out" same
assert_eq "its health" 0 "$(metric ezlb_backend_health_status "${EP[b2]}")"
echo ok >"$WORK/b2/healthz"
eventually 5 "b2 is in" has_dest b2
traffic 4
eventually 10 "they are ipvsadm's" counted 22
assert_eq "its health" 1 "$(metric ezlb_backend_health_status "${EP[b2]}")"

echo "# a service that is gone has no series"
rm "$SERVICES/dns.yaml"
dns_is_gone() { [[ $(kernel_rows) != *udp* ]]; }
eventually 5 "dns is gone" dns_is_gone
eventually 5 "they are ipvsadm's" same
fails grep -q 'service="dns"' "$WORK/metrics" || fail "a series of a service that is gone"
promcheck <"$WORK/metrics"
ezlb_stop
