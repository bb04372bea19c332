#!/usr/bin/env bash
# What a scrape costs with many services, on this machine: time, size, and how much of it is the loop's.
# The in-memory data plane: no root, no kernel. Numbers only; test/lab/scrape.sh is what fails.
#
#   scrape.sh [SERVICES [BACKENDS [SCRAPES]]]     default 1000 10 20; EZLB_BIN=FILE
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
ezlb=${EZLB_BIN:-$repo/build/bin/ezlb}
services=${1:-1000} backends=${2:-10} scrapes=${3:-20}
work=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || kill "$pid"; rm -rf "$work"' EXIT

mkdir "$work"/{services,state}
awk -v services="$services" -v backends="$backends" -v dir="$work/services" 'BEGIN {
	for (i = 0; i < services; i++) {
		file = dir "/s" i ".yaml"
		printf "listen: 10.%d.%d.1:80\nfull_nat: true\nhealth_check: {enabled: false}\nbackends:\n",
			i / 250, i % 250 >file
		for (k = 1; k <= backends; k++)
			printf "  - address: 10.%d.%d.%d:8080\n", 100 + i / 250, i % 250, k >file
		close(file)
	}
}'
"$ezlb" run --dataplane memory --config-dir "$work/services" --state-dir "$work/state" 2>"$work/log" &
pid=$!

# ask PATH [CURL-ARGUMENT...]
ask() {
	curl -sS --max-time 30 --unix-socket "$work/state/admin.sock" "http://ezlb$1" "${@:2}"
}
deadline=$((SECONDS + 60))
until [[ $(ask /readyz 2>/dev/null) == ok ]]; do
	[[ $SECONDS -lt $deadline ]] || { echo "not ready within 60 s: $(tail -n 3 "$work/log")" >&2 && exit 1; }
	sleep 0.2
done

# loop_ns: what the loop's thread has run since the start.
loop_ns() {
	local ns rest
	# shellcheck disable=SC2034 # the rest of the line
	read -r ns rest <"/proc/$pid/task/$pid/schedstat"
	echo "$ns"
}
# spread WHAT UNIT: the median and the greatest of the numbers on stdin.
spread() {
	sort -n | awk -v what="$1" -v unit="$2" '{ v[NR] = $1 }
		END { printf "%s: median %.1f %s, max %.1f %s of %d\n", what, v[int((NR + 1) / 2)], unit, v[NR], unit, NR }'
}

# With a pause, for after a report the loop makes the next one wait. Meanwhile something that the loop answers by
# itself, as often as it can.
(while :; do ask /livez -o /dev/null -w '%{time_total}\n' && sleep 0.002; done) >"$work/livez" &
prober=$!
for ((i = 0; i < scrapes; i++)); do
	sleep 0.4
	before=$(loop_ns)
	ask /metrics -o "$work/metrics" -w '%{time_total} %{size_download}\n' >>"$work/scrapes"
	echo $((($(loop_ns) - before) / 1000)) >>"$work/loop"
	sleep 0.4
	ask /metrics -H 'Accept-Encoding: gzip' -o "$work/packed" -w '%{time_total}\n' >>"$work/packed_scrapes"
done
kill $prober
wait $prober || :

echo "$services services of $backends backends, $(wc -c <"$work/metrics") bytes, $(grep -vc '^#' "$work/metrics") series"
awk '{ print $1 * 1000 }' "$work/scrapes" | spread "a scrape" ms
awk '{ print $1 * 1000 }' "$work/packed_scrapes" | spread "one by gzip, $(wc -c <"$work/packed") bytes," ms
awk '{ print $1 / 1000 }' "$work/loop" | spread "the loop's thread ran for it, sending and /livez included," ms
awk '{ print $1 * 1000 }' "$work/livez" | spread "/livez meanwhile" ms
