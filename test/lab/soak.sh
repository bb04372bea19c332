#!/usr/bin/env bash
# takes: 45
# timeout: 180
# variants: nftables4
# also: iptables4
# A short soak, of a fixed seed: random edits, kills, changes by somebody else, backends that fail, jumps of the clock
# and so on, with traffic all the time. No wrong answer, the kernel is as the files say at each quiet moment, and memory
# and descriptors stay. LAB_SEED is another seed; soak_long takes longer.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/soak.bash
. "$(dirname "$0")/soak.bash"

rounds=2
! thorough || rounds=8
soak_run $rounds 0 "${LAB_SEED:-1}"
