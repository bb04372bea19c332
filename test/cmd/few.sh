#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With few descriptors, so that one step after the other of a start has none: ezlb says so and ends, or works. No signal ends
# it, and it says of nobody that he has killed something. Touches no kernel.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
own_net 192.0.2.1

mkdir "$WORK/good"
printf '%s\n' 'listen: "10.0.0.1:80"' 'backends: [{address: "10.1.0.1:80"}]' >"$WORK/good/a.yaml"

# few N COMMAND: $out gets what it says.
few() {
	exec prlimit --nofile="$1" timeout 60 "$EZLB" "$2" --dataplane memory --config-dir "$WORK/good" --state-dir "$WORK/state" \
		>"$WORK/out" 2>&1
}

# over PID: it has ended, or it has started.
over() {
	! kill -0 "$1" 2>/dev/null || grep -q msg=started "$WORK/out"
}

# daemon N: its exit status after SIGTERM.
daemon() {
	local pid status=0
	: >"$WORK/out"
	(few "$1" run) &
	pid=$!
	until over "$pid"; do sleep 0.05; done
	kill -TERM "$pid" 2>/dev/null || :
	wait "$pid" || status=$?
	echo "$status"
}

# ends_well WHAT N STATUS: by itself, or by SIGTERM. 2 is that of a plan with changes.
ends_well() {
	if grep -q "somebody has killed" "$WORK/out"; then
		fail "$1 with $2 descriptors: nobody has killed anything" "$(<"$WORK/out")"
	elif [[ $3 -le 2 || $3 == 127 || $3 == 143 ]]; then
		pass "$1 with $2 descriptors"
	else
		fail "$1 with $2 descriptors: status $3" "$(<"$WORK/out")"
	fi
}

# With fewer the program is not even loaded, which is the status 127.
for n in {5..22}; do
	for command in once plan; do
		[[ $n -le 12 ]] || continue
		status=0
		(few "$n" "$command") || status=$?
		ends_well "$command" "$n" "$status"
	done
	ends_well run "$n" "$(daemon "$n")"
done
finish
