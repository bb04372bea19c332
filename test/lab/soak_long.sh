#!/usr/bin/env bash
# when: named
# timeout: 20000
# variants: nftables4 iptables4
# The soak for LAB_MINUTES: scripts/soak runs it.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/soak.bash
. "$(dirname "$0")/soak.bash"

soak_run 4 $((${LAB_MINUTES:-60} * 60)) "${LAB_SEED:-$EPOCHSECONDS}"
