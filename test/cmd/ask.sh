#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands that ask a running ezlb, and what that tells a service manager: against a real daemon
# with backends in a network namespace of its own. Touches no kernel.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
own_net 192.0.2.1

unset "${!EZLB_@}" NO_COLOR NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID COLUMNS # the caller's
export TERM=xterm LC_ALL=C.UTF-8
esc=$'\033'
state=$WORK/state
notes=$WORK/notes
declare -A server=()
daemon=
follower=
listener=

# Whatever happens: nothing that this has started goes on.
stop_all() {
	local status=$? pid
	for pid in $daemon $follower $listener "${server[@]}"; do
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	(exit "$status") || : # for leave, which looks at it
	leave
}
trap stop_all EXIT

# ask COMMAND ARGUMENT...: $status, $out and $err are what came of it.
ask() {
	status=0
	timeout 20 "$EZLB" "$1" --state-dir "$state" "${@:2}" >"$WORK/out" 2>"$WORK/err" || status=$?
	out=$(<"$WORK/out")
	err=$(<"$WORK/err")
}

# says DESCRIPTION STATUS STDOUT-PART STDERR-PART: of the last ask. A part that is empty wants the
# whole to be empty.
says() {
	if [[ $status -ne $2 || $out != *"$3"* || $err != *"$4"* || (-z $3 && -n $out) || (-z $4 && -n $err) ]]; then
		fail "$1" "want: $2, '$3', '$4'"$'\n'"exit status $status"$'\n'"stdout: $out"$'\n'"stderr: $err"
	else
		pass "$1"
	fi
}

# comes DESCRIPTION COMMAND...: within 5 s.
comes() {
	local try
	for ((try = 0; try < 100; try++)); do
		if "${@:2}" >"$WORK/tried" 2>&1; then
			pass "$1"
			return
		fi
		sleep 0.05
	done
	fail "$1" "not within 5 s: ${*:2}"$'\n'"$(<"$WORK/tried")"
}

# At a terminal of 80 columns: what it prints, without its line ends.
at_terminal() {
	COLUMNS=80 script -qec "$*" /dev/null </dev/null | tr -d '\r' || :
}

plain() {
	sed "s/$esc\[[0-9;]*m//g"
}

# free_ports N: so many that nobody listens on now; below those that the kernel gives to clients.
free_ports() {
	local candidate taken
	taken=$(awk '$4 == "0A" { print substr($2, length($2) - 3) }' /proc/net/tcp /proc/net/tcp6)
	for candidate in $(shuf -i 20000-32000 -n 200); do
		grep -q "$(printf %04X "$candidate")" <<<"$taken" || echo "$candidate"
	done | head -n "$1"
}

# backend PORT: a server there that is well.
backend() {
	busybox httpd -f -p "192.0.2.1:$1" -h "$WORK/www" &
	server[$1]=$!
}

backend_stop() {
	kill "${server[$1]}"
	wait "${server[$1]}" 2>/dev/null || :
	unset "server[$1]"
}

# service FILE NAME: one with both backends.
service() {
	services=$((services + 1))
	cat >"$WORK/services/$1" <<-END
		name: $2
		listen: 10.0.0.$services:80
		health_check: {type: http, http_path: /ok, interval: 300ms, timeout: 2s, fail_count: 1, rise_count: 1}
		backends:
		  - address: 192.0.2.1:$one
		  - address: 192.0.2.1:$two
	END
}

# run ARGUMENT...: the daemon, until `ends`.
run() {
	NOTIFY_SOCKET=$WORK/notify WATCHDOG_USEC=200000 "$EZLB" run --dataplane memory --probe \
		--config-dir "$WORK/services" --state-dir "$state" "$@" >>"$WORK/stdout" 2>>"$WORK/log" &
	daemon=$!
}

# ends SIGNAL: sets $ended to the exit status.
ends() {
	kill "-$1" "$daemon"
	ended=0
	wait "$daemon" 2>/dev/null || ended=$?
	daemon=
}

# What came to the socket of the service manager, a word a line: datagrams have no ends of their own.
noted() {
	sed -E 's/(READY|STATUS|RELOADING|MONOTONIC_USEC|WATCHDOG|STOPPING)=/\n&/g' "$notes" | sed '/^$/d'
}

# noted_last WORD: the last but for the watchdog's.
noted_last() {
	[[ $(noted | grep -v '^WATCHDOG=1$' | tail -n 1) == "$1" ]]
}

# times WORD: how often it came.
times() {
	noted | awk -v word="$1" '$0 == word { n++ } END { print n + 0 }'
}

# noted_times WORD N
noted_times() {
	[[ $(times "$1") -eq $2 ]]
}

has_event() {
	"$EZLB" events --state-dir "$state" | grep -E "$1"
}

