#!/usr/bin/env bash
# Modules and sysctls: only what the services need, old values put back, and never a default route lost.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
settings() {
	local name
	for name in net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv6.conf.client.accept_ra \
		net.ipv4.vs.conntrack net.ipv4.vs.expire_nodest_conn net.ipv4.vs.expire_quiescent_template \
		net.ipv4.conf.all.arp_ignore net.netfilter.nf_conntrack_tcp_be_liberal net.ipv4.vs.sloppy_tcp \
		net.ipv4.vs.sloppy_sctp; do
		[[ ! -e /proc/sys/${name//.//} && $name == *vs* ]] || echo "$name=$(lb_sysctl $name)"
	done
}
# web FULL-NAT LISTEN BACKEND
web() {
	service "web$4" <<-END
		listen: "$2"
		scheduler: sed
		full_nat: $1
		backends: [{address: "$3", weight: 1}]
		health_check: {enabled: false}
	END
}
# Router advertisements are listened to on one interface, and not on the others.
for i in backends b1 b2 b3; do lb_sysctl net.ipv6.conf.$i.accept_ra 0; done
lb_sysctl net.ipv6.conf.client.accept_ra 1
in_ns lb modprobe ip_vs
before=$(settings)

echo "# a service without full_nat needs no setting"
web false "$VIP:80" "${BACKEND_IP[b1]}:80" 4
ezlb_cmd host-setup
assert_eq "settings" "$before" "$(settings)"
grep -q ip_vs_sed /proc/modules || fail "the scheduler's module is not loaded"

echo "# persistence and the scheduler mh need one each, and an engine needs its module"
service sticky <<END
listen: "$VIP:53"
protocol: udp
persistence: {timeout: 60s, engine: sip}
backends: [{address: "${BACKEND_IP[b1]}:53"}]
health_check: {enabled: false}
END
service hashed <<END
listen: "$VIP:54"
scheduler: mh
backends: [{address: "${BACKEND_IP[b1]}:54"}]
health_check: {enabled: false}
END
ezlb_cmd host-setup >"$WORK/out"
assert_match "what it prints" "host-set net.ipv4.vs.expire_quiescent_template = 1 \(was 0\): done.*host-set net.ipv4.vs.sloppy_tcp = 1 \(was 0\): done" \
	"$(tr '\n' ' ' <"$WORK/out")"
assert_eq "for tcp, and not for sctp" "1 0" "$(lb_sysctl net.ipv4.vs.sloppy_tcp) $(lb_sysctl net.ipv4.vs.sloppy_sctp)"
grep -q ip_vs_pe_sip /proc/modules || fail "the engine's module is not loaded"
rm "$SERVICES/sticky.yaml" "$SERVICES/hashed.yaml"
ezlb_cmd cleanup >/dev/null
assert_eq "settings" "$before" "$(settings)"

echo "# host-setup does that part and no other; what was is in the ledger"
web true "$VIP:80" "${BACKEND_IP[b1]}:80" 4
web true "[fd00:10::1]:80" "[fd00:192::11]:80" 6
ezlb_cmd host-setup | tee "$WORK/out"
assert_match "what it prints" "host-set net.ipv6.conf.client.accept_ra = 2 \(was 1\): done.*host-set net.ipv6.conf.all.forwarding = 1 \(was 0\): done" \
	"$(tr '\n' ' ' <"$WORK/out")"
assert_eq "accept_ra" 2 "$(lb_sysctl net.ipv6.conf.client.accept_ra)"
assert_eq "accept_ra of an interface that does not listen" 0 "$(lb_sysctl net.ipv6.conf.backends.accept_ra)"
assert_eq "forwarding" "1 1" "$(lb_sysctl net.ipv4.ip_forward) $(lb_sysctl net.ipv6.conf.all.forwarding)"
assert_eq "IPVS" "" "$(ipvs | grep -E '^(TCP|UDP)' || :)"
assert_eq "the second time there is nothing to do" "" "$(ezlb_cmd host-setup)"
# shellcheck disable=SC2016 # awk's
assert_eq "the ledger" "net.ipv4.vs.conntrack 0,net.ipv4.ip_forward 0,net.ipv6.conf.client.accept_ra 1,net.ipv6.conf.all.forwarding 0,net.netfilter.nf_conntrack_tcp_be_liberal 0" \
	"$(sed -n 's/^setting //p' "$STATE/ledger" | paste -sd,)"

echo "# never: a daemon that may not set, but need not either"
ezlb_start --host-setup never
eventually 20 "web answers" client_get "$VIP:80"
assert_eq "complaints" "" "$(grep -E 'level=(warn|error)' "$EZLB_LOG" || :)"

echo "# never, and a setting is missing: told once, and nothing goes out without its source NAT"
lb_sysctl net.ipv4.vs.conntrack 0
ezlb_stop TERM
web true "$VIP2:80" "${BACKEND_IP[b1]}:80" more
: >"$EZLB_LOG"
ezlb_start --host-setup never
eventually 5 "the log tells" grep -qF 'not changed because of --host-setup never: run ' "$EZLB_LOG"
nap 1
[[ $(ipvs) != *Masq* ]] || fail "there is a dest: $(ipvs)"
ezlb_stop TERM
ezlb_cmd host-setup
ezlb_start --host-setup never --cleanup-on-exit
eventually 5 "web answers" client_get "$VIP:80"

echo "# a stop leaves the settings, for others may rely on them by now; cleanup puts them back"
ezlb_stop TERM
assert_eq "forwarding" 1 "$(lb_sysctl net.ipv4.ip_forward)"
lb_sysctl net.ipv4.vs.conntrack 1
ezlb_cmd cleanup
assert_eq "settings" "$before" "$(settings)"

echo "# what somebody else has set since is left"
ezlb_cmd host-setup >/dev/null
lb_sysctl net.ipv6.conf.client.accept_ra 0
ezlb_cmd cleanup
assert_eq "accept_ra" 0 "$(lb_sysctl net.ipv6.conf.client.accept_ra)"
assert_eq "forwarding" 0 "$(lb_sysctl net.ipv6.conf.all.forwarding)"
