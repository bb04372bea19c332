# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of the completion share. Sourced after lib.bash.

# one_line: the lines of stdin as words of one line. Not xargs, whose echo has a --help of its own.
one_line() {
	paste -s -d ' ' -
}

# some_services: an ezlb that has the services of the examples, in the state directory $WORK/state, and is called ezlb.
# It ends with the script.
some_services() {
	local bin=$WORK/bin
	mkdir -p "$bin" "$WORK/state"
	ln -sf "$EZLB" "$bin/ezlb"
	PATH=$bin:$PATH
	setpriv --pdeathsig TERM ezlb run --dataplane memory --config-dir "$REPO/examples/services.d" \
		--state-dir "$WORK/state" >"$WORK/run.log" 2>&1 &
	for _ in {1..100}; do
		ezlb probe ready --state-dir "$WORK/state" >/dev/null 2>&1 && return
		sleep 0.1
	done
	fail "an ezlb runs for the completion of services" "$(cat "$WORK/run.log")"
	finish
}