start() {
	run --log-format json
	comes "it is ready" "$EZLB" probe ready --state-dir "$state"
	comes "both backends are up" has_status '.services[] | select(.name == "web").serving == 2'
}

# has_status FILTER: jq finds it so.
has_status() {
	"$EZLB" status -o json --state-dir "$state" | jq -e "$1"
}

status_of_all() {
	ask status
	says "status" 0 "ready" ""
	equal "a line for each backend" "2" "$(grep -c "^ *192.0.2.1:\($one\|$two\) *up " <<<"$out")"
	ask status -o json
	says "status -o json" 0 '"services"' ""
	equal "is the document of the interface" "web ok 2 true" \
		"$(jq -r '"\(.services[0] | "\(.name) \(.state) \(.serving)") \(.ready)"' <<<"$out")"
	ask status --output=table
	says "table is what it prints anyway" 0 "ready" ""
}

status_of_one() {
	local type
	ask status web
	says "status SERVICE" 0 "$WORK/services/web.yaml:2" ""
	for type in Accepted Programmed BackendsReady Conflict Deliverable; do
		equal "has the condition $type" 1 "$(grep -c "^$type " <<<"$out")"
	done
	ask status web -o json
	says "status SERVICE -o json" 0 '"name"' ""
	equal "is that service" '"web" 2' "$(jq -r '"\"\(.name)\" \(.backends | length)"' <<<"$out")"
	ask status nobody
	says "status of a service that is not there" 1 "" "ezlb: there is no service 'nobody'"
	equal "is one line" 1 "$(wc -l <"$WORK/err")"
}

probes() {
	ask probe live
	says "probe live" 0 "ok" ""
	ask probe ready
	says "probe ready" 0 "ok" ""
	equal "is one word" ok "$out"
}

# Of a daemon that stands still: the kubelet gets a reason before it loses its patience.
stuck() {
	local t0=$SECONDS
	kill -STOP "$daemon"
	ask probe live
	kill -CONT "$daemon"
	says "probe live of one that is stuck" 1 "does not answer: is it stuck?" ""
	equal "takes 5 s" yes "$([[ $((SECONDS - t0)) -ge 4 && $((SECONDS - t0)) -le 8 ]] && echo yes)"
	comes "and lives on" "$EZLB" probe live --state-dir "$state"
}

# What there is at its longest: a name, a line of a file, a path, the event of a failure.
eighty_columns() {
	local name=a-service-with-a-name-of-63-letters-as-long-as-a-name-may-be-so command
	service "$name.yaml" "$name"
	{
		echo "listen: 10.0.0.99:80"
		echo "backends: [{address: '10.1.0.1:80'}, $(printf "{address: '10.1.0.%d:80'}, " {2..30}) nonsense]"
	} >"$WORK/services/bad-$name.yaml"
	comes "a long name and a long line of a file are there" has_status \
		'[.services[].state] == ["ok", "refused", "ok"]'
	backend_stop "$two"
	comes "a backend goes down" has_event "BackendDown web 192.0.2.1:$two "
	for command in status "status web" "status $name"; do
		at_terminal "$EZLB" "$command" --state-dir "$state" >"$WORK/wide"
		equal "$command at 80 columns says something" yes "$(grep -q "192.0.2.1:$two" "$WORK/wide" && echo yes)"
		equal "and no line is wider" "" "$(plain <"$WORK/wide" | grep -E '.{81}' || :)"
	done
	ask status
	equal "in a pipe nothing is cut" 1 "$(grep -c "^$name " <<<"$out")"
	equal "what is wrong comes first" "REFUSED FILES: 1 of 3" "$(grep -m 1 '^[A-Z ]*: ' <<<"$out")"
	backend "$two"
	comes "it is up again" has_event "BackendUp web 192.0.2.1:$two"
	rm "$WORK/services/$name.yaml" "$WORK/services/bad-$name.yaml"
	comes "and the files are gone" has_status '.services | length == 1'
}

# colours WANT DESCRIPTION COMMAND...: yes or no.
colours() {
	local got=no
	"${@:3}" >"$WORK/out"
	! grep -qF "${esc}[" "$WORK/out" || got=yes
	equal "colours $2: $1" "$1" "$got"
}

