#!/usr/bin/env bash
# A kernel without nf_tables, one without ip_tables, one with neither: auto takes what there is, and
# where there is nothing only full_nat services are without.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

[[ ${LAB_PLACE:-} == guest ]] || fail "it takes modules away: it needs EZLB_LAB=guest"
lab_up
backend_start b1
unset EZLB_SNAT_BACKEND
MODULES=/lib/modules/$(uname -r)
LISTS=$(readlink -f "$MODULES")
# The directory is that of the guest: the next case needs it, also if this one fails.
restore() {
	rm -rf "$MODULES" /etc/modprobe.d/ezlb-lab.conf
	ln -s "$LISTS" "$MODULES"
}
trap restore EXIT

# The first pass loads the modules; 15 s were measured where many others had the processors.
LOADED=60

# has_not PATTERN: no module of that name is loaded any more.
has_not() { ! grep -qE "^($1)" /proc/modules; }
unloaded() {
	# shellcheck disable=SC2046 # a name each
	modprobe -r -a $(awk -v p="^($1)" '$1 ~ p { print $1 }' /proc/modules) 2>/dev/null
	has_not "$1"
}
# block MODULE...: a kernel that was built without them.
block() {
	local module
	rm -rf "$MODULES"
	mkdir "$MODULES"
	ln -s "$LISTS"/* "$MODULES/"
	rm "$MODULES/modules.dep"
	cp "$LISTS/modules.dep" "$MODULES/modules.dep"
	: >/etc/modprobe.d/ezlb-lab.conf
	eventually 20 "nf_tables unloaded" unloaded "nft_|nf_tables"
	eventually 20 "ip_tables unloaded" unloaded "iptable_|ip_tables|ip6table_|ip6_tables"
	for module in "$@"; do
		echo "install $module /bin/false" >>/etc/modprobe.d/ezlb-lab.conf
		sed -i "\\,/$module\\.ko,d" "$MODULES/modules.dep"
	done
}
start() { # start BACKEND WHY
	: >"$EZLB_LOG"
	ezlb_start --log-level info
	eventually 10 "the log tells the backend" grep -q "msg=\"snat backend\" backend=$1 why=\"$2" "$EZLB_LOG"
}

service web <<END
listen: $VIP:80
full_nat: true
snat_ip: $SNAT_IP
health_check: {interval: 1s}
backends: [{address: "${BACKEND_IP[b1]}:80"}]
END

echo "# without nf_tables; all the others are there, and none is loaded"
block nf_tables
ipvs_unload
start iptables "the kernel has no nf_tables"
eventually $LOADED "web answers" client_get "$VIP:80"
assert_eq "peer" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:80")"
has_not nf_tables || fail "nf_tables was loaded"
for module in ip_vs ip_vs_wrr ip_tables iptable_nat; do
	grep -q "^$module " /proc/modules || fail "$module is not loaded"
done
ezlb_stop TERM

echo "# without ip_tables"
block ip_tables ip6_tables
start nftables "the kernel has nf_tables"
eventually $LOADED "web answers" client_get "$VIP:80"
assert_eq "peer" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:80")"
has_not ip_tables || fail "ip_tables was loaded"
ezlb_stop TERM

echo "# with neither: the service says why, another goes on"
block nf_tables ip_tables ip6_tables
service plain <<END
listen: $VIP2:80
health_check: {interval: 1s}
backends: [{address: "${BACKEND_IP[b1]}:80"}]
END
start iptables "the kernel has neither"
plain_in() { ipvs | grep -A1 "TCP  $VIP2:80" | grep -q Masq; }
eventually $LOADED "the other service has its backend" plain_in
grep -E 'level=error' "$EZLB_LOG"
grep -qE 'level=error .*modprobe ip_tables' "$EZLB_LOG" || fail "the log does not say what is missing"
[[ $(ipvs | grep -A1 "TCP  $VIP:80") != *Masq* ]] || fail "full_nat without source NAT: $(ipvs)"
ezlb_stop TERM
