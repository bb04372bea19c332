# shellcheck shell=bash
# Routing daemons for the cases with several balancers: sourced after balancers.bash. The shipped files of deploy/bird
# and deploy/frr are used as they stand; only what they tell the user to edit is edited.

# bgp_edit: on stdin a shipped file; on stdout with the lab's addresses in the place of the example's.
bgp_edit() {
	sed -e 's/192\.0\.2\.11\b/172.17.0.1/; s/192\.0\.2\.12\b/172.17.0.2/; s/192\.0\.2\.1\b/172.17.0.254/' \
		-e 's/2001:db8::11\b/fd00:17::1/; s/2001:db8::12\b/fd00:17::2/; s/2001:db8::1\b/fd00:17::fe/'
}

# bird_router: the router of deploy/bird/router.conf.
bird_router() {
	mkdir -p "$WORK/router/bird"
	bgp_edit <"$LAB_REPO/deploy/bird/router.conf" >"$WORK/router/bird/bird.conf"
	bird_start router
}

# bird_balancer NAME [WORD]: a balancer with deploy/bird/bird.conf, and a local.conf with one router. WORD is put into
# each of its protocols.
bird_balancer() {
	mkdir -p "$WORK/$1/bird"
	cp "$LAB_REPO/deploy/bird/bird.conf" "$WORK/$1/bird/bird.conf"
	sed -e '/^protocol bgp router2/,/^}/d' -e "s/^router id .*/router id 172.17.0.${1#lb};/" \
		-e "s/^	neighbor /	${2:-}&/" "$LAB_REPO/deploy/bird/local.conf" | bgp_edit >"$WORK/$1/bird/local.conf"
	bird_start "$1"
}

# bird_start NAME: checks the file, and starts BIRD in that namespace. Each has an /etc/bird of its own.
bird_start() {
	# shellcheck disable=SC2016
	local script='mount --bind "$1" /etc/bird && bird -p && exec bird -d -s "$1/ctl"'

	"$LABTOOL" in "$1" unshare --mount bash -c "$script" bird "$WORK/$1/bird" >"$WORK/$1/bird.log" 2>&1 &
	eventually 10 "BIRD of $1 runs" test -S "$WORK/$1/bird/ctl"
}

# birdc_of NAME COMMAND...
birdc_of() {
	birdc -r -s "$WORK/$1/bird/ctl" "${@:2}"
}

# lone_service: one with a backend of its own, b3, whose address follows it.
lone_service() {
	services lone <<-END
		listen: "$(ep "$VIP2" 80)"
		full_nat: true
		snat_ip: "SNAT_IP"
		vip: serving
		health_check: {interval: 1s, timeout: 1s, fail_count: 2}
		backends: [{address: "$(ep "${BACKEND_IP[b3]}" 80)"}]
	END
}

# next_hops ADDRESS: the balancers to which the router sends packets to it, sorted: "lb1 lb2".
next_hops() {
	local line lb found=''
	line=$(ip -n router "-$FAMILY" route show "$1" proto bird)
	for lb in "${BALANCERS[@]}"; do
		[[ "$line " != *" via ${FRONT_IP[$lb]} "* ]] || found+=" $lb"
	done
	echo "${found# }"
}
next_hops_are() { # next_hops_are ADDRESS NAMES
	[[ $(next_hops "$1") == "$2" ]]
}

# requests N ADDRESS: N requests one after the other, each a connection of its own. Prints for each the answer, or the
# error, on one line.
requests() {
	in_ns client curl -sS --max-time 10 -H 'Connection: close' "http://$(ep "$2" 80)/?[1-$1]" 2>&1 || :
}

# answered_by FILE NAME: how many of the answers in it came through that balancer.
answered_by() {
	grep -c "^backend=b[123] peer=${SNAT_OF[$2]}\$" "$1" || :
}

# all_answered FILE N: nothing else is in it.
all_answered() {
	local bad
	bad=$(grep -vE '^backend=b[123] peer=' "$1" | sort | uniq -c || :)
	assert_eq "requests that failed" "" "$bad"
	assert_eq "answers" "$2" "$(wc -l <"$1")"
}

