#!/usr/bin/env bash
# What probes cost: thousands of distinct backends, each probed every second or INTERVAL, in a network namespace
# of its own, where one listener answers for all of them. The in-memory data plane, so no ip_vs is needed.
# Numbers only. On a lab kernel: scripts/lab --follow bench_probes.
#
#   probes.sh [TARGETS [SECONDS [TYPE [INTERVAL]]]]     default 10000 20 tcp 1s, TYPE tcp or http; EZLB_BIN=FILE
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
if [[ ${1:-} != --inside ]]; then
	exec unshare --map-root-user --net "${BASH_SOURCE[0]}" --inside "$@"
fi
shift
ezlb=${EZLB_BIN:-$repo/build/bin/ezlb}
targets=${1:-10000} seconds=${2:-20} type=${3:-tcp} interval=${4:-1s} port=7000 each=100
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT

ip link set lo up
ip route replace local 10.64.0.0/10 dev lo
labtool=${LABTOOL:-$work/labtool}
[[ -x $labtool ]] || gcc -std=c11 -D_GNU_SOURCE -O2 -o "$labtool" "$repo/test/tools/labtool.c"
# A listener of a class of its own for http: it must answer.
how=sink
[[ $type == tcp ]] || how=ok
"$labtool" misbehave - $how $port >"$work/listener" &
pids+=($!)
until grep -q ready "$work/listener"; do sleep 0.1; done

mkdir "$work"/{services,state}
awk -v n="$targets" -v each=$each -v type="$type" -v every="$interval" -v port=$port -v dir="$work/services" 'BEGIN {
	for (i = 0; i < n; i++) {
		file = dir "/s" int(i / each) ".yaml"
		if (i % each == 0)
			printf "listen: 10.0.%d.%d:80\nhealth_check: {type: %s, interval: %s, timeout: %s}\nbackends:\n",
				i / each / 250, i / each % 250 + 1, type, every, every >file
		printf "  - address: 10.%d.%d.%d:%d\n", 64 + i / 62500, i / 250 % 250, i % 250 + 1, port >file
		if (i % each == each - 1)
			close(file)
	}
}'
ulimit -n 65536 2>/dev/null || :
"$ezlb" run --dataplane memory --probe --config-dir "$work/services" --state-dir "$work/state" 2>"$work/log" &
pid=$!
pids+=("$pid")

scrape() {
	curl -sS --max-time 60 --unix-socket "$work/state/admin.sock" http://ezlb/metrics >"$work/metrics"
}
# metric NAME: the sum of its samples in the last scrape.
metric() {
	awk -v name="$1" '$1 == name || index($1, name "{") == 1 { sum += $2 } END { printf "%d\n", sum }' "$work/metrics"
}
deadline=$((SECONDS + 120))
until scrape 2>/dev/null && [[ $(metric ezlb_backend_health_status) -eq $targets ]]; do
	[[ $SECONDS -lt $deadline ]] || { echo "not all up after 120 s: $(tail -n 3 "$work/log")" && exit 1; }
	sleep 1
done
sleep 2 # the first probes of all are over, and what they did to the data plane

# look: sets the numbers, all of one moment.
look() {
	until scrape; do sleep 1; done
	now=${EPOCHREALTIME/[.,]/}
	# What the thread of the loop has run, and waited for a processor that others used, in ns.
	read -r ran waited _ <"/proc/$pid/task/$pid/schedstat"
	n=$(metric ezlb_probes_total) n_ok=$(metric 'ezlb_probes_total{outcome="ok"}') n_late=$(metric ezlb_probe_overdue_total)
}
look
start=$now cpu=$ran wait=$waited probes=$n good=$n_ok late=$n_late
sleep "$seconds"
look
cpu=$((ran - cpu)) wait=$((waited - wait)) took=$((now - start)) probes=$((n - probes)) good=$((n_ok - good)) late=$((n_late - late))
awk -v targets="$targets" -v type="$type" -v every="$interval" -v probes=$probes -v good=$good -v late=$late -v cpu=$cpu -v wait=$wait -v took=$took -v rss="$(
	sed -n 's/^VmRSS:\s*\([0-9]*\).*/\1/p' /proc/$pid/status
)" 'BEGIN {
	s = took / 1e6
	printf "%d targets, type %s, interval %s, for %.1f s: %d probes (%.0f/s), %d ok, %d overdue\n", targets, type, every, s, probes, probes / s, good, late
	printf "the thread of the loop ran %.2f s: %.0f %% of one core, %.1f us for each probe; it waited %.2f s for a processor; resident memory %.1f MiB\n",
		cpu / 1e9, cpu / 1e7 / s, cpu / 1e3 / probes, wait / 1e9, rss / 1024
}'