colour() {
	local ask=("$EZLB" status --state-dir "$state")
	colours no "in a pipe" "${ask[@]}"
	colours yes "at a terminal" at_terminal "${ask[@]}"
	colours no "with NO_COLOR" env NO_COLOR=1 script -qec "${ask[*]}" /dev/null
	colours yes "with an empty NO_COLOR" env NO_COLOR= script -qec "${ask[*]}" /dev/null
	colours no "at a terminal that is dumb" env TERM=dumb script -qec "${ask[*]}" /dev/null
	colours no "with --color=never" at_terminal "${ask[@]}" --color=never
	colours yes "in a pipe with --color=always" "${ask[@]}" --color=always
	colours yes "with EZLB_COLOR=always" env EZLB_COLOR=always "${ask[@]}"
	colours no "where --color=never wins over it" env EZLB_COLOR=always "${ask[@]}" --color=never
	colours yes "where --color=always wins over NO_COLOR" env NO_COLOR=1 "${ask[@]}" --color=always
	colours no "of JSON" "${ask[@]}" --color=always -o json
	colours yes "of events" "$EZLB" events --state-dir "$state" --color=always
}

events() {
	ask events
	says "events" 0 " Started " ""
	equal "in the order of time" "$out" "$(sort -s -k1,2 <<<"$out")"
	ask events -o json
	equal "events -o json" "1 Started" "$(jq -r '.events[0] | "\(.seq) \(.type)"' <<<"$out")"
	ask events -f extra
	says "events takes no names" 2 "" "events takes no arguments"
}

followed() {
	grep -E "$1" "$WORK/followed"
}

followed_starts() {
	[[ $(grep -c ' Started ' "$WORK/followed") -eq $1 ]]
}

follow() {
	"$EZLB" events -f --state-dir "$state" >"$WORK/followed" 2>"$WORK/followed.err" &
	follower=$!
	comes "events -f begins with what has been" followed " Started "
	backend_stop "$one"
	comes "and sees a backend go down" followed "BackendDown web 192.0.2.1:$one "
	backend "$one"
	comes "and come back" followed "BackendUp web 192.0.2.1:$one"
	equal "each event once" "" "$(sort "$WORK/followed" | uniq -d)"
}

# What a restart looks like to whoever follows, and what the new daemon is asked to do otherwise.
restart() {
	ends TERM
	equal "the first daemon ended well" 0 "$ended"
	equal "its socket is gone" "" "$(find "$state" -name admin.sock)"
	comes "events -f tells that it is gone" grep -x "ezlb: no ezlb answers on .*; still following" "$WORK/followed.err"
	EZLB_ADMIN_ADDRESS=$port run --log-format json --admin-address "127.0.0.2:$port"
	comes "and goes on with the next" followed_starts 2
	equal "it told so once" 1 "$(wc -l <"$WORK/followed.err")"
	kill "$follower"
	wait "$follower" 2>/dev/null || :
	follower=
}

addresses() {
	comes "--admin-address" curl -sf -m 2 "http://127.0.0.2:$port/readyz"
	equal "wins over EZLB_ADMIN_ADDRESS" 7 "$(curl -s -m 2 "http://127.0.0.1:$port/readyz" >&2 || echo $?)"
	ends TERM
	EZLB_ADMIN_ADDRESS=:$port run --log-format json
	comes "EZLB_ADMIN_ADDRESS, which is on the loopback address alone" curl -sf -m 2 "http://127.0.0.1:$port/readyz"
	equal "and on no other" 7 "$(curl -s -m 2 "http://127.0.0.2:$port/readyz" >&2 || echo $?)"
}

# debug_lines: how many there are, of the controller.
debug_lines() {
	jq -c 'select(.level == "debug" and .pkg == "controller")' "$WORK/log" | wc -l
}

has_debug_lines() {
	[[ $(debug_lines) -gt 0 ]]
}

log_level() {
	local n
	equal "no debug lines at first" 0 "$(debug_lines)"
	ask log-level debug
	says "log-level debug" 0 "debug" ""
	service other.yaml other
	comes "the service is there" has_status '.services | length == 2'
	comes "each operation is logged" has_debug_lines
	ask log-level info
	says "log-level info" 0 "info" ""
	n=$(debug_lines)
	rm "$WORK/services/other.yaml"
	comes "the service is gone" has_status '.services | length == 1'
	equal "and none is logged" "$n" "$(debug_lines)"
}

# reloads HOW COMMAND...: the manager is told before and after, and the file is taken.
reloads() {
	local before
	before=$(times RELOADING=1)
	service other.yaml other
	"${@:2}" >"$WORK/out"
	comes "$1: the manager is told" noted_times RELOADING=1 $((before + 1))
	comes "and that it is over" noted_last "STATUS=2 services"
	equal "with the time, then READY=1" "RELOADING MONOTONIC_USEC READY STATUS" \
		"$(noted | grep -v WATCHDOG | sed -n '/^RELOADING/h; /^RELOADING/!H; ${ x; s/=[^\n]*//g; p; }' | head -n 4 | paste -sd ' ')"
	comes "the file is taken" has_event "Reloaded - - 2 files, 0 refused"
	rm "$WORK/services/other.yaml"
	comes "the service is gone" noted_last "STATUS=1 service"
}

