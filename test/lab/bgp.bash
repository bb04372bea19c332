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
	BIRD_PIDS[$1]=$!
	eventually 10 "BIRD of $1 runs" test -S "$WORK/$1/bird/ctl"
}
declare -A BIRD_PIDS=()

# birdc_of NAME COMMAND...
birdc_of() {
	birdc -r -s "$WORK/$1/bird/ctl" "${@:2}"
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
