#!/usr/bin/env bash
# timeout: 60
# takes: 6
# The BPF program of client_address: toa, without ezlb: each kind of packet, then real ones through IPVS and
# source NAT; its pins, and who may use them.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

TOAPROG=$LAB_REPO/build/bin/toaprog
toaprog() {
	in_ns lb "$TOAPROG" "$@"
}
lab_up
mount -t bpf bpf /sys/fs/bpf

echo "# each kind of packet"
toaprog load
assert_match "packets" "tests, 0 failed" "$(toaprog packets)"
