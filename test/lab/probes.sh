#!/usr/bin/env bash
# timeout: 180
# variants: nftables4
# Each type of health check against servers that are well, dead, and odd, over a network: the result and
# its reason. And where probes leave from. With nftables: the rules of iptables for a backend would give the probes
# of all services the snat_ip of one.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
B1=${BACKEND_IP[b1]}
backend_start b1

# odd HOW PORT: a server in b1 that misbehaves.
odd() {
	"$LABTOOL" misbehave b1 "$1" "$2" >"$WORK/odd.$2" 2>&1 &
	ODD+=("$WORK/odd.$2")
}
ODD=()
odd silent 7001
odd slow 7002
odd status 7003
odd garbage 7004
odd endless 7005
odd half-closed 7006
odd dns 7053
odd dns-refused 7054

# Certificates that are CA files of their own.
certificate() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout "$WORK/$1.key" \
		-addext "subjectAltName=DNS:good.example,IP:$B1" -out "$WORK/$1.csr" 2>/dev/null
	openssl x509 -req -in "$WORK/$1.csr" -signkey "$WORK/$1.key" -days "$2" -copy_extensions copy \
		-out "$WORK/$1.pem" 2>/dev/null
}
certificate good 1
certificate expired -1
tls() {
	"$LABTOOL" in b1 openssl s_server -quiet -www -accept "$1" -key "$WORK/$2.key" -cert "$WORK/$2.pem" \
		>/dev/null 2>&1 </dev/null &
}
tls 443 good
tls 444 expired

# A black hole, a network without a route, one that is forbidden, and a drop on the balancer itself.
in_ns b1 nft -f - <<-END
	table inet hole { chain input { type filter hook input priority 0; meta l4proto { tcp, udp } th dport 7007 drop; }; }
END
in_ns lb nft -f - <<-END
	table inet hole { chain output { type filter hook output priority 0; udp dport 7009 drop; }; }
END
ip -n lb route add unreachable 192.168.98.0/24
ip -n lb route add prohibit 192.168.99.0/24
servers_ready() {
	local file
	for file in "${ODD[@]}"; do
		[[ -s $file ]] || return 1
	done
	backend_listens b1 443 && backend_listens b1 444
}
eventually 20 "the servers listen" servers_ready

# A backend, its result, the reason, and the fields of the check. Lines with a + only with LAB_ALL=1: TLS is slow
# under emulation, and a unit test has them all.
GOOD="tls_ca_file: $WORK/good.pem"
UDP="type: udp, udp_payload: question, udp_expected"
cases() {
	cat <<-END
		$B1:80 up ok type: tcp
		$B1:7008 down connect_refused type: tcp
		$B1:7007 down connect_timeout type: tcp, timeout: 1s
		$B1:7006 up ok type: tcp
		192.168.98.1:80 down unreachable type: tcp
		192.168.99.1:80 down permission type: tcp
		192.168.10.99:80 down unreachable type: tcp, timeout: 10s
		+ $B1:80 up ok type: http
		$B1:80 up ok type: http, http_expected_body: backend=b1
		$B1:80 down http_body type: http, http_expected_body: backend=b2
		$B1:80 up ok type: http, http_path: /gone, http_expected_status: "200-299,404"
		$B1:7003 down http_status type: http
		$B1:7008 down connect_refused type: http
		$B1:7007 down connect_timeout type: http, timeout: 1s
		$B1:7001 down timeout type: http, timeout: 1s
		$B1:7002 down timeout type: http, timeout: 1s
		$B1:7004 down http_protocol type: http
		$B1:7005 down http_protocol type: http
		+ $B1:7006 down http_protocol type: http
		$B1:9 up ok type: http, port: 80
		+ $B1:443 up ok type: https
		+ $B1:443 up ok type: https, $GOOD
		$B1:443 up ok type: https, $GOOD, tls_server_name: good.example
		$B1:443 down tls_certificate type: https, $GOOD, tls_server_name: other.example
		+ $B1:443 down tls_certificate type: https, tls_insecure: false
		$B1:444 down tls_certificate type: https, tls_ca_file: $WORK/expired.pem
		$B1:7008 down connect_refused type: https
		$B1:7007 down connect_timeout type: https, timeout: 1s
		$B1:7001 down timeout type: https, timeout: 1s
		$B1:7004 down tls type: https
		+ $B1:7005 down tls type: https
		+ $B1:7006 down tls type: https
		$B1:53 up ok $UDP: backend=b1
		$B1:53 down udp_answer $UDP: backend=b2
		$B1:53 up ok type: udp
		$B1:7008 down connect_refused $UDP: x
		+ $B1:7008 down connect_refused type: udp
		$B1:7007 down timeout $UDP: x, timeout: 1s
		$B1:7007 up ok type: udp, timeout: 1s
		$B1:7009 down permission type: udp
		192.168.98.1:53 down unreachable type: udp
		192.168.10.99:53 down unreachable type: udp, timeout: 10s
		$B1:7053 up ok type: dns
		+ $B1:7053 up ok type: dns, dns_name: example.org, dns_type: A
		$B1:7054 down dns_rcode type: dns
		$B1:7054 up ok type: dns, dns_expected_rcode: [noerror, refused]
		$B1:53 down dns_protocol type: dns
		$B1:7008 down connect_refused type: dns
		$B1:7007 down timeout type: dns, timeout: 1s
		$B1:7009 down permission type: dns
	END
}

