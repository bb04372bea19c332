#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line of ezlb-toa: help, messages, exit statuses, and what it says where it cannot work. What it does when it
# can is in test/lab/toa_receive.sh.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"

unset "${!EZLB_TOA@}" JOURNAL_STREAM
export LC_ALL=C.UTF-8
TOA=$(dirname "$EZLB")/ezlb-toa
[[ -x $TOA ]] || {
	echo "there is no $TOA: install clang, bpftool and libbpf-dev (scripts/deps build), and build again" >&2
	exit 1
}

# toa ARGUMENT...: $status, $out and $err are what came of it. VARIABLES is what the environment has more.
toa() {
	status=0
	# shellcheck disable=SC2086 # several words
	timeout 20 env ${VARIABLES:-} ${WRAP:-} "$TOA" "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
	out=$(<"$WORK/out")
	err=$(<"$WORK/err")
}

# refuses DESCRIPTION STATUS MESSAGE-PART ARGUMENT...: one line on stderr and nothing on stdout.
refuses() {
	toa "${@:4}"
	if [[ $status -ne $2 || -n $out || $err != "ezlb-toa: "*"$3"* || $err == *$'\n'* ]]; then
		fail "$1" "want: $2, '$3'"$'\n'"exit status $status"$'\n'"stdout: $out"$'\n'"stderr: $err"
	else
		pass "$1"
	fi
}

# manual_flags COMMAND: which the manual page names for it.
manual_flags() {
	sed -n "/^\.SS ezlb.-toa $1\$/,/^Flags:/{s/^Flags: //p}" "$REPO/man/ezlb-toa.8" | sed 's/\\f[BP]//g; s/\\-/-/g; s/,//g'
}

toa --help
equal "help" "0 usage: ezlb-toa COMMAND [FLAGS]" "$status ${out%%$'\n'*}"
commands=$(sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' <<<"$out" | xargs)
equal "its commands" "run attach detach status" "$commands"
for command in $commands; do
	toa "$command" --help
	equal "help of $command" "0 usage: ezlb-toa $command [FLAGS]" "$status ${out%%$'\n'*}"
	equal "help of $command is no wider than 80 columns" "" "$(grep -E '^.{81}' <<<"$out" || :)"
	equal "the manual page has the flags of $command" "$(sed -nE 's/^  (--[a-z]*).*/\1/p' <<<"$out" | paste -sd ' ')" \
		"$(manual_flags "$command")"
done
toa --version
equal "the version is that of ezlb" "0 ezlb-toa $("$EZLB" version | awk 'NR == 1 { print $2 }')" "$status $out"

refuses "no command" 2 "which command?"
refuses "an unknown command" 2 "did you mean 'attach'?" atach
refuses "an unknown flag" 2 "did you mean --from?" run --form=10.0.0.3
refuses "no --from" 2 "--from is missing" attach
refuses "an address that is none" 2 "10.0.0.300" attach --from=10.0.0.300
refuses "everybody" 2 "would believe everybody" run --from=0.0.0.0/0
VARIABLES="EZLB_TOA_FROM=10.0.0.3/99" refuses "a wrong variable" 2 "EZLB_TOA_FROM: '10.0.0.3/99'" attach
VARIABLES="EZLB_TOA_FROM=10.0.0.3 EZLB_TOA_CGROUP=$WORK" refuses "a cgroup that is none" 1 \
	"$WORK is no directory of cgroup v2" attach
refuses "a cgroup that does not exist" 1 "open the cgroup $WORK/none: No such file or directory" \
	run --from=10.0.0.3 --cgroup="$WORK/none"

# Without the rights of root, and where no cgroup v2 is mounted. In namespaces of its own: nothing is attached here.
WRAP="setpriv --reuid=65534 --clear-groups --inh-caps=-all --bounding-set=-all"
[[ $EUID -eq 0 ]] || WRAP=
refuses "status without rights" 1 "it needs root" status
cat >"$WORK/without" <<'END'
#!/bin/sh
awk '$3 == "cgroup2" { print $2 }' /proc/self/mounts | while read -r dir; do umount -l "$dir"; done
exec "$@"
END
chmod +x "$WORK/without"
WRAP="unshare --mount $WORK/without"
unshare --mount true 2>/dev/null || WRAP="unshare --map-root-user --mount --pid --fork --mount-proc $WORK/without"
refuses "no cgroup v2" 1 "no cgroup v2 is mounted here" attach --from=10.0.0.3
WRAP=

status=0
"$TOA" --help >/dev/full 2>"$WORK/err" || status=$?
equal "stdout that is full" "1 ezlb-toa: cannot write to stdout: No space left on device" "$status $(<"$WORK/err")"

# Hosts of backends have other libraries, or none.
if ! grep -q 'EZLB_\(SANITIZE\|COVERAGE\):BOOL=ON' "$(dirname "$(dirname "$EZLB")")/CMakeCache.txt"; then
	equal "it needs no library" "" "$(readelf -d "$TOA" | grep NEEDED || :)"
fi
finish
