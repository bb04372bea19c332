#!/usr/bin/env bash
# when: all
# takes: 300
# timeout: 1200
# variants: nftables4
# Which open connections survive when their balancer is lost, or drained, and the other one of a VRRP pair takes over: each
# way to forward, with and without the scheduler mh, the sync daemon of IPVS and conntrackd. The table is that of
# docs/high-availability.md.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/balancers.bash
. "$(dirname "$0")/balancers.bash"
# shellcheck source=test/lab/vrrp.bash
. "$(dirname "$0")/vrrp.bash"
command -v conntrackd >/dev/null || fail "there is no conntrackd: scripts/deps long"

HELPERS=(nothing "sync daemon" conntrackd "sync daemon and conntrackd" "\`mh\`" "\`mh\` and conntrackd")
MODES=(direct tunnel masq own moves)
declare -A TITLE=([direct]="\`forward: direct\`" [tunnel]="\`forward: tunnel\`" [masq]="\`forward: masq\`"
	[own]="\`full_nat\`, no \`snat_ip\`" [moves]="\`full_nat\`, \`snat_ip\` moves with the VIP")
FAR=172.16.0.3 # the client's address for direct and tunnel: the backends reach it without a balancer
EACH=4         # connections of each kind

far_backend() { # far_backend NAME
	ip -n "$1" -batch - <<-END
		route add $FAR/32 via 192.168.10.253
		addr add $VIP/32 dev lo
		link set tunl0 up
	END
	in_ns "$1" sh -c 'cd /proc/sys/net/ipv4/conf && echo 1 >all/arp_ignore && echo 2 >all/arp_announce &&
		echo 0 >all/rp_filter && echo 0 >tunl0/rp_filter'
	"$LABTOOL" in "$1" python3 "$LAB_REPO/test/tools/talk.py" serve 81 82 83 84 85 >"$WORK/$1.talk" 2>&1 &
	echo $! >"$WORK/$1.server"
	eventually 60 "$1 serves" grep -q ready "$WORK/$1.talk"
}

# files SCHEDULER: the services, on the ports from 81 on in the order of MODES.
files() {
	local i b lines
	for i in "${!MODES[@]}"; do
		case ${MODES[i]} in
		own) lines="full_nat: true" ;;
		moves) lines="{full_nat: true, snat_ip: $VRRP_SNAT}" ;;
		*) lines="forward: ${MODES[i]}" ;;
		esac
		services "${MODES[i]}" <<-END
			listen: $VIP:$((81 + i))
			$(sed 's/^{//; s/}$//; s/, /\n/' <<<"$lines")
			scheduler: $1
			$([[ $1 != mh ]] || echo "scheduler_flags: mh-port")
			health_check: {enabled: false}
			backends:
			$(for b in b1 b2 b3; do echo "  - address: ${BACKEND_IP[$b]}:$((81 + i))"; done)
		END
	done
}

# ask COMMAND...: what the client answers.
ask() {
	local answer
	echo "$*" >&"${TALK[1]}"
	read -r -t 200 answer <&"${TALK[0]}" || fail "no answer to $*"
	echo "$answer"
}

