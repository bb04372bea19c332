#!/usr/bin/env bash
# timeout: 1800
# What client_address: toa and connection_log cost, against the same service without them: new connections a second, the
# processors' time for each, and bulk data. One run, in rounds that alternate, because a guest is not equally quick all the
# time; the ratios are what counts.
#
#   plain     full_nat alone
#   toa       client_address: toa
#   receiver  the same, and ezlb-toa on the backend
#   log       connection_log: true
#   all       all of these
#
# A guest is not equally quick from round to round either, by more than what is to be measured. So it also prints what does not
# depend on that: of the processors' time in the same round, how much the BPF programs had (the kernel counts it), and how
# much the process ezlb had, which writes the log.
#
#   cmake --build build --target bench_conn && scripts/lab --follow bench_toa
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/toa.bash
. "$(dirname "$0")/toa.bash"

CONN=$(dirname "$EZLB")/bench_conn
read -ra MODES <<<"${LAB_MODES:-plain toa receiver log all}"
CONNECTIONS=${LAB_CONNECTIONS:-4000}
ROUNDS=${LAB_ROUNDS:-7}
BULK=${LAB_BULK:-20} # connections with 4 MB each way
lab_up
toa_mounts
mkdir -p /sys/fs/cgroup/b1
in_group b1 "$LABTOOL" in b1 "$CONN" serve 80 &
toa_serve b1 81
export EZLB_SNAT_BACKEND=nftables
ezlb_start --connection-log "$WORK/connections"
# Closed connections leave conntrack soon, so that a round pays for the events of its own connections.
eventually 60 "the settings of conntrack are there" test -e "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close"
# shellcheck disable=SC2016
in_ns lb sh -c 'for state in close time_wait fin_wait last_ack; do
	echo 1 >/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_$state; done'

# prepare MODE: the service is as the mode says, and so is the backend.
prepare() {
	local lines=()
	[[ $1 != @(toa|receiver|all) ]] || lines+=("client_address: toa")
	[[ $1 != @(log|all) ]] || lines+=("connection_log: true")
	toa_service web 80 b1 80 "${lines[@]}"
	toa_service bulk 81 b1 81 "${lines[@]}"
	[[ ! -e $WORK/b1.toa.pid ]] || receiver_stop b1
	rm -f "$WORK/b1.toa.pid"
	[[ $1 != @(receiver|all) ]] || toa_receiver b1 "$SNAT_IP"
	if [[ $1 == @(toa|receiver|all) ]]; then
		eventually 20 "the program is attached" toa_attached backends
	else
		eventually 20 "no program is attached" fails toa_attached backends
	fi
	eventually 60 "web answers" in_ns client "$CONN" connect "$VIP" 80 1
	in_ns client "$CONN" connect "$VIP" 80 200 >/dev/null
	quiet_down
}

# quiet_down: what has ended has left conntrack.
quiet_down() {
	local count
	for _ in {1..600}; do
		read -r count < <(in_ns lb cat /proc/sys/net/netfilter/nf_conntrack_count)
		[[ $count -ge 50 ]] || return 0
		nap 0.1
	done
	fail "$count entries stay in conntrack"
}

# busy: sets BUSY to the milliseconds that all processors have worked.
busy() {
	local user nice system idle wait irq soft rest
	read -r _ user nice system idle wait irq soft rest </proc/stat
	: "$idle" "$wait" "$rest"
	BUSY=$(((user + nice + system + irq + soft) * 10))
}

# programs PATTERN: the microseconds that BPF programs with such names have run.
programs() {
	bpftool -j prog show | jq --arg name "$1" '[.[] | select((.name // "") | test($name)) | .run_time_ns // 0] | add // 0 | . / 1000 | floor'
}

# ezlb_us: the microseconds that ezlb has run.
ezlb_us() {
	local -a fields
	read -ra fields <"/proc/$EZLB_PID/stat"
	echo $(((fields[13] + fields[14]) * 10000))
}

echo 1 >/proc/sys/kernel/bpf_stats_enabled
declare -A rates cpus bulks
for ((round = 1; round <= ROUNDS; round++)); do
	for mode in "${MODES[@]}"; do
		prepare "$mode"
		busy
		before=$BUSY
		balancer=$(programs '^toa_[0-9a-f]+$') backend=$(programs '^toa_(sockops|peer)') process=$(ezlb_us)
		rate=$(in_ns client "$CONN" connect "$VIP" 80 "$CONNECTIONS")
		quiet_down
		busy
		cpu=$(((BUSY - before) * 1000 / CONNECTIONS))
		balancer=$((($(programs '^toa_[0-9a-f]+$') - balancer) * 1000 / CONNECTIONS))
		backend=$((($(programs '^toa_(sockops|peer)') - backend) * 1000 / CONNECTIONS))
		process=$((($(ezlb_us) - process) / CONNECTIONS))
		t0=$(now_ms)
		"$TOATOOL" ask client "$VIP" 81 "$BULK" threads=4 up=4000000 down=4000000 seconds=200 >/dev/null
		bulk=$((BULK * 8000 / $(elapsed_ms "$t0")))
		echo "round $round, $mode: $rate connections/s, $cpu us of CPU each, bulk $bulk MB/s; of each connection" \
			"$balancer ns in the balancer's program, $backend ns in ezlb-toa's, $process us in ezlb"
		rates[$mode]+="$rate " cpus[$mode]+="$cpu " bulks[$mode]+="$bulk "
	done
done
median() { tr ' ' '\n' <<<"$1" | sed '/^$/d' | sort -n | sed -n "$(((ROUNDS + 1) / 2))p"; }
per_mille() { echo $(($(median "$1") * 1000 / $(median "$2"))); }
for mode in "${MODES[@]}"; do
	first=${MODES[0]}
	echo "$mode: $(median "${rates[$mode]}") connections/s, $(median "${cpus[$mode]}") us, $(median "${bulks[$mode]}") MB/s;" \
		"per mille of $first: $(per_mille "${rates[$mode]}" "${rates[$first]}")," \
		"$(per_mille "${cpus[$mode]}" "${cpus[$first]}"), $(per_mille "${bulks[$mode]}" "${bulks[$first]}")"
done
ezlb_stop
