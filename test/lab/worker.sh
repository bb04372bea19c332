#!/usr/bin/env bash
# variants: nftables4
# takes: 20
# The worker process, which probes and answers the admin interface, is killed again and again, and stands still for a while:
# no backend changes, traffic goes on, ezlb answers again, and the log says it once.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
for b in b1 b2; do backend_start "$b" 80; done
WEB=$(ep "$VIP" 80)
service web <<END
listen: "$WEB"
full_nat: true
snat_ip: "$SNAT_IP"
health_check: {type: http, http_path: /healthz, interval: 500ms, timeout: 2s, fail_count: 2}
backends:
  - address: "$(ep "${BACKEND_IP[b1]}" 80)"
  - address: "$(ep "${BACKEND_IP[b2]}" 80)"
END

# child PID: the process that it has started; SPAWNER has one worker at a time.
child() {
	local pids
	read -r pids < <(cat "/proc/$1"/task/*/children 2>/dev/null) || :
	echo "${pids%% *}"
}
other_worker() { # other_worker THAN
	local now
	now=$(child "$SPAWNER")
	[[ -n $now && $now != "$1" ]]
}
answers() { [[ $(client_get "$WEB") == backend=b[12]\ * ]]; }
all_up() { [[ $(condition web BackendsReady) == "True AllUp" ]]; }
# probed: how many probes have succeeded. more_than N: it is more by now.
probed() { admin /metrics | sed -n 's/^ezlb_probes_total{outcome="ok"} //p'; }
more_than() { [[ $(probed) -gt $1 ]]; }

ezlb_start
eventually 20 "both serve" all_up
SPAWNER=$(child "$EZLB_PID")
held() { # how many descriptors the daemon has
	local fds=("/proc/$EZLB_PID/fd"/*)
	echo "${#fds[@]}"
}
before=$(held)

echo "# killed"
for _ in 1 2 3; do
	worker=$(child "$SPAWNER")
	kill -KILL "$worker"
	answers || fail "no traffic without a worker"
	eventually 10 "another worker" other_worker "$worker"
	eventually 10 "ezlb answers" is_ready
done
count=$(probed)
eventually 10 "it probes" more_than "$((count + 1))"

echo "# it stands still"
worker=$(child "$SPAWNER")
kill -STOP "$worker"
for _ in 1 2 3; do
	answers || fail "no traffic while the worker stands still"
	nap 0.2
done
kill -CONT "$worker"
eventually 10 "ezlb answers" is_ready
count=$(probed)
eventually 10 "it probes" more_than "$((count + 1))"
assert_eq "the worker" "$worker" "$(child "$SPAWNER")"

echo "# what is left of it"
assert_eq "backends that went down" "" "$(grep to=down "$EZLB_LOG" || :)"
assert_eq "lines about it" 1 "$(grep -c 'msg="the worker process has ended' "$EZLB_LOG")"
[[ $(held) -le $((before + 2)) ]] || fail "ezlb has $(held) descriptors, and had $before"
ezlb_stop TERM
[[ ! -e /proc/$SPAWNER ]] || fail "the spawner is left"

# started: it runs, with a worker.
started() {
	ezlb_start --cleanup-on-exit=false
	eventually 20 "both serve" all_up
	SPAWNER=$(child "$EZLB_PID")
	WORKER=$(child "$SPAWNER")
}
in_kernel() { in_ns lb ipvsadm -Sn; snat_rows; }
# both_gone: spawner and worker. A process that has ended and that nobody has waited for is gone, too.
both_gone() {
	local pid state
	for pid in "$SPAWNER" "$WORKER"; do
		state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null) || :
		[[ -z $state || $state == Z ]] || return 1
	done
}

echo "# the daemon is killed: the others end, also a worker that stands still"
started
ezlb_stop KILL
eventually 10 "both are gone" both_gone
started
kill -STOP "$WORKER"
ezlb_stop KILL
eventually 10 "both are gone" both_gone
answers || fail "no traffic without ezlb"

echo "# the spawner is killed: ezlb ends, so that it is started again; nothing changes in the kernel"
started
rows=$(in_kernel)
kill -KILL "$SPAWNER"
ezlb_wait 15
assert_eq "the exit status" 1 "$EZLB_STATUS"
eventually 10 "the worker is gone" both_gone
assert_match "what it says" 'the process that starts the worker process has ended' "$(tail -n 1 "$EZLB_LOG")"
assert_eq "the kernel" "$rows" "$(in_kernel)"
answers || fail "no traffic without ezlb"
: >"$EZLB_LOG"
started
assert_eq "the kernel" "$rows" "$(in_kernel)"
assert_eq "what the next one changed" "" "$(grep -E 'op=|to=down|level=(warn|error)' "$EZLB_LOG" |
	grep -v 'a part of the sandbox is missing' || :)" # valgrind does not know seccomp
ezlb_stop TERM
