#!/usr/bin/env bash
# takes: 27
# timeout: 240
# Every finding of `ezlb doctor`: provoked, found, and gone after the command that it proposes.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

export EZLB_SNAT_BACKEND=nftables
FOUND=$WORK/found
LOCK=/run/xtables.lock

# look [FLAG...]: what the doctor finds, in $FOUND; his exit status must be that of it.
look() {
	local status=0 want=0
	ezlb_cmd doctor -o json "$@" >"$FOUND" || status=$?
	take_in
	[[ " ${LEVELS[*]} " != *" fail "* ]] || want=1
	assert_eq "exit status of doctor" $want $status
}

# take_in: $FOUND into arrays, by one process for all that is asked of it.
take_in() {
	local level check text fix
	LEVELS=() CHECKS=() TEXTS=() FIXES=()
	jq -j '.[] | "\(.level)\u001f\(.check)\u001f\(.text)\u001f\(.fix // "")\u001e"' "$FOUND" >"$FOUND.rows"
	while IFS=$'\x1f' read -r -d $'\x1e' level check text fix; do
		LEVELS+=("$level") CHECKS+=("$check") TEXTS+=("$text") FIXES+=("$fix")
	done <"$FOUND.rows"
}

# all LEVEL CHECK: the texts of that kind in $FOUND. fix CHECK: the commands of what is not ok.
all() {
	local i
	for i in "${!LEVELS[@]}"; do
		[[ ${LEVELS[i]} != "$1" || ${CHECKS[i]} != "$2" ]] || printf '%s\n' "${TEXTS[i]}"
	done
}
fix() {
	local i
	for i in "${!LEVELS[@]}"; do
		[[ ${LEVELS[i]} == ok || ${CHECKS[i]} != "$1" ]] || printf '%s\n' "${FIXES[i]:-null}"
	done
}

# has LEVEL CHECK REGEX [FLAG...]
has() {
	look "${@:4}"
	assert_match "$1 $2" "$3" "$(all "$1" "$2")"
}

# is_ok CHECK [FLAG...]
is_ok() {
	look "${@:2}"
	assert_eq "not ok of $1" "" "$(fix "$1"; all warn "$1"; all fail "$1")"
}

# mended LEVEL CHECK REGEX [FLAG...]: it is found, and the commands mend it.
mended() {
	local line
	has "$@"
	while read -r line; do
		[[ -n $line ]] || fail "$2 has no command"
		echo "  $line"
		in_ns lb sh -c "$line" >>"$WORK/mend.log" 2>&1 || fail "$line: $(tail -n 3 "$WORK/mend.log")"
	done < <(fix "$2")
	is_ok "$2" "${@:4}"
}

lab_up
backend_start b1
service web <<END
listen: $VIP:80
scheduler: rr
full_nat: true
snat_ip: $SNAT_IP
health_check: {interval: 300ms, fail_count: 1, rise_count: 1}
backends:
  - address: ${BACKEND_IP[b1]}:80
END
# /run is new in each case, and so is the lock; tables of the other kind are not here yet.
modprobe -a ip_vs ip_vs_rr nf_conntrack

echo "# host: settings, the table of connections"
lb_sysctl net.ipv4.vs.conntrack 0
mended fail vs-conntrack "net.ipv4.vs.conntrack = 0"
mended fail forwarding "net.ipv4.ip_forward = 0"
# Only the first network namespace may change these, so they are files here: in lb, for each
# namespace has a /proc/sys/net of its own.
for f in count max; do
	echo 90 >"$WORK/$f"
	in_ns lb mount --bind "$WORK/$f" "/proc/sys/net/netfilter/nf_conntrack_$f"
done
echo 100 >"$WORK/max"
mended warn conntrack-table "90 of 100 entries"
echo 99 >"$WORK/count"
echo 100 >"$WORK/max"
mended fail conntrack-table "99 of 100 entries"
in_ns lb umount /proc/sys/net/netfilter/nf_conntrack_count /proc/sys/net/netfilter/nf_conntrack_max

