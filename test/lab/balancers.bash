# shellcheck shell=bash
# Several balancers in one lab: sourced by the cases that need them, after lib.sh. test/lab/README.md has the picture.
#
# Each balancer is a network namespace, lb1, lb2 and so on, with an ezlb of its own: its own service files, state
# directory, log and source address. `on lb1 FUNCTION...` calls a function of lib.sh or kernel.bash for one of them.

# shellcheck disable=SC2034 # some are for the cases
if [[ $FAMILY == 4 ]]; then
	ROUTER_IP=172.17.0.254
	declare -A FRONT_IP=([lb1]=172.17.0.1 [lb2]=172.17.0.2 [lb3]=172.17.0.3)
	declare -A BACK_IP=([lb1]=192.168.10.1 [lb2]=192.168.10.2 [lb3]=192.168.10.3)
	declare -A SNAT_OF=([lb1]=10.0.3.1 [lb2]=10.0.3.2 [lb3]=10.0.3.3)
	BITS=32
else
	ROUTER_IP=fd00:17::fe
	declare -A FRONT_IP=([lb1]=fd00:17::1 [lb2]=fd00:17::2 [lb3]=fd00:17::3)
	declare -A BACK_IP=([lb1]=fd00:192::1 [lb2]=fd00:192::2 [lb3]=fd00:192::3)
	declare -A SNAT_OF=([lb1]=fd00:10:3::1 [lb2]=fd00:10:3::2 [lb3]=fd00:10:3::3)
	BITS=128
fi
BALANCERS=()
declare -A EZLB_PIDS=()

# balancers_up N: the topology with N balancers, 3 at most.
balancers_up() {
	local lb b
	for ((lb = 1; lb <= $1; lb++)); do BALANCERS+=("lb$lb"); done
	{
		for lb in client router "${BALANCERS[@]}" b1 b2 b3; do
			echo "netns add $lb"
		done
		echo "link add eth0 netns client type veth peer name client netns router"
		for lb in "${BALANCERS[@]}"; do
			echo "link add front netns $lb type veth peer name $lb-front netns router"
			echo "link add back netns $lb type veth peer name $lb-back netns router"
		done
		for b in b1 b2 b3; do
			echo "link add eth0 netns $b type veth peer name $b netns router"
		done
	} | ip -batch -
	balancers_router
	balancers_client
	for lb in "${BALANCERS[@]}"; do balancers_one "$lb" "${lb#lb}"; done
	for b in b1 b2 b3; do balancers_backend "$b" "${b#b}"; done
}

# The router has an address towards the clients and one towards the balancers. It is also the switch of the backends'
# network, in which it has no address: nothing gets from there to the clients but through a balancer.
balancers_router() {
	local port
	ip -n router -batch - <<-END
		link set lo up
		addr add 172.16.0.1/24 dev client
		addr add fd00:172::1/64 dev client nodad
		link set client up
		link add front type bridge
		link add back type bridge
		addr add 172.17.0.254/24 dev front
		addr add fd00:17::fe/64 dev front nodad
		$(for port in "${BALANCERS[@]/%/-front}"; do echo "link set $port master front up"; done)
		$(for port in "${BALANCERS[@]/%/-back}" b1 b2 b3; do echo "link set $port master back up"; done)
		link set front up
		link set back up addrgenmode none
	END
	# With 1 the ports are part of the hash that selects one of several routes: connections of one client are spread, too.
	in_ns router sh -c 'cd /proc/sys/net
		echo 1 >ipv4/ip_forward
		echo 1 >ipv6/conf/all/forwarding
		echo 1 >ipv4/fib_multipath_hash_policy
		echo 1 >ipv6/fib_multipath_hash_policy'
}

balancers_client() {
	ip -n client -batch - <<-END
		link set lo up
		addr add 172.16.0.2/24 dev eth0
		addr add fd00:172::2/64 dev eth0 nodad
		link set eth0 up
		route add default via 172.16.0.1
		route add default via fd00:172::1
	END
}

balancers_one() { # balancers_one NAME NUMBER
	ip -n "$1" -batch - <<-END
		link set lo up
		addr add 172.17.0.$2/24 dev front
		addr add fd00:17::$2/64 dev front nodad
		link set front up
		addr add 192.168.10.$2/24 dev back
		addr add fd00:192::$2/64 dev back nodad
		link set back up
		addr add 10.0.3.$2/32 dev lo
		addr add fd00:10:3::$2/128 dev lo
		route add default via 172.17.0.254
		route add default via fd00:17::fe
	END
	# shellcheck disable=SC2016
	in_ns "$1" sh -c 'cd /proc/sys/net
		for f in ipv4/ip_forward ipv6/conf/all/forwarding ipv4/vs/conntrack; do
			if [ -e $f ]; then echo 0 >$f; fi
		done'
	mkdir -p "$WORK/$1/services.d" "$WORK/$1/state"
}

# A backend answers each balancer directly, and its source address through it.
balancers_backend() { # balancers_backend NAME NUMBER
	local lb
	ip -n "$1" -batch - <<-END
		link set lo up
		addr add 192.168.10.1$2/24 dev eth0
		addr add fd00:192::1$2/64 dev eth0 nodad
		link set eth0 up
		$(for lb in "${BALANCERS[@]#lb}"; do
			echo "route add 10.0.3.$lb/32 via 192.168.10.$lb"
			echo "route add fd00:10:3::$lb/128 via fd00:192::$lb"
		done)
	END
}

# on NAME FUNCTION [ARGUMENT...]: calls it for that balancer: ezlb_start, ezlb_stop, ezlb_cmd, admin, service, ipvs,
# snat_rows and all others.
on() {
	local LB=$1 SERVICES=$WORK/$1/services.d STATE=$WORK/$1/state EZLB_LOG=$WORK/$1/ezlb.log
	local EZLB_PID=${EZLB_PIDS[$1]:-} SNAT_IP=${SNAT_OF[$1]} status
	"${@:2}"
	status=$? # not 0 only where set -e is off, as in what eventually calls
	EZLB_PIDS[$LB]=$EZLB_PID
	return "$status"
}

# each FUNCTION [ARGUMENT...]: for all of them, one after the other.
each() {
	local lb
	for lb in "${BALANCERS[@]}"; do on "$lb" "$@"; done
}

# services NAME <<EOF: writes the drop-in NAME.yaml for all balancers. SNAT_IP in it becomes the address of each.
services() {
	local lb text
	text=$(cat)
	for lb in "${BALANCERS[@]}"; do
		on "$lb" service "$1" <<<"${text//SNAT_IP/${SNAT_OF[$lb]}}"
	done
}
