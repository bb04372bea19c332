#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon under strace, with the in-memory data plane: the sandbox refuses no system call that libc, libuv, libcurl
# or GnuTLS make. debian13.sh runs it with the libraries of Debian 13; every lab case looks for the same in the kernel's log.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
own_net 192.0.2.1
# shellcheck source=test/long/daemon.bash
. "$REPO/test/long/daemon.bash"

need strace strace
need_ezlb

# What the sandbox refuses has one of these errors. clone3 and io_uring_setup: libraries try them and do without.
refused() {
	grep -E ' = -1 (ENOSYS|EPERM) ' "$WORK/calls" | grep -vE '^[0-9]+ +(clone3|io_uring_setup)\(' || :
}

libraries() {
	grep -hoE '/[^ ]*/(libc|libuv|libcurl-gnutls|libgnutls)\.so[^ ]*' "/proc/$daemon/maps" "/proc/$(worker_of | head -n 1)/maps" |
		sort -u | xargs -n 1 readlink -f | sort -u
}

ends() {
	local status=0 pid=$daemon
	kill -TERM "$daemon"
	wait "$daemon" || status=$?
	daemon=
	equal "$name: it ends well" 0 "$status"
	comes "strace has seen its end" grep -qE "^$pid +\\+\\+\\+ exited with 0" "$WORK/calls"
	equal "$name: no call was refused" "" "$(refused)"
	equal "$name: no error in the log" "" "$(grep -h 'level=error' "$WORK/log" | grep -v 'web.yaml' || :)"
}

backends
name=sandbox
wrap=(strace -D -f -o "$WORK/calls" -e status=failed)
start auto
requests
edits
worker_ends
libraries
ends
finish
