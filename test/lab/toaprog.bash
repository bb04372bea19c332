# shellcheck shell=bash
# For the cases that use the program of client_address: toa by test/tools/toaprog.c: sourced behind lib.sh.

TOAPROG=$LAB_REPO/build/bin/toaprog
[[ -x $TOAPROG ]] || fail "there is no $TOAPROG: build it"
toaprog() {
	in_ns lb "$TOAPROG" "$@"
}
# says WANT COMMAND...: the command fails, and says so.
says() {
	local output
	if output=$("${@:2}" 2>&1); then fail "$2 did not fail"; fi
	assert_match "what it says" "$1" "$output"
}
# With the rights of the service.
few_rights() {
	in_ns lb setpriv --bounding-set -all,+net_admin,+net_raw --inh-caps -all "$@"
}
pins() {
	(cd /sys/fs/bpf && find ezlb -mindepth 2 | sed 's|netns-[0-9]*|NS|' | sort | xargs)
}
# shellcheck disable=SC2034 # for the cases
PINS="ezlb/NS/connections ezlb/NS/counters ezlb/NS/prog ezlb/NS/services"
