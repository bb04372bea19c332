#!/usr/bin/env bash
# timeout: 400
# What probes cost here, see test/bench/probes.sh: of few backends each second, and of 10,000 as often as
# emulation can, which needs more than a millisecond for a probe. It measures, and fails of nothing.
# LAB_COUNT: other pairs TARGETS:INTERVAL.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

for pair in ${LAB_COUNT:-250:1s 500:1s 10000:30s}; do
	EZLB_BIN=$EZLB "$LAB_REPO/test/bench/probes.sh" --inside "${pair%:*}" 20 tcp "${pair#*:}" || :
done