echo "# host: capabilities, modules"
EZLB_WITHOUT() { in_ns lb setpriv --inh-caps=-net_raw --bounding-set=-net_raw "$EZLB" doctor --config-dir "$SERVICES" -o json; }
EZLB_WITHOUT >"$FOUND" && fail "doctor is content without CAP_NET_RAW"
take_in
assert_match "capabilities" "CAP_NET_RAW is missing" "$(all fail capabilities)"
is_ok capabilities
# modules_hidden [LISTS]: doctor where /lib/modules is empty, or has lists that name nothing.
modules_hidden() {
	# shellcheck disable=SC2016
	unshare --mount sh -c 'mount -t tmpfs tmpfs /lib/modules
		[ -z "$1" ] || { mkdir "/lib/modules/$(uname -r)" && : >"/lib/modules/$(uname -r)/modules.dep"; }
		shift; exec "$@"' sh "${1:-}" \
		"$LABTOOL" in lb "$EZLB" doctor --config-dir "$SERVICES" -o json >"$FOUND" || :
	take_in
}
sed -i 's/rr$/fo/' "$SERVICES/web.yaml"
modprobe -r ip_vs_fo || :
modules_hidden
assert_match "no lists of modules" "without /lib/modules" "$(all warn scheduler)"
modules_hidden lists
assert_match "no such module" "ip_vs_fo is not loaded, and not among" "$(all fail scheduler)"
is_ok scheduler # can be loaded
sh -c "$(modules_hidden && fix scheduler)"
modules_hidden lists
assert_eq "the loaded scheduler" fo "$(all ok scheduler)"
sed -i 's/fo$/rr/' "$SERVICES/web.yaml"

echo "# host: kube-proxy, the lock, tables of both kinds"
in_ns lb ip link add kube-ipvs0 type dummy
has warn kube-proxy "excludeCIDRs: \[\"$VIP/32\"\]"
in_ns lb ip link del kube-ipvs0
is_ok kube-proxy
rm -f $LOCK
mkdir $LOCK
mended fail xtables-lock "is a directory"
exec {held}>$LOCK
flock $held
has warn xtables-lock "has held $LOCK"
exec {held}>&-
is_ok xtables-lock
in_ns lb iptables-legacy -t nat -A POSTROUTING -s 192.0.2.0/24 -j ACCEPT
in_ns lb iptables-nft -t nat -A POSTROUTING -s 198.51.100.0/24 -j ACCEPT
mended warn tables-mixed "both iptables-legacy \(nat\) and iptables-nft"
in_ns lb iptables-nft -t nat -S | grep -q 192.0.2.0 || fail "the legacy rule is lost"
in_ns lb nft flush ruleset

echo "# service: addresses"
in_ns lb ip addr del "$VIP/32" dev lo
has warn vip-local "adds it to ezlb0" --vip-device ezlb0
mended fail vip-local "$VIP is not a local address"
in_ns lb ip addr del "$SNAT_IP/32" dev lo
mended fail snat-local "$SNAT_IP of snat_ip is not a local address"

echo "# service: routes"
service far <<END
listen: $VIP2:80
full_nat: true
backends:
  - address: 203.0.113.5:80
  - address: 172.16.0.1:81
END
has warn backend-route "172.16.0.1:81 is this host itself"
has fail backend-route "no route to the backend 203.0.113.5:80"
command=$(fix backend-route | grep GATEWAY)
in_ns lb sh -c "${command/GATEWAY/192.168.10.11}"
has ok backend-route "203.0.113.5:80 over backends, from 192.168.10.1"
assert_eq "without a route" "" "$(all fail backend-route)"
rm "$SERVICES/far.yaml"

echo "# service: rp_filter. Clients from afar come by one interface, their way back is another"
in_ns client ip addr add 198.18.0.1/32 dev lo
in_ns lb ip route add default via 192.168.10.11
in_ns lb ip addr del "$VIP/32" dev lo
in_ns lb ip addr add "$VIP/32" dev client
lb_sysctl net.ipv4.conf.all.rp_filter 0
lb_sysctl net.ipv4.conf.client.rp_filter 1
# Nobody listens there, and the answer goes elsewhere: only whether the filter counts it is asked.
from_afar() { fails in_ns client curl -s --interface 198.18.0.1 --max-time 0.5 "http://$VIP:9/"; }
# shellcheck disable=SC2016
dropped() { in_ns lb awk 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "IPReversePathFilter") n = i } NR == 2 { print $n }' /proc/net/netstat; }
# The filter is for ARP, too, so that has to be done before.
fails in_ns client curl -s --max-time 0.5 "http://$VIP:9/"
before=$(dropped)
from_afar
[[ $(dropped) -gt $before ]] || fail "the filter did not drop it"
before=$(dropped)
mended warn rp-filter "requests of clients to $VIP arrive on client"
from_afar
assert_eq "dropped by the filter" "$before" "$(dropped)"
lb_sysctl net.ipv4.conf.client.rp_filter 1
in_ns lb ip route del default
in_ns lb ip addr del "$SNAT_IP/32" dev lo
in_ns lb ip addr add "$SNAT_IP/32" dev client
mended warn rp-filter "answers of backends to $SNAT_IP arrive on client"
in_ns lb ip addr del "$SNAT_IP/32" dev client
in_ns lb ip addr add "$SNAT_IP/32" dev lo