# The sources: the backend says whom it sees.
sources() {
	cat <<-END
		$B1:80 up ok type: http, http_expected_body: peer=$SNAT_IP
		$B1:80 up ok type: http, source: none, http_expected_body: peer=$LB_IP
		$B1:80 up ok type: http, source: 10.0.0.2, http_expected_body: peer=10.0.0.2
		$B1:80 up ok type: http, source: 10.0.0.77, http_expected_body: peer=$LB_IP
	END
}
ip -n b1 route add 10.0.0.2/32 via "$LB_IP"

# b2 serves, but has no route to 10.0.0.2: with this snat_ip no client would get an answer.
backend_start b2
no_route() {
	cat <<-END
		${BACKEND_IP[b2]}:80 down connect_timeout type: tcp, timeout: 1s
		${BACKEND_IP[b2]}:80 up ok type: tcp, source: none
	END
}

# services NAME EXTRA: a service for each line on stdin, which is probed once; the results to expect to $WORK/want.
n=0
services() {
	local at verdict reason check
	while read -r at verdict reason check; do
		n=$((n + 1))
		service "$1$n" <<-END
			listen: $VIP:$((1000 + n))
			$2
			health_check: {interval: 1h, timeout: 20s, fail_count: 1, $check}
			backends: [{address: "$at"}]
		END
		echo "$1$n $verdict $reason" >>"$WORK/want"
	done
}
# A trailing timeout wins over the one before it in no YAML file: one of the two only.
service() {
	sed 's/timeout: 20s, \(.*timeout: \)/\1/' >"$SERVICES/.$1.tmp"
	mv "$SERVICES/.$1.tmp" "$SERVICES/$1.yaml"
}
if thorough; then select='s/^+ //'; else select='/^+ /d'; fi
services probe '' < <(cases | sed "$select")
services source "{full_nat: true, snat_ip: $SNAT_IP}" < <(sources)
services snat "{full_nat: true, snat_ip: 10.0.0.2}" < <(no_route)
sed -i "s/^{full_nat: true, snat_ip: \(.*\)}$/full_nat: true\nsnat_ip: \1/" "$SERVICES"/{source,snat}*.yaml
sort -o "$WORK/want" "$WORK/want"
ezlb_cmd check "$SERVICES" || fail "the files are wrong"

results() {
	ezlb_cmd status -o json | jq -r '.services[] | .name as $name | .backends[] | "\($name) \(.verdict) \(.reason)"' | sort
}
results_are() {
	diff "$WORK/want" <(results)
}
ezlb_start
eventually 60 "the results" results_are
echo "$n checks: each result as it should be"
assert_eq "the code of HTTP and of DNS" "503 5" "$(ezlb_cmd status -o json | jq -r '[.services[].backends[] |
	select(.code != 0) | .code] | sort | reverse | map(tostring) | join(" ")')"
ezlb_stop