other() { [[ $1 == lb1 ]] && echo lb2 || echo lb1; }
has_scheduler() { [[ $(ipvs | grep -cE "^TCP +$VIP:[0-9]+ $1( |\$)") -eq ${#MODES[@]} ]]; }

# knows ipvs|conntrack NAME: this balancer has been told of all open connections; of direct routing and tunnels conntrack has
# only the first packet.
knows() {
	local table mode port
	if [[ $1 == ipvs ]]; then
		table=$(in_ns "$2" ipvsadm -Lnc | grep ESTABLISHED)
	else
		table=$(in_ns "$2" conntrack -L -p tcp --state ESTABLISHED 2>/dev/null)
	fi
	for port in $PORTS; do
		mode=${port%:*} port=${port#*:}
		[[ $1$mode == conntrackdirect || $1$mode == conntracktunnel ]] || [[ $table == *[:=]"$port "* ]] || return 1
	done
}

CONNTRACKD=()
conntrackd_start() { # conntrackd_start NAME
	local conf=$WORK/$1/conntrackd.conf
	cp "$LAB_REPO/deploy/conntrackd/conntrackd.conf" "$conf"
	[[ $1 == lb1 ]] || sed -i '/^	UDP/,/}/ { s/_address 192.168.10.1$/_address 192.168.10.2/; t
		s/_Address 192.168.10.2$/_Address 192.168.10.1/ }' "$conf"
	in_ns "$1" sysctl -q -p "$LAB_REPO/deploy/conntrackd/sysctl.conf"
	machine "$1" conntrackd -C "$conf" >>"$WORK/$1/conntrackd.out" 2>&1 &
	CONNTRACKD+=($!)
	eventually 60 "conntrackd of $1 runs" test -S "$WORK/$1/run/conntrackd.ctl"
}
conntrackd_stop() {
	local pid
	for pid in "${CONNTRACKD[@]}"; do
		kill "$pid"
		wait "$pid" || :
	done
	CONNTRACKD=()
	each conntrack_flush
	rm -f "$WORK"/lb?/run/conntrackd.ctl "$WORK"/lb?/run/lock/*
}
conntrack_flush() { in_ns "$LB" conntrack -F 2>/dev/null; }

# set_up COLUMN: both balancers as the column says.
set_up() {
	local scheduler=rr flags=(--cleanup-on-exit=false)
	[[ $1 != *mh* ]] || scheduler=mh
	[[ $1 != *sync* ]] || flags+=(--sync-interface back)
	[[ ${EZLB_PIDS[lb1]:-} == '' ]] || each ezlb_stop
	files "$scheduler"
	each ezlb_start "${flags[@]}"
	each eventually 60 "ezlb is ready" is_ready
	each eventually 60 "the scheduler is $scheduler" has_scheduler "$scheduler"
	each lb_sysctl net.netfilter.nf_conntrack_tcp_loose 1
	[[ $1 != *conntrackd* ]] || { conntrackd_start lb1 && conntrackd_start lb2; }
}

# connections: opens all, through the balancer that has the addresses now.
connections() {
	local i group source
	ask reset >/dev/null
	for i in "${!MODES[@]}"; do
		source=$CLIENT_IP
		[[ $i -gt 1 ]] || source=$FAR
		for group in client server; do
			assert_eq "connections of ${MODES[i]}" $EACH \
				"$(ask open "$group" "${MODES[i]}" "$source" "$VIP" $((81 + i)) $EACH)"
		done
	done
}

# lose lost|drained NAME; bring_back lost|drained NAME.
lose() {
	if [[ $1 == lost ]]; then
		ip -n router link set "$2-front" down
		ip -n router link set "$2-back" down
	else
		on "$2" ezlb_cmd drain >/dev/null
	fi
}
bring_back() {
	if [[ $1 == lost ]]; then
		ip -n router link set "$2-front" up
		ip -n router link set "$2-back" up
	else
		on "$2" ezlb_cmd undrain >/dev/null
	fi
}

# cell CLIENT SERVER: in words, of how many connections went on where the client, and where the server, sent first.
cell() {
	case $1,$2 in
	"$EACH,$EACH") echo yes ;;
	"$EACH,0") echo "if the client sends first" ;;
	0,0) echo no ;;
	*) echo "$1 and $2 of $EACH" ;;
	esac
}

# measure COLUMN lost|drained: fills in CELL.
declare -A CELL=()
measure() {
	local from=lb1 to client server mode
	has_vip lb1 || from=lb2
	to=$(other $from)
	eventually 60 "lb1 is well" is_well lb1
	eventually 60 "lb2 is well" is_well lb2
	connections
	PORTS=$(ask ports)
	[[ $1 != *sync* ]] || eventually 30 "IPVS of $to knows the connections" knows ipvs "$to"
	[[ $1 != *conntrackd* ]] || eventually 30 "conntrack of $to knows the connections" knows conntrack "$to"
	lose "$2" $from
	eventually 60 "$to takes over" only "$to"
	client=$(ask say client 6)
	kill -USR1 "$(cat "$WORK/b1.server")" "$(cat "$WORK/b2.server")" "$(cat "$WORK/b3.server")"
	server=$(ask hear server 6)
	echo "$1, $2: $client; $server"
	for mode in "${MODES[@]}"; do
		[[ " $client" =~ \ $mode=([0-9]+) ]]
		CELL[$1,$2,$mode]=${BASH_REMATCH[1]}
		[[ " $server" =~ \ $mode=([0-9]+) ]]
		CELL[$1,$2,$mode]=$(cell "${CELL[$1,$2,$mode]}" "${BASH_REMATCH[1]}")
	done
	bring_back "$2" $from
	eventually 60 "$from takes nothing back" only "$to"
}

# row TITLE EVENT MODE: as the document has it.
row() {
	local column line="| $1 |"
	for column in "${HELPERS[@]}"; do line+=" ${CELL[$column,$2,$3]} |"; done
	echo "$line"
}

modprobe -a ipip nf_conntrack_netlink
vrrp_up
ip -n router addr add 192.168.10.253/24 dev back
in_ns router sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter'
ip -n client addr add $FAR/24 dev eth0
for b in b1 b2 b3; do far_backend $b; done
coproc TALK { exec "$LABTOOL" in client python3 "$LAB_REPO/test/tools/talk.py" hold; }
for column in "${HELPERS[@]}"; do
	set_up "$column"
	if [[ $column == nothing ]]; then
		pair_start
	fi
	for event in lost drained; do measure "$column" $event; done
	conntrackd_stop
done
{
	for mode in "${MODES[@]}"; do
		if [[ $mode == own ]]; then
			row "${TITLE[own]}, the balancer is lost" lost own
			row "${TITLE[own]}, it is drained" drained own
			continue
		fi
		row "${TITLE[$mode]}" lost "$mode"
		assert_eq "drained as lost" "$(row "$mode" lost "$mode")" "$(row "$mode" drained "$mode")"
	done
} >"$WORK/table"
cat "$WORK/table"
printf -v line '| %s ' forwarding "${HELPERS[@]}"
echo "$line|" >>"$WORK/table"
while read -r line; do
	grep -qxF -- "$line" "$LAB_REPO/docs/high-availability.md" || fail "docs/high-availability.md does not have: $line"
done <"$WORK/table"
