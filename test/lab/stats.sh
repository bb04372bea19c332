#!/usr/bin/env bash
# variants: nftables4 iptables6
# also: iptables4 nftables6
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

# from_ipvsadm, from_metrics: "tcp LISTENER connections packets-in packets-out bytes-in bytes-out" of each
# service, "tcp LISTENER BACKEND ..." of each backend; sorted.
from_ipvsadm() {
	in_ns lb ipvsadm -Ln --stats --exact | awk '
		$1 == "TCP" || $1 == "UDP" { service = tolower($1) " " $2; print service, $3, $4, $5, $6, $7 }
		$1 == "->" && $2 ~ /[0-9]/ { print service, $2, $3, $4, $5, $6, $7 }' | sort
}
from_metrics() {
	admin /metrics >"$WORK/metrics"
	awk '
		function label(key) { return match($0, key "=\"[^\"]*\"") ? substr($0, RSTART + length(key) + 2, RLENGTH - length(key) - 3) : "" }
		BEGIN { split("connections packets_in packets_out bytes_in bytes_out", kinds) }
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
				line = k[1] " " listen[k[2]] (k[3] == "" ? "" : " " k[3])
				for (i = 1; i <= 5; i++) line = line " " value[key, kinds[i]]
				print line
			}
		}' "$WORK/metrics" | sort
}
same() {
	local want got
	want=$(from_ipvsadm)
	got=$(from_metrics)
	[[ -n $want && $want == "$got" ]] || { printf 'ipvsadm:\n%s\nmetrics:\n%s\n' "$want" "$got"; false; }
}
# metric NAME LABEL-TEXT: the value of that series.
metric() { awk -v name="$1" -v label="$2" 'index($0, name "{") == 1 && index($0, label) { print $NF }' "$WORK/metrics"; }
traffic() {
	local i
	for ((i = 0; i < $1; i++)); do client_get "$WEB" >"$WORK/answer"; done
}
# counted N: the kernel, which adds up every 2 s, has counted N connections, and /metrics is the same.
counted() { same && [[ $(metric ezlb_service_connections_total 'service="web"') == "$1" ]]; }
has_dest() { [[ $(kernel_rows) == *"tcp $WEB ${EP[$1]} 1"* ]]; }

echo "# after traffic"
ezlb_start --cleanup-on-exit=false --traffic-interval 1s
eventually 10 "ready" is_ready
for b in b1 b2; do eventually 10 "$b serves" has_dest "$b"; done
same || fail "the counters of services without traffic"
eventually 5 "the traffic log has begun" grep -q 'pkg=traffic svc=web' "$EZLB_LOG"
traffic 10
client_udp "$VIP2" 53 >"$WORK/answer"
eventually 10 "they are ipvsadm's" counted 10
udp_counted() { same && [[ $(metric ezlb_service_connections_total 'service="dns"') == 1 ]]; }
eventually 5 "those of udp" udp_counted
assert_eq "connections of udp" 1 "$(metric ezlb_service_connections_total 'service="dns"')"
assert_eq "source NAT" 10 "$(metric ezlb_snat_connections_total 'service="web"')"
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
eventually 5 "b2 is out" fails has_dest b2
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
eventually 5 "b2 is out" fails has_dest b2
traffic 2
eventually 10 "they are ipvsadm's" counted 18
assert_eq "its health" 0 "$(metric ezlb_backend_health_status "${EP[b2]}")"
echo ok >"$WORK/b2/healthz"
eventually 5 "b2 is in" has_dest b2
traffic 4
eventually 10 "they are ipvsadm's" counted 22
assert_eq "its health" 1 "$(metric ezlb_backend_health_status "${EP[b2]}")"

echo "# a service that is gone has no series"
rm "$SERVICES/dns.yaml"
eventually 5 "dns is gone" fails grep -q "udp" <(kernel_rows)
eventually 5 "they are ipvsadm's" same
fails grep -q 'service="dns"' "$WORK/metrics" || fail "a series of a service that is gone"
promcheck <"$WORK/metrics"
ezlb_stop
