# shellcheck shell=bash
# For the cases about a VRRP pair: sourced behind lib.sh and balancers.bash. keepalived and conntrackd run with the files
# of deploy/ as they are, so each balancer sees the paths of a machine of its own.

VRRP_GATEWAY=192.168.10.254 # what the backends use as gateway to the clients
VRRP_SNAT=192.168.10.4	     # a source address that moves with the VIP

command -v keepalived >/dev/null || fail "there is no keepalived: scripts/deps lab"
mkdir -p "$WORK/sbin"
cp "$EZLB" "$WORK/sbin/ezlb"
mount -t overlay -o "lowerdir=$WORK/sbin:/usr/sbin" overlay /usr/sbin

# machine NAME COMMAND...: becomes COMMAND on this balancer, with a /run and an /etc/keepalived of its own.
machine() {
	mkdir -p "$WORK/$1"/{state,keepalived,run/{lab,ezlb,lock}}
	# shellcheck disable=SC2016
	exec "$LABTOOL" in "$1" unshare --mount sh -c '
		mount --bind "$1" "$1/$2/run/lab" && mount --rbind "$1/$2/run" /run &&
		mount --bind "$1/$2/state" /run/ezlb && mount --bind "$1/$2/keepalived" /etc/keepalived &&
		shift 2 && exec "$@"' sh "$WORK" "$@"
}

# vrrp_up: the pair lb1 and lb2 without keepalived. The router finds VIPs by ARP, the backends the addresses that move.
vrrp_up() {
	local b
	balancers_up 2
	ip -n router route add 10.0.0.0/24 dev front
	for b in b1 b2 b3; do
		ip -n "$b" route add "$CLIENT_IP/32" via "$VRRP_GATEWAY"
	done
}

# vrrp_services: "own" has the source address of each balancer, "moves" the one that moves. With iptables a backend has one
# source address, so they have two.
vrrp_services() {
	services own <<-END
		listen: $VIP:80
		full_nat: true
		backends: [{address: "${BACKEND_IP[b1]}:80"}]
	END
	services moves <<-END
		listen: $VIP:81
		full_nat: true
		snat_ip: $VRRP_SNAT
		backends: [{address: "${BACKEND_IP[b1]}:8080"}]
	END
}

# keepalived_start NAME: with the shipped file, and what is to be written for this pair.
declare -A KEEPALIVED=()
keepalived_start() {
	local peer=lb1 dir=$WORK/$1/keepalived
	[[ $1 != lb1 ]] || peer=lb2
	mkdir -p "$dir"
	cp "$LAB_REPO/deploy/keepalived/keepalived.conf" "$dir"
	cat >"$dir/ezlb-node.conf" <<-END
		\$NAME=$1
		\$FRONT=front
		\$BACK=back
		\$ADDRESS=${FRONT_IP[$1]}
		\$PEER=${FRONT_IP[$peer]}
	END
	cat >"$dir/ezlb-addresses.conf" <<-END
		$VIP/32
		$VRRP_SNAT/24 dev back
		$VRRP_GATEWAY/24 dev back
	END
	machine "$1" keepalived --dont-fork --log-console --log-detail --vrrp >>"$WORK/$1/keepalived.log" 2>&1 &
	# shellcheck disable=SC2034 # it is for the cases
	KEEPALIVED[$1]=$!
}

# pair_start: keepalived of both; lb2 has the addresses.
pair_start() {
	keepalived_start lb2
	eventually 60 "lb2 has the addresses" has_vip lb2
	keepalived_start lb1
	eventually 60 "lb1 is well" said lb1 1 "VRRP_Script(ezlb) succeeded"
	only lb2 || fail "lb2 does not have the addresses alone"
}

# has_vip NAME: this balancer has all addresses that move.
has_vip() {
	local have
	have=$(ip -n "$1" -brief address)
	[[ $have == *" $VIP/32"* && $have == *" $VRRP_SNAT/24"* && $have == *" $VRRP_GATEWAY/24"* ]]
}

# has_none NAME: it has none of them.
has_none() {
	local have
	have=$(ip -n "$1" -brief address)
	[[ $have != *" $VIP/32"* && $have != *" $VRRP_SNAT/24"* && $have != *" $VRRP_GATEWAY/24"* ]]
}

# only NAME: that one has the addresses, and the other one has none.
only() {
	local other=lb1
	[[ $1 != lb1 ]] || other=lb2
	has_vip "$1" && has_none "$other"
}

# The times in which the other balancer takes over, by keepalived.conf: three probes, a second apart, fail; then it hears
# nothing for three times a second and a part of one. The limits of the cases are twice that, in CI three times.
# shellcheck disable=SC2034 # they are for the cases
TAKEOVER=7 LOSS=4 HANG=20 # after a kill or a drain; after a loss; after a hang, in which each probe takes 5 s

# is_well NAME: the track script of this balancer has succeeded last.
is_well() {
	[[ $(grep -o 'VRRP_Script(ezlb) [sf][a-z]*' "$WORK/$1/keepalived.log" | tail -n 1) == *succeeded ]]
}

# said NAME COUNT TEXT: keepalived of this balancer has logged TEXT so many times.
said() {
	[[ $(grep -c "$3" "$WORK/$1/keepalived.log") -ge $2 ]]
}

# serves NAME: requests pass this balancer.
serves() {
	eventually 10 "the neighbours have learned of $1" answers "backend=b1 peer=${BACK_IP[$1]}" "$VIP:80"
	assert_eq "who answers" "backend=b1 peer=$VRRP_SNAT" "$(client_get "$VIP:81")"
}

answers() { # answers WANT URL
	[[ $(client_get "$2" 2>&1) == "$1" ]]
}

condition_is() { # condition_is NAME SERVICE WANT
	[[ $(on "$1" condition "$2" Deliverable) == "$3" ]]
}

# clients_start: requests one after the other, from now on. clients_end MOST: ends them; that many may have failed: one
# for each time that the addresses have moved, because the connection that was open at that moment is lost.
clients_start() {
	(
		trap - ERR
		while :; do
			"$LABTOOL" get client 5 "$VIP:80" 2>&1 || :
			nap 0.2
		done
	) >"$WORK/requests" &
	CLIENTS=$!
}

clients_end() {
	local all good
	kill "$CLIENTS"
	wait "$CLIENTS" || :
	all=$(wc -l <"$WORK/requests") good=$(grep -c '^backend=' "$WORK/requests")
	echo "$all requests, $((all - good)) failed"
	[[ $good -ge 20 && $((all - good)) -le $1 ]] ||
		fail "$good of $all requests succeeded: $(grep -v '^backend=' "$WORK/requests" | head -n 5)"
}

# After a failure one wants to see what keepalived did.
trap '[[ $? -eq 0 ]] || tail -n 60 "$WORK"/lb?/keepalived.log | grep -v "gratuitous ARP" >&2 || :' EXIT
