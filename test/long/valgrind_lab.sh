#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The main cases of the lab under valgrind memcheck, with a real kernel: source NAT, files, a drain, restarts and the
# ledger, the guard, the connections of clients; and the three processes with the worker. valgrind does not know seccomp(2):
# test/lab/README.md.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
cd "$REPO"
need valgrind valgrind
need_ezlb

# Everything is slow: so the deadlines are longer.
# shellcheck disable=SC2317 # succeeds calls it
under_valgrind() { # SANDBOX CASE...
	LAB_VALGRIND=1 LAB_PATIENCE=10 LAB_SANDBOX=$1 scripts/lab "${@:2}"
}

succeeds "in one process" under_valgrind off fullnat@nftables4 drain@nftables4 state exit@nftables4 vipguard@nftables4
succeeds "in three processes" under_valgrind auto worker@nftables4 fullnat@iptables6
finish