echo "# filters: nothing passes, and after the commands everything does"
answers() { client_get "$VIP:80"; }
ezlb_start
eventually 10 "web answers" answers
# closed WHAT: no new connection gets through. opened WHAT CHECK...: the commands of these make way.
closed() {
	fails client_get "$VIP:80" --max-time 1 2>/dev/null || fail "$1: it does not stop anything"
}
opened() {
	local check what=$1
	shift
	for check; do
		mended fail "$check" drops
	done
	eventually 5 "$what: web answers" answers
}
in_ns lb nft -f - <<END
table inet fw {
	chain input { type filter hook input priority 0; policy drop; ip saddr 192.168.10.0/24 accept; }
	chain forward { type filter hook forward priority 0; policy drop; }
	chain output { type filter hook output priority 0; policy drop; tcp dport 80 ip saddr { 192.168.10.1, $SNAT_IP } accept; }
}
END
closed "a firewall of nft"
opened "a firewall of nft" filter-input filter-forward filter-output
in_ns lb nft delete table inet fw
for kind in nft legacy; do
	in_ns lb iptables-$kind -A OUTPUT -s "192.168.10.1,$SNAT_IP" -j ACCEPT # the probes
	in_ns lb iptables-$kind -P OUTPUT DROP
	closed "iptables-$kind, OUTPUT"
	opened "iptables-$kind, OUTPUT" filter-output
	in_ns lb iptables-$kind -F OUTPUT
	in_ns lb iptables-$kind -P OUTPUT ACCEPT
done
in_ns lb iptables-nft -P INPUT DROP
in_ns lb iptables-nft -P FORWARD DROP
is_ok filter-input
mended fail filter-input "ip.*tables, chain INPUT, drops" --firewall never
mended fail filter-forward "ip.*tables, chain FORWARD, drops" --firewall never
ezlb_stop

echo "# service: a connection that began before it gets no source NAT"
in_ns lb nft -f - <<END
table inet other {
	chain track { type filter hook prerouting priority 0; ct state new counter; }
}
END
"$LABTOOL" serve lb lb "$WORK" 4 80 >"$WORK/lb.ready" &
LOCAL=$!
eventually 5 "a server on the host itself" test -s "$WORK/lb.ready"
is_ok connections
# shellcheck disable=SC2016 # the other shell's
coproc HELD { in_ns client timeout 60 bash -c 'exec 3<>"/dev/tcp/$1/80" && echo open && read -r' bash "$VIP"; }
read -r -t 5 -u "${HELD[0]}" || fail "the connection is not open"
has warn connections "$VIP:80 that began without source NAT: 1; .* conntrack -D -p tcp -d $VIP --dport 80 -q CLIENT"
echo end >&"${HELD[1]}"
ended() { is_ok connections; }
eventually 10 "it ends by itself" ended
kill $LOCAL

echo "# files, and what it looks like"
echo "listen: nonsense" >"$SERVICES/bad.yaml"
has fail service-file "bad.yaml:1"
rm "$SERVICES/bad.yaml"
in_ns lb nft flush ruleset
text=$(ezlb_cmd doctor) || fail "not well at the end: $text"
assert_match "the last line" "^[0-9]+ ok, [0-9]+ warn, 0 fail$" "${text##*$'\n'}"
in_ns lb ip addr del "$SNAT_IP/32" dev lo
text=$(ezlb_cmd doctor) && fail "exit 0 with a fail"
assert_match "a failure is the first line" "^fail  snat-local       web: $SNAT_IP of " "$text"
assert_match "the command is at the end" $'\n\nTo fix this, run:\n\n(.*\n)?'"ip addr add $SNAT_IP/32 dev lo"$'\n(.*\n)?\n'"[0-9]+ ok, [0-9]+ warn, 1 fail$" "$text"
echo "$text"
