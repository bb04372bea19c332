#!/usr/bin/env bash
# timeout: 400
# What 10,000 probes each second cost here, see test/bench/probes.sh. It measures, and fails of nothing.
# LAB_COUNT: another number of targets.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

for count in ${LAB_COUNT:-500 1000 2000 10000}; do
	EZLB_BIN=$EZLB "$LAB_REPO/test/bench/probes.sh" --inside "$count" 20 tcp || :
done
