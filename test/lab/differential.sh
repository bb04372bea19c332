#!/usr/bin/env bash
# timeout: 120
# takes: 9
# Random service files give the same rows in the memory data plane and in the kernel, as a sequence of
# changes (test/tools/differ.c). LAB_DRIVER, LAB_SEED, LAB_SEEDS and LAB_STEPS choose what is played.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

seeds=2 steps=20
! thorough || seeds=12 steps=60
ip netns add lb
ip -n lb link set lo up
for driver in ${LAB_DRIVER:-iptables nftables}; do
	in_ns lb "$(dirname "$EZLB")/differ" "$driver" "${LAB_SEED:-1}" "${LAB_SEEDS:-$seeds}" "${LAB_STEPS:-$steps}"
done
