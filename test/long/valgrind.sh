#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon under valgrind memcheck: start, probes by tcp, http and https, edits, admin requests, a reload, the end of
# its worker, and its own end. With the in-memory data plane, once in one process and once with the worker.
# valgrind does not know seccomp(2): the processes run without a filter, but with another user and no capabilities.
# How a lab case runs under valgrind: test/lab/README.md.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
own_net 192.0.2.1
# shellcheck source=test/long/daemon.bash
. "$REPO/test/long/daemon.bash"

need valgrind valgrind
need_ezlb

valgrind_to() { # DIRECTORY
	# shellcheck disable=SC2054 # the commas are valgrind's
	wrap=(valgrind --quiet --num-callers=30 --leak-check=full --show-leak-kinds=definite,possible
		--errors-for-leak-kinds=definite,possible --suppressions="$REPO/test/long/valgrind.supp" --log-file="$1/%p")
}

# Lines of valgrind about itself begin with --, not with ==.
ends() { # PROCESSES
	local status=0
	kill -TERM "$daemon"
	wait "$daemon" || status=$?
	daemon=
	equal "$name: it ends well" 0 "$status"
	equal "$name: valgrind has watched $1 processes at least" yes \
		"$([[ $(find "$WORK/$name" -type f | wc -l) -ge $1 ]] && echo yes)"
	equal "$name: valgrind has no complaint" "" "$(grep -h '^==' "$WORK/$name"/* || :)"
	equal "$name: nor has the log" "" "$(grep -h 'level=error' "$WORK/log" | grep -v 'web.yaml' || :)"
}

backends
name=one-process
valgrind_to "$WORK/$name"
start off
requests
edits
ends 1
name=worker
valgrind_to "$WORK/$name"
start auto
requests
edits
worker_ends
ends 4
finish
