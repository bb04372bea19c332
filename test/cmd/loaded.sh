#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The libraries that ezlb loads when it needs them: what a run without a use for them does not have in memory, what loads
# them, and what happens when they are missing.
# shellcheck disable=SC2317 # succeeds and within call most functions
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
need_ezlb
own_net 192.0.2.1

unset "${!EZLB_@}"
state=$WORK/state
daemon=

stop() {
	[[ -z $daemon ]] || kill -KILL "$daemon" 2>/dev/null || :
	wait "$daemon" 2>/dev/null || :
	daemon=
}
trap 'status=$?; stop; (exit $status) || :; leave' EXIT

# service TYPE: writes its file, in place of the one before.
service() {
	mkdir -p "$WORK/services"
	cat >"$WORK/services/web.yaml" <<-END
		listen: 192.0.2.9:80
		backends: [{address: "192.0.2.1:80"}]
		health_check: {type: $1}
	END
}

# loads PATTERN: yes if the daemon, its spawner or its worker has a library like that in memory.
loads() {
	local spawner worker='' pid
	spawner=$(pgrep -P "$daemon" || :)
	[[ -z $spawner ]] || worker=$(pgrep -P "$spawner" || :)
	for pid in $daemon $spawner $worker; do
		! grep -qs "$1" "/proc/$pid/maps" || { echo yes && return; }
	done
	echo no
}
within() {
	local try
	for ((try = 0; try < 200; try++)); do
		! "$@" 2>/dev/null || return 0
		sleep 0.05
	done
	return 1
}
has_curl() { [[ $(loads libcurl) == yes ]]; }
is_ready() { "$EZLB" probe ready --state-dir "$state"; }

# without PROGRAM SONAME: a copy of the program that looks for a library that nobody has.
without() {
	local name=${1%%.so*}
	sed "s/$1/${name%?}0.so${1#*.so}/g" "$EZLB" >"$WORK/ezlb"
	chmod +x "$WORK/ezlb"
}

equal "the program names them" "libcurl-gnutls.so.4 libkmod.so.2" "$("$REPO/scripts/loaded" "$EZLB" | xargs)"
equal "it is not linked with them" "" "$(ldd "$EZLB" | grep -E 'libcurl|libkmod|libcrypto|libssh2|libldap' || :)"

service tcp
"$EZLB" run --dataplane memory --probe --config-dir "$WORK/services" --state-dir "$state" --persist-dir "$WORK/persist" \
	>"$WORK/log" 2>&1 &
daemon=$!
succeeds "a daemon is ready" within is_ready
equal "with a tcp check it has no libcurl" no "$(loads libcurl)"
equal "and no libcrypto" no "$(loads libcrypto)"
service http
succeeds "a file with an http check makes it load libcurl" within has_curl
stop

without libcurl-gnutls.so.4
missing="libcurl, for http and https checks and for asking a running ezlb: cannot load the library: libcurl-gnutl0.so.4: cannot open shared object file: No such file or directory"
equal "a command that asks says what is missing" "ezlb: $missing" "$("$WORK/ezlb" status --state-dir "$state" 2>&1 || :)"
equal "so does one that probes" "ezlb: health checks: $missing" \
	"$("$WORK/ezlb" plan --dataplane memory --probe --config-dir "$WORK/services" --state-dir "$WORK/other" 2>&1 | grep ^ezlb || :)"
says_so() { grep -qF "$says" "$WORK/log"; }
for sandbox in auto off; do
	"$WORK/ezlb" run --dataplane memory --probe --sandbox $sandbox --config-dir "$WORK/services" --state-dir "$state" \
		--persist-dir "$WORK/persist" >"$WORK/log" 2>&1 &
	daemon=$!
	says="level=warn pkg=health msg=\"cannot probe: libcurl is missing"
	[[ $sandbox == auto ]] || says="level=error pkg=controller msg=\"health checks: $missing\""
	succeeds "a daemon says it, with --sandbox $sandbox" within says_so
	succeeds "and goes on" kill -0 "$daemon"
	stop
done
finish
