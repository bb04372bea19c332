#!/usr/bin/env bash
# variants: nftables4
# also: iptables4 nftables6 iptables6
# Source ports: connections that are really open are counted, once for each, in status, metrics and doctor; those of another
# service to the same backend from the same address, too.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

OPEN=12
lab_up
backend_start b1
# web NAME PORT: a service to b1 and a backend that nobody answers at, which gets no connections.
web() {
	service "$1" <<-END
		listen: "$(ep "$VIP" "$2")"
		full_nat: true
		snat_ip: "$SNAT_IP"
		health_check: {enabled: false}
		backends: [{address: "$(ep "${BACKEND_IP[b2]}" 80)", weight: 0}, {address: "$(ep "${BACKEND_IP[b1]}" 80)"}]
	END
}
ports() { admin /api/v1/status | jq -r --arg name "$1" '.services[] | select(.name == $name) | .source_ports | "\(.used) \(.backend)"'; }
used() { [[ $(ports "$1") == "$2 $(ep "${BACKEND_IP[b1]}" 80)" ]]; }

web web 80
ezlb_start
eventually 10 "web answers" client_get "$(ep "$VIP" 80)"

echo "# connections that stay open"
# shellcheck disable=SC2016 # for the inner shell
in_ns client bash -c 'for ((i = 0; i < $3; i++)); do exec {fd}<>"/dev/tcp/$1/$2" || exit; done; echo open; read -r' _ \
	"$VIP" 80 "$OPEN" < <(sleep 100) >"$WORK/open" &
holder=$!
eventually 10 "they are open" grep -q open "$WORK/open"

echo "# with the one that has ended, which still has its port"
web more 81
in_force() { [[ $(in_ns lb ipvsadm -Sn | grep -c -- "^-a") -eq 4 ]]; }
eventually 10 "the other service is in the kernel" in_force
# Ports are counted every 10 s, and after a change of the files.
echo "# again" >>"$SERVICES/more.yaml"
want=$((OPEN + 1))
eventually 15 "web has them" used web $want
eventually 15 "and so has the other one: the ports are the same" used more $want
assert_eq "conntrack has as many source ports of b1" $want \
	"$(in_ns lb grep -c '^ipv.* tcp .* dport=80 .* sport=80 ' /proc/net/nf_conntrack)"
admin /metrics >"$WORK/metrics"
promcheck <"$WORK/metrics"
assert_eq "the metrics" "ezlb_source_ports_used{service=\"more\",source=\"$SNAT_IP\"} $want
ezlb_source_ports_used{service=\"web\",source=\"$SNAT_IP\"} $want
ezlb_source_ports_available{service=\"more\",source=\"$SNAT_IP\"} 64512
ezlb_source_ports_available{service=\"web\",source=\"$SNAT_IP\"} 64512" "$(grep ^ezlb_source_ports "$WORK/metrics")"
assert_match "status" "source ports   $want of 64512 used to .*:80 \(0%\)" "$(ezlb_cmd status web)"
assert_eq "doctor" "ok $want of 64512 source ports to $(ep "${BACKEND_IP[b1]}" 80) are used" \
	"$(ezlb_cmd doctor -o json | jq -r '.[] | select(.check == "source-ports") | "\(.level) \(.text)"')"

kill $holder
wait $holder || :
ezlb_stop
