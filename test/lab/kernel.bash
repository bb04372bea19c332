# shellcheck shell=bash
# What the load balancer's kernel holds, in a form that cases can compare: sourced by lib.sh.

# The namespace of the load balancer. With several (balancers.bash) it is that of one of them at a time.
LB=lb

# None of these loads a module that is not there: looking must not change what ezlb finds.

# ipvs: the services and destinations in lb, as numbers.
ipvs() {
	[[ ! -e /proc/net/ip_vs ]] || in_ns "$LB" ipvsadm -Ln
}

# kernel_rows: the same, made by the shell alone because it is what polling loops call. A line for each
# service, "tcp 10.0.0.1:80 wrr", and for each destination, "tcp 10.0.0.1:80 192.168.10.11:80 1".
kernel_rows() {
	local a b c d rest service=''
	[[ -e /proc/$EZLB_PID/net/ip_vs ]] || return 0
	while read -r a b c d rest; do
		case $a in
		TCP | UDP)
			service="${a,,} $(lab_endpoint "$b")"
			echo "$service $c"
			;;
		'->') [[ $c != Forward ]] || continue
			echo "$service $(lab_endpoint "$b") $d" ;;
		esac
	done <"/proc/$EZLB_PID/net/ip_vs"
}

# lab_endpoint 0A000001:0050: 10.0.0.1:80
# lab_endpoint [fd00:0010:0000:0000:0000:0000:0000:0001]:0050: [fd00:10::1]:80, the form of all in the lab
lab_endpoint() {
	local a=${1%:*} port=$((16#${1##*:}))
	if [[ $a == \[* ]]; then
		printf '[%x:%x::%x]:%d\n' "0x${a:1:4}" "0x${a:6:4}" "0x${a:36:4}" $port
	else
		echo "$((16#${a:0:2})).$((16#${a:2:2})).$((16#${a:4:2})).$((16#${a:6:2})):$port"
	fi
}

# nat_rules: the rules of the legacy nat table in lb, of the world's family.
nat_rules() {
	local six=
	[[ $FAMILY == 4 ]] || six=6
	# shellcheck disable=SC2016
	in_ns "$LB" sh -c 'grep -qsx nat "/proc/net/ip${1}_tables_names" || exit 0
		exec "ip${1}tables-legacy" -w 5 -t nat -S' sh "$six"
}

# snat_rows: the SNAT rows of ezlb's in this world, sorted, "tcp 192.168.10.11:80 to 10.0.0.3": with
# iptables of the backend, with nftables of the listener. "masquerade" is a place to go, too. A rule
# that is of another form is printed as it is.
snat_rows() {
	if by_listener; then
		snat_rows_nftables
	else
		snat_rows_iptables
	fi | sort
}

snat_rows_iptables() {
	local line to
	local form='^-A EZLB-SNAT -d ([^ ]+)/(32|128) -p ([a-z]+) -m [a-z]+ --dport ([0-9]+)'
	form+=' -j (MASQUERADE|SNAT --to-source ([^ ]+))( --random-fully)?$'
	while read -r line; do
		[[ $line == "-A EZLB-SNAT "* ]] || continue
		if [[ $line =~ $form ]]; then
			to=${BASH_REMATCH[6]:-masquerade}
			line="${BASH_REMATCH[3]} $(ep "${BASH_REMATCH[1]}" "${BASH_REMATCH[4]}") to $to"
		fi
		echo "$line"
	done < <(nat_rules)
}

snat_rows_nftables() {
	local table=ip bits=32
	[[ $FAMILY == 4 ]] || table=ip6 bits=128
	# An element with a counter is wrapped once more. In a map to ranges one address is a prefix, and so
	# is a range that can be written as one.
	{ in_ns "$LB" nft -j list table $table ezlb 2>/dev/null || :; } | jq -r --argjson bits $bits '
		def bracketed: if contains(":") then "[\(.)]" else . end;
		def to: if type == "string" then . elif .range then .range | join("-")
			elif .prefix.len == $bits then .prefix.addr else "\(.prefix.addr)/\(.prefix.len)" end;
		.nftables[] | (.map // .set // empty) | (.elem // [])[] |
		(if type == "array" then . else [., "masquerade"] end) as [$key, $to] |
		($key | if type == "object" and .elem then .elem.val else . end) |
		(if type == "number" then "fwmark \(.)"
			else .concat as [$address, $proto, $port] | "\($proto) \($address | bracketed):\($port)" end) +
		" to \($to | to)"'
}

# snat_want PROTO LISTENER TO BACKEND...: what snat_rows has to print of a service with these backends.
# LISTENER and BACKEND are endpoints.
snat_want() {
	local proto=$1 listener=$2 to=$3 row
	shift 3
	! by_listener || set -- "$listener"
	for row; do
		echo "$proto $row to $to"
	done
}

# snat_is ROW...: snat_rows is exactly that, in any order. A ROW may be several lines, or none.
snat_is() {
	[[ $(snat_rows) == "$(printf '%s\n' "$@" | sed '/^$/d' | sort)" ]]
}

# snat_flush: takes ezlb's SNAT rows away, as an admin or a firewall's reload does in this world.
snat_flush() {
	if by_listener; then
		in_ns "$LB" nft flush ruleset
	else
		in_ns "$LB" "ip${FAMILY/4/}tables-legacy" -w 5 -t nat -F EZLB-SNAT
	fi
}

# snat_all: what ezlb has in lb for SNAT, in each world and in both families, in the tools' own words.
snat_all() {
	# shellcheck disable=SC2016
	in_ns "$LB" sh -c '
		! grep -qsx nat /proc/net/ip_tables_names || iptables-legacy -w 5 -t nat -S | grep EZLB
		! grep -qsx nat /proc/net/ip6_tables_names || ip6tables-legacy -w 5 -t nat -S | grep EZLB
		[ -e /sys/module/nf_tables ] || exit 0
		nft list tables | while read -r _ family name; do
			[ "$name" != ezlb ] || nft -s list table "$family" ezlb
		done'
}

# ipvs_commands: of each message in the sends that strace (-x -s 65536) wrote, on stdin, the number of its
# command (linux/ip_vs.h): the first byte behind the header. One send may carry many.
ipvs_commands() {
	local line
	while read -r line; do
		# Nor the dumps of local addresses, interfaces and qdiscs.
		[[ $line != *nlmsg_type=@(nlctrl|NFNL_SUBSYS_NFTABLES|0xa|RTM_GET@(ROUTE|LINK|QDISC),*NLM_F_DUMP)* ]] || continue
		# Nor NEW_SERVICE without a service, which the kernel refuses: it proves that the kernel's calls are counted.
		[[ $line != *nlmsg_len=20,*'"\x01\x01\x00\x00"'* ]] || continue
		# Nor what the processes of ezlb say to each other: a head of 8 bytes, and what follows.
		[[ $line != *'iov_len=8}'[],]* ]] || continue
		[[ $line == *nlmsg_type=IPVS,* ]] || echo "unknown: $line"
		while [[ $line =~ nlmsg_type=IPVS,[^\"]*\"\\x([0-9a-f]{2})(.*) ]]; do
			echo $((16#${BASH_REMATCH[1]}))
			line=${BASH_REMATCH[2]}
		done
	done < <(grep -E 'send(msg|to)\(')
}

# ipvs_writes: those of them that write. GET_SERVICE, GET_DEST, GET_CONFIG and GET_INFO read.
ipvs_writes() {
	ipvs_commands | grep -vxE '4|8|13|15' || :
}

# ipvs_unload: a kernel without ip_vs, as after boot. Only in the guest: the host's may be in use.
ipvs_unload() {
	[[ ${LAB_PLACE:-} == guest ]] || fail "ipvs_unload needs EZLB_LAB=guest"
	local used
	# xt_ipvs, which a rule with -m ipvs has loaded, uses it.
	used=$(awk '/^(xt_ipvs|ip_vs)/ { print $1 }' /proc/modules)
	[[ -n $used ]] || return 0
	# Namespaces of the case before this one may still be on their way out and hold it.
	# shellcheck disable=SC2086
	eventually 10 "ip_vs unloaded" modprobe -r -a $used
}

# --- after a failure -------------------------------------------------------------------------

# lab_dump: what one needs to see first. Called by one-case in a shell of its own.
lab_dump() {
	local most=100 # lines of each: a world of thousands would bury the rest
	trap - ERR
	set +e
	for LB in lb lb1 lb2 lb3; do
		[[ ! -e /run/netns/$LB ]] || lab_dump_kernel
	done
	for EZLB_LOG in "$EZLB_LOG" "$WORK"/lb?/ezlb.log; do
		[[ -s $EZLB_LOG ]] || continue
		echo "--- the end of ${EZLB_LOG#"$WORK"/}"
		tail -n 60 "$EZLB_LOG"
	done
}

lab_dump_kernel() {
	echo "--- $LB: ipvsadm -Ln"
	ipvs | head -n "$most"
	echo "--- iptables-legacy -t nat -S"
	FAMILY=4 nat_rules | head -n "$most"
	echo "--- ip6tables-legacy -t nat -S"
	FAMILY=6 nat_rules | head -n "$most"
	echo "--- nft list ruleset"
	[[ ! -e /sys/module/nf_tables ]] || in_ns "$LB" nft list ruleset | head -n "$most"
	echo "--- addresses"
	ip -n "$LB" -brief address
}
