# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What every test in test/deploy and test/cmd sources: PASS and FAIL lines, and the verdict at the end.
set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
EZLB=$(realpath -m "${EZLB_BIN:-$REPO/build/bin/ezlb}")
WORK=$(mktemp -d)
passed=0
failed=0
finished=0
trap leave EXIT

# A script that ends before `finish` has not passed, whatever its last command returned.
leave() {
	local status=$?
	rm -rf "$WORK"
	[[ $status -ne 0 || $finished -eq 1 ]] || exit 1
}

pass() {
	passed=$((passed + 1))
	echo "PASS $1"
}

# fail DESCRIPTION [DETAIL]
fail() {
	failed=$((failed + 1))
	echo "FAIL $1"
	[[ -z ${2:-} ]] || printf '    %s\n' "${2//$'\n'/$'\n    '}"
}

# equal DESCRIPTION WANT GOT
equal() {
	if [[ $2 == "$3" ]]; then
		pass "$1"
	else
		fail "$1" "want: $2"$'\n'"got:  $3"
	fi
}

# succeeds DESCRIPTION COMMAND...
succeeds() {
	local output
	if output=$("${@:2}" 2>&1); then
		pass "$1"
	else
		fail "$1" "$output"
	fi
}

# own_net ADDRESS...: runs the script again, in a network namespace of its own that has these addresses. For
# backends that can be probed, because a service file cannot have loopback addresses.
own_net() {
	local user=() address
	if [[ -z ${OWN_NET:-} ]]; then
		unshare --net true 2>/dev/null || user=(--map-current-user --keep-caps)
		rm -rf "$WORK"
		OWN_NET=yes exec unshare "${user[@]}" --net bash "$0"
	fi
	ip link set lo up
	for address; do
		ip addr add "$address/32" dev lo
	done
}

# need TOOL PACKAGE: never a skip: a test that did not run must not look like one that passed.
need() {
	command -v "$1" >/dev/null && return
	fail "$1 is there" "install the Debian package $2"
	finish
}

need_ezlb() {
	[[ -x $EZLB ]] && return
	fail "ezlb is there" "no program at $EZLB; build it first, or set EZLB_BIN"
	finish
}

finish() {
	finished=1
	echo "$passed passed, $failed failed"
	[[ $failed -eq 0 ]] || exit 1
	exit 0
}