reload() {
	ask reload
	says "reload" 0 "the files are read now" ""
	comes "the manager is told" noted_times RELOADING=1 1
	reloads "ezlb reload" "$EZLB" reload --state-dir "$state"
	reloads "SIGHUP" kill -HUP "$daemon"
}

# The first daemon's words, from its start.
manager() {
	equal "READY=1 comes first, with a status" "READY=1 STATUS=1 service" \
		"$(noted | grep -v WATCHDOG | head -n 2 | paste -sd ' ')"
	equal "and once" 1 "$(times READY=1)"
	echo "listen: nowhere" >"$WORK/services/bad.yaml"
	comes "a refused file is in the status" noted_last "STATUS=1 service, 1 file refused (bad.yaml:1)"
	rm "$WORK/services/bad.yaml"
	comes "until it is gone" noted_last "STATUS=1 service"
}

watchdog() {
	local before fed begun=${EPOCHREALTIME/./} ms
	before=$(times WATCHDOG=1)
	sleep 1
	fed=$(($(times WATCHDOG=1) - before))
	ms=$(((${EPOCHREALTIME/./} - begun) / 1000)) # counting takes time, too
	# 10 in 1 s where the machine has nothing else to do; 5 is what 200 ms ask for.
	equal "the watchdog of 200 ms is fed ($fed times in $ms ms)" yes \
		"$([[ $fed -ge 5 && $fed -le $((15 * ms / 1000)) ]] && echo yes)"
}

# Not root, or not of root's group.
noted_drain() {
	noted | grep '^STATUS=not ready: this balancer drains'
}

drain() {
	ask drain --wait 30s
	says "drain --wait" 0 "This balancer drains now." "no connection is active"
	says "there is no device" 0 "There is no --vip-device, so no address moves: only" "no connection is active"
	comes "the manager is told" noted_drain
	ask probe ready
	says "it is not ready" 1 "this balancer drains" ""
	ask probe live
	says "it is alive" 0 "ok" ""
	ask drain
	says "a second drain" 0 "This balancer has been draining since " ""
	ask drain --until-exit
	says "until the exit changes nothing" 0 "It ends with \`ezlb undrain\`." ""
	ask undrain
	says "undrain" 0 "This balancer is back" ""
	ask undrain
	says "a second undrain" 0 "This balancer does not drain." ""
	ask probe ready
	says "it is ready" 0 "ok" ""
	# It needs a second without a connection.
	ask drain --until-exit --wait 1ms
	says "the time is up" 1 "or when ezlb ends" "ezlb: after 1ms: "
	ask undrain
}

no_permission() {
	local user=()
	[[ $EUID -ne 0 ]] || user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	install -m 755 "$EZLB" "$WORK/ezlb"
	chmod 755 "$WORK" "$state"
	equal "the socket is its owner's and the group's" 660 "$(stat -c %a "$state/admin.sock")"
	chmod 0 "$state/admin.sock"
	status=0
	out=$("${user[@]}" "$WORK/ezlb" status --state-dir "$state" 2>"$WORK/err") || status=$?
	err=$(<"$WORK/err")
	chmod 660 "$state/admin.sock"
	says "whoever may not ask is told so" 1 "" "ezlb: no permission to ask the ezlb on $state/admin.sock: run this as root"
}

last_words() {
	ends TERM
	comes "STOPPING=1 is the last word" noted_last "STOPPING=1"
	ask status
	says "then nobody answers" 1 "" "ezlb: no ezlb answers on $state/admin.sock"
	ask drain --wait 30s
	says "nor drains" 1 "" "ezlb: no ezlb answers on $state/admin.sock"
	equal "nothing was on stdout" "" "$(<"$WORK/stdout")"
	equal "each line of the log was an object with ts, level and pkg" "$(wc -l <"$WORK/log")" \
		"$(jq -c 'select((.ts | sub("\\.[0-9]*"; "") | fromdateiso8601) and .level and .pkg)' "$WORK/log" | wc -l)"
	equal "and some were there" yes "$([[ -s $WORK/log ]] && echo yes)"
}

need_ezlb
need busybox busybox-static
need curl curl
need jq jq
need script bsdutils
need setpriv util-linux
need socat socat
mkdir "$WORK/services" "$WORK/www" "$state"
echo ok >"$WORK/www/ok"
mapfile -t ports < <(free_ports 3)
one=${ports[0]} two=${ports[1]} port=${ports[2]}
services=0
backend "$one"
backend "$two"
socat -u "UNIX-RECV:$WORK/notify" "OPEN:$notes,creat,append" &
listener=$!
comes "the service manager listens" test -S "$WORK/notify"
service web.yaml web

start
manager
status_of_all
status_of_one
probes
events
eighty_columns
colour
stuck
watchdog
follow
restart
addresses
log_level
reload
drain
no_permission
last_words
finish