# conntrackd_start NAME: a balancer with the files of deploy/conntrackd. Each has the paths of a machine of its own.
conntrackd_start() {
	local dir=$WORK/$1/conntrackd conf=$LAB_REPO/deploy/conntrackd
	# shellcheck disable=SC2016
	local script='mount --bind "$1" /etc/conntrackd && mount -t tmpfs none /var/log && mount --bind "$1/run" /run &&
		exec conntrackd'

	command -v conntrackd >/dev/null || fail "there is no conntrackd: scripts/deps long"
	mkdir -p "$dir/run/lock"
	# On the other balancer the addresses of the channel are the other way round.
	if [[ $1 == lb2 ]]; then
		sed -E 's/(IPv4_address) 192\.168\.10\.1$/\1 TWO/; s/(_Destination_Address) 192\.168\.10\.2$/\1 192.168.10.1/;
			/UDP \{/,/\}/s/TWO/192.168.10.2/; s/TWO/192.168.10.1/' "$conf/conntrackd.conf"
	else
		cat "$conf/conntrackd.conf"
	fi >"$dir/conntrackd.conf"
	modprobe -a nf_conntrack nf_conntrack_netlink
	in_ns "$1" sysctl -q -p "$conf/sysctl.conf"
	in_ns "$1" nft -f "$conf/nftables.conf"
	"$LABTOOL" in "$1" unshare --mount bash -c "$script" conntrackd "$dir" >"$WORK/$1/conntrackd.log" 2>&1 &
	CONNTRACKD_PIDS[$1]=$!
	eventually 20 "conntrackd of $1 runs" test -S "$dir/run/conntrackd.ctl"
}
# shellcheck disable=SC2034 # the cases end them
declare -A CONNTRACKD_PIDS=()

# hold N ADDRESS: N connections to port 7 that talk all the time. release: ends them; how each ended is in $WORK/held.
hold() {
	"$LABTOOL" in client python3 "$LAB_REPO/test/tools/held.py" "$2" 7 "$1" >"$WORK/held" 2>&1 &
	HELD=$!
	eventually 30 "$1 connections are open" grep -qx open "$WORK/held"
}
release() {
	kill "$HELD"
	wait "$HELD"
}

# held_by NAME: the clients' ports of those that this balancer began, a line each. One that was cut off from its client
# has old ones, too: so only those that the client has.
held_by() {
	on "$1" in_ns "$1" ipvsadm -Lnc | awk '/^TCP .*ESTABLISHED/ && $5 ~ /:7$/ { sub(/.*:/, "", $4); print $4 }' | sort |
		comm -12 - <(in_ns client ss -Htn state established 'dport = :7' | awk '{ sub(/.*:/, "", $3); print $3 }' | sort)
}

# frr_balancer NAME: a balancer with deploy/frr, started as the package does.
frr_balancer() {
	local dir=$WORK/$1/frr
	# shellcheck disable=SC2016
	local script='mount --bind "$1" /etc/frr && mkdir -p "$1/run" && chown frr:frr "$1/run" && mkdir -p /run/frr &&
		mount --bind "$1/run" /run/frr && vtysh -C && /usr/lib/frr/frrinit.sh start'

	[[ -x /usr/lib/frr/bgpd ]] || fail "there is no FRR: scripts/deps long"
	mkdir -p "$dir"
	cp "$LAB_REPO/deploy/frr/daemons" "$dir/daemons"
	echo 'service integrated-vtysh-config' >"$dir/vtysh.conf"
	grep -vE '^ neighbor (192\.0\.2\.2|2001:db8::2) ' "$LAB_REPO/deploy/frr/frr.conf" | bgp_edit |
		sed "s/router-id 172\.17\.0\..*/router-id 172.17.0.${1#lb}/" >"$dir/frr.conf"
	chown -R frr:frr "$dir"
	"$LABTOOL" in "$1" unshare --mount bash -c "$script" frr "$dir" >"$WORK/$1/frr.log" 2>&1 ||
		fail "FRR of $1 does not start: $(<"$WORK/$1/frr.log")"
}
