# shellcheck shell=bash
# What torture_kill and torture_error share: two configurations, A and B, and the exact comparison of
# the kernel with what an undisturbed run makes of each. Sourced after lib.sh; everything here works on
# the network namespace that it is called in.

TORTURE=$WORK/torture
# The drain_timeout of all services; empty: the default.
TORTURE_DRAIN=
# What else is in the kernel, and must stay. One is on ezlb's VIP, one on a backend's port.
TORTURE_FOREIGN_SERVICES="-A -t $VIP:443 -s sh -p 600
-a -t $VIP:443 -r 192.168.10.11:443 -m -w 5
-A -u $VIP2:53 -s rr
-a -u $VIP2:53 -r 192.168.10.11:1001 -m -w 1
-A -f 7 -s rr
-a -f 7 -r 192.168.10.12:80 -m -w 1"
TORTURE_FOREIGN_RULES='*nat
:DOCKER - [0:0]
:ZOO - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -d 192.168.10.11/32 -p tcp -m tcp --dport 1001 -j ZOO
-A DOCKER -p tcp -m tcp --dport 5000 -j DNAT --to-destination 172.17.0.2:5000
-A ZOO -d 192.168.10.12/32 -j RETURN
-A ZOO -j MASQUERADE --random-fully
COMMIT'

# --- the configurations ----------------------------------------------------------------------

# torture_put CONFIG NAME PROTO PORT SCHEDULER NAT BACKEND=WEIGHT...: NAT is the source address, or
# "masquerade", or "plain". BACKEND is the last number of its address; it listens on PORT as well.
torture_put() {
	local config=$1 name=$2 proto=$3 port=$4 scheduler=$5 nat=$6 backend
	shift 6
	{
		echo "listen: $VIP:$port"
		echo "protocol: $proto"
		echo "scheduler: $scheduler"
		[[ $nat == plain ]] || echo "full_nat: true"
		[[ $nat == plain || $nat == masquerade ]] || echo "snat_ip: $nat"
		echo "health_check: {enabled: false}" # no probe to wait for
		[[ -z $TORTURE_DRAIN ]] || echo "drain_timeout: $TORTURE_DRAIN"
		echo "backends:"
		for backend; do
			echo "  - {address: '192.168.10.${backend%=*}:$port', weight: ${backend#*=}}"
		done
	} >"$TORTURE/$config/$name.yaml"
	echo "service $proto $VIP:$port" >>"$TORTURE/owned.$config"
}

# From A to B: 7 services edited, 6 removed, 7 added.
torture_configs() {
	local i config protos=(tcp udp)
	mkdir -p "$TORTURE"/{A,B}
	: >"$TORTURE/owned.none"
	torture_put A weight tcp 1001 wrr "$SNAT_IP" 11=1 12=1
	torture_put B weight tcp 1001 wrr "$SNAT_IP" 11=1 12=5
	torture_put A scheduler udp 1002 rr "$SNAT_IP" 11=1 12=1
	torture_put B scheduler udp 1002 wlc "$SNAT_IP" 11=1 12=1
	torture_put A backend-added tcp 1003 wrr "$SNAT_IP" 11=1
	torture_put B backend-added tcp 1003 wrr "$SNAT_IP" 11=1 12=3 13=1
	torture_put A backend-removed udp 1004 wrr "$SNAT_IP" 11=1 12=2 13=1
	torture_put B backend-removed udp 1004 wrr "$SNAT_IP" 12=2
	torture_put A snat-ip tcp 1005 wrr "$SNAT_IP" 11=1 12=1
	torture_put B snat-ip tcp 1005 wrr "$VIP2" 11=1 12=1
	torture_put A full-nat-on udp 1006 wrr plain 11=1 12=1
	torture_put B full-nat-on udp 1006 wrr "$SNAT_IP" 11=1 12=1
	torture_put A full-nat-off tcp 1007 wrr masquerade 11=1 12=1
	torture_put B full-nat-off tcp 1007 wrr plain 11=1 12=1
	for i in {0..5}; do
		torture_put A "removed$i" "${protos[i % 2]}" "110$i" wrr "$SNAT_IP" 11=1 12=1
		torture_put B "added$i" "${protos[i % 2]}" "120$i" lc "$SNAT_IP" 12=1 13=2
	done
	# Takes the place of one that goes: the other protocol on the same address and port.
	torture_put B added6 udp 1100 wrr masquerade 13=1
	for config in A B; do
		sort -o "$TORTURE/owned.$config" "$TORTURE/owned.$config"
	done
}

# --- the kernel ------------------------------------------------------------------------------

torture_foreign() {
	ip link set lo up # without any address IPVS takes no destination
	ipvsadm -R <<<"$TORTURE_FOREIGN_SERVICES"
	iptables-legacy-restore --noflush <<<"$TORTURE_FOREIGN_RULES"
}

# All that the kernel holds, one line each, in an order of its own. The order of rules in ezlb's chain
# is free; every other line of the nat table, the jump included, has its place.
torture_kernel() {
	{
		ipvsadm -Sn
		iptables-legacy-save -t nat
	} | awk '
		/^#/ { next }
		/^-A EZLB-SNAT/ || $2 ~ /^-/ { print; next }
		{ sub(/ \[[0-9:]*\]$/, ""); printf "nat %02d %s\n", ++place, $0 }' | sort
}

# torture_owned STATE_DIR: sets OWNED to the services that the ledger names, without a process.
torture_owned() {
	local line
	OWNED=
	[[ -e $1/ledger ]] || return 0
	while read -r line; do
		[[ $line != service\ * ]] || OWNED+=$line$'\n'
	done <"$1/ledger"
}

# torture_learn CONFIG STATE_DIR: an undisturbed run has just brought CONFIG into force; this is how it has
# to look from now on. Of the ledger it is known beforehand what it has to name.
torture_learn() {
	torture_owned "$2"
	assert_eq "the services in the ledger" "$(<"$TORTURE/owned.$1")" "$(printf %s "$OWNED" | sort)"
	{
		torture_kernel
		printf %s "$OWNED"
	} >"$TORTURE/want.$1"
}

# torture_is CONFIG STATE_DIR: kernel and ledger are as after an undisturbed run. CONFIG "none": there is
# only what is foreign. Where not, DIFFERENCE says what.
torture_is() {
	local is
	torture_owned "$2"
	is=$(torture_kernel)$'\n'$OWNED
	is=${is%$'\n'}
	[[ $is != "$(<"$TORTURE/want.$1")" ]] || return 0
	# shellcheck disable=SC2034 # for the caller
	DIFFERENCE=$(diff "$TORTURE/want.$1" - <<<"$is" || :)
	return 1
}
