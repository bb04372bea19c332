#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line: what each command takes and refuses, exit statuses, variables beside flags, and
# what a log collector or an ordinary user gets. Touches no kernel.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"

commands=(run once check import schema plan host-setup doctor status events who connections probe log-level reload drain undrain cleanup version)
# Those that take arguments, with what they say of too many.
declare -A arguments=([check]='' [import]='' [who]='' [connections]='takes at most one argument: the name of a service, or an address' [status]='takes at most one argument' [probe]='takes one argument: ready or live'
	[log-level]='takes one argument: error, warn, info or debug')
variables=(EZLB_CONFIG_DIR EZLB_STATE_DIR EZLB_PERSIST_DIR EZLB_DATAPLANE EZLB_PROBE EZLB_SNAT_BACKEND EZLB_ADOPT EZLB_FIREWALL
	EZLB_HOST_SETUP EZLB_VIP_DEVICE EZLB_VIP_WHEN EZLB_VIP_HOLD EZLB_VIP_GUARD EZLB_SYNC_INTERFACE EZLB_SYNC_ID EZLB_DRAIN_ON_EXIT EZLB_WAIT EZLB_IPVS_TIMEOUT_TCP EZLB_IPVS_TIMEOUT_TCPFIN EZLB_IPVS_TIMEOUT_UDP
	EZLB_CLEANUP_ON_EXIT EZLB_EMPTY_HOLD_DOWN EZLB_ADMIN_ADDRESS
	EZLB_TRAFFIC_INTERVAL EZLB_LOG_LEVEL EZLB_LOG_FORMAT EZLB_OUTPUT EZLB_COLOR EZLB_FROM EZLB_OUTPUT_DIR
	EZLB_SORT EZLB_LIMIT EZLB_FORMAT EZLB_CONFIGMAP EZLB_CONNECTION_LOG EZLB_SANDBOX)
unset "${variables[@]}" NO_COLOR # the caller's

# ez ARGUMENT...: runs it; $status, $out and $err are what came of it.
ez() {
	ez_env -- "$@"
}

# ez_env NAME=VALUE... -- ARGUMENT...
ez_env() {
	local settings=()
	while [[ $1 != -- ]]; do
		settings+=("$1")
		shift
	done
	shift
	status=0
	timeout 20 env "${settings[@]}" "$EZLB" "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
	out=$(<"$WORK/out")
	err=$(<"$WORK/err")
}

# ended DESCRIPTION STATUS STDOUT-PART STDERR-PART: of the last ez. A part that is empty wants the
# whole to be empty.
ended() {
	local detail="exit status $status"$'\n'"stdout: $out"$'\n'"stderr: $err"
	if [[ $status -ne $2 || $out != *"$3"* || $err != *"$4"* || (-z $3 && -n $out) || (-z $4 && -n $err) ]]; then
		fail "$1" "want: $2, '$3', '$4'"$'\n'"$detail"
	else
		pass "$1"
	fi
}

# refused STDERR-PART ARGUMENT...: wrong usage is 2, with a word on stderr and none on stdout.
refused() {
	ez "${@:2}"
	ended "ezlb ${*:2}: wrong usage" 2 "" "$1"
}

# service FILE LISTEN: a sound service file.
service() {
	cat >"$1" <<-END
		listen: $2
		health_check: {enabled: false}
		backends:
		  - address: 10.1.0.1:80
	END
}

# full_nat FILE ADDRESS: one that sends from its own address, to the backend of all.
full_nat() {
	service "$1" "$2:80"
	printf 'full_nat: true\nsnat_ip: %s\n' "$2" >>"$1"
}

# daemon COMMAND...: `ezlb run` in whatever is around it, until its first pass, then SIGTERM.
# $status and $err are what came of it.
daemon() {
	local pid try
	: >"$WORK/err" # of the one before
	timeout 20 "$@" >"$WORK/out" 2>"$WORK/err" &
	pid=$!
	for ((try = 0; try < 200; try++)); do
		grep -q 'applied changes to the kernel' "$WORK/err" && break
		sleep 0.05
	done
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	out=$(<"$WORK/out")
	err=$(<"$WORK/err")
}

# daemon_says DESCRIPTION PART: of the last daemon, which must have ended well.
daemon_says() {
	ended "$1" 0 "" "$2"
}

usage() {
	local command flag
	ez
	ended "ezlb without a command" 2 "" "usage: ezlb COMMAND"
	for command in --help -h help; do
		ez "$command"
		ended "ezlb $command" 0 "usage: ezlb COMMAND" ""
	done
	ez --help
	equal "ezlb --help lists the commands" "${commands[*]}" \
		"$(sed -n '/^commands:/,/^$/s/^  \([a-z-]*\)  .*/\1/p' <<<"$out" | xargs)"
	for command in "${commands[@]}"; do
		ez help "$command"
		ended "ezlb help $command" 0 "usage: ezlb $command " ""
		cp "$WORK/out" "$WORK/help-$command"
		ended "says what an exit status means" 0 "exit status:"$'\n'"  0  " ""
		equal "wrong usage only once" 1 "$(grep -c 'wrong usage' <<<"$out")"
		ended "and has an example" 0 "examples:"$'\n'"  ezlb $command" ""
		equal "and no line for which a terminal is too narrow" "" "$(grep '.\{81\}' <<<"$out" || :)"
		for flag in --help -h; do
			ez "$command" "$flag"
			equal "ezlb $command $flag is the same" "$(<"$WORK/help-$command")" "$out"
		done
	done
	ez version
	ended "ezlb version" 0 "ezlb $(sed -n 's/^project(ezlb VERSION \([0-9.]*\).*/\1/p' "$REPO/CMakeLists.txt")" ""
	ez --version
	ended "ezlb --version" 0 "ezlb " ""
}

# takes COMMAND FLAG: its help says so.
takes() {
	grep -Eq "^  $2([^a-z-]|\$)" "$WORK/help-$1"
}

# Each command takes the flags that are in its help. Of all others it says whose they are.
flags_of_commands() {
	local command flag takers
	mapfile -t flags < <(sed -n 's/^  \(--[a-z-]*\).*/\1/p' "$WORK"/help-* | sort -u)
	equal "there are that many flags" 43 "${#flags[@]}"
	for flag in "${flags[@]}"; do
		[[ $flag != --help ]] || continue
		takers=
		for command in "${commands[@]}"; do
			! takes "$command" "$flag" || takers+="$command, "
		done
		takers=$(sed 's/, $//; s/\(.*\), /\1 and /' <<<"$takers")
		for command in "${commands[@]}"; do
			if ! takes "$command" "$flag"; then
				refused "ezlb: $command: no flag $flag; it is a flag of $takers" "$command" "$flag="
			elif [[ $flag =~ ^--(watch|follow|strict|allow-empty|best-effort|until-exit)$ ]]; then
				refused "ezlb: $command: $flag takes no value" "$command" "$flag="
			else
				refused "ezlb: $flag=" "$command" "$flag=" # it is looked at
			fi
		done
	done
	refused "ezlb: check: no flag --output; it is a flag of once, plan, doctor, status, events, who and connections" check -o json
	refused "ezlb: version: no flag --watch; it is a flag of status" version --watch
}

meant() {
	refused "ezlb: unknown command 'statsu'; did you mean 'status'?" statsu
	refused "ezlb: unknown command 'statsu'; did you mean 'status'?" help statsu
	refused "ezlb: unknown command 'Reload'; did you mean 'reload'?" Reload
	refused "ezlb: plan: no flag --config-dri; did you mean --config-dir?" plan --config-dri
	refused "ezlb: plan: no flag --config-dri; did you mean --config-dir?" plan --config-dri=/x
	refused "ezlb: reload: no flag --config-dri; see \`ezlb help reload\`" reload --config-dri /x
	refused "ezlb: status: no flag -x; see \`ezlb help status\`" status -x
	refused "ezlb: help takes at most one argument, a command" help run once
}

wrong_usage() {
	local command flag value
	refused "ezlb: unknown command 'walk'; \`ezlb help\` lists them" walk
	refused "ezlb: unknown command ''; \`ezlb help\` lists them" ""
	refused "ezlb: unknown command '--nonsense'; \`ezlb help\` lists them" --nonsense
	refused "ezlb: unknown command 'walk'; \`ezlb help\` lists them" help walk
	for command in "${commands[@]}"; do
		refused "ezlb: $command: no flag --nonsense; see \`ezlb help $command\`" "$command" --nonsense
		if [[ ! -v arguments[$command] ]]; then
			refused "takes no arguments, got 'extra'" "$command" extra
		elif [[ -n ${arguments[$command]} ]]; then
			refused "$command ${arguments[$command]}" "$command" one two
		fi
	done
	for flag in --config-dir --state-dir --persist-dir --dataplane --snat-backend --adopt --firewall --host-setup --vip-device --vip-when --vip-hold --vip-guard --sync-interface --sync-id --drain-on-exit --ipvs-timeout-tcp --ipvs-timeout-tcpfin --ipvs-timeout-udp --empty-hold-down --admin-address --traffic-interval --connection-log --sandbox --log-level --log-format; do
		refused "ezlb: run: $flag needs a value: " run "$flag"
	done
	for flag in --output --color -o; do
		refused "ezlb: status: ${flag/#-o/--output} needs a value: " status "$flag"
	done
	refused "probe takes one argument: ready or live" probe
	refused "probe takes one argument: ready or live" probe healthy
	refused "log-level takes one argument: error, warn, info or debug" log-level
	refused "log-level takes one argument: error, warn, info or debug" log-level loud
	refused "--config-dir=: expected DIR" plan --config-dir=
	refused "--state-dir=: expected DIR" plan --state-dir=
	refused "--persist-dir=: expected DIR" plan --persist-dir=
	refused "--dataplane=ebpf: expected kernel|memory" plan --dataplane=ebpf
	refused "--dataplane=Memory: expected kernel|memory" plan --dataplane Memory
	refused "--snat-backend=nft: expected auto|iptables|nftables" plan --snat-backend=nft
	refused "--snat-backend=: expected auto|iptables|nftables" run --snat-backend=
	refused "--adopt=always: expected matching|never" run --adopt=always
	refused "--firewall=always: expected auto|never" run --firewall=always
	refused "--firewall=: expected auto|never" run --firewall=
	refused "--host-setup=Auto: expected auto|never" once --host-setup=Auto
	refused "--host-setup=: expected auto|never" once --host-setup=
	refused "--vip-device=: expected NAME" plan --vip-device=
	refused "--vip-device=a/b: expected NAME" plan --vip-device=a/b
	refused "--vip-device=a b: expected NAME" plan --vip-device "a b"
	refused "--vip-device=..: expected NAME" plan --vip-device=..
	refused "--vip-device=sixteen-letters-: expected NAME" plan --vip-device=sixteen-letters-
	refused "--vip-device=ezlb-vips-drain: expected NAME" plan --vip-device=ezlb-vips-drain
	refused "--vip-when=Serving: expected always|serving" plan --vip-when=Serving
	refused "--vip-when=: expected always|serving" run --vip-when=
	refused "--vip-hold=5: expected DURATION" run --vip-hold=5
	refused "--vip-guard=on: expected auto|never" plan --vip-guard=on
	refused "--vip-guard=: expected auto|never" run --vip-guard=
	refused "check: no flag --vip-guard" check --vip-guard never
	refused "--drain-on-exit=5: expected DURATION" run --drain-on-exit=5
	refused "--wait=soon: expected DURATION" drain --wait soon
	refused "--sync-interface=a/b: expected NAME" run --sync-interface=a/b
	for value in "" 0 256 -1 1x; do
		refused "--sync-id=$value: expected 1-255" run "--sync-id=$value"
	done
	for value in "" 0 0s 15 1500ms 999ms -1s 25h; do
		refused "--ipvs-timeout-tcp=$value: expected DURATION>=1s" run --ipvs-timeout-tcp "$value"
	done
	refused "check: no flag --ipvs-timeout-udp" check --ipvs-timeout-udp 60s
	refused "--output=xml: expected text|json" doctor --output=xml
	refused "--output=xml: expected text|json" doctor -o xml
	refused "--empty-hold-down=10: expected DURATION" run --empty-hold-down=10
	# An address without a port, a name, and what is open to everybody without being said in full.
	for value in "" : 0 :0 65536 9106x localhost:9106 10.0.0.1 '[::1]' ::1 ::1:9106 '*:9106' 127.0.0.1:9106/x; do
		refused "--admin-address=$value: expected [IP:]PORT" run --admin-address "$value"
	done
	for value in "" 0 15 10ms 999ms -1s; do
		refused "--traffic-interval=$value: expected DURATION" run "--traffic-interval=$value"
	done
	refused "--connection-log=: expected FILE" run "--connection-log="
	refused "--sandbox=on: expected auto|off" run "--sandbox=on"
	refused "--sandbox=: expected auto|off" run "--sandbox="
	refused "once: no flag --sandbox" once --sandbox=off
	for value in "" yes Always; do
		refused "--color=$value: expected auto|always|never" status "--color=$value"
	done
	for value in "" 0 -1 1x 1000001 99999999999999999999; do
		refused "--limit=$value: expected 1-1000000" connections "--limit=$value"
	done
	refused "--sort=Bytes: expected age|bytes" connections --sort Bytes
	refused "who takes addresses with ports, or - for standard input" who
	refused "'10.0.0.3' is no address with a port, like 10.0.0.3:40001 or [fd00::3]:40001" who 10.0.0.3
	refused "--log-level=loud: expected error|warn|info|debug" plan --log-level=loud
	refused "--log-format=xml: expected logfmt|json" plan --log-format=xml
	refused "--cleanup-on-exit=maybe: expected true|false" run --cleanup-on-exit=maybe
	refused "--cleanup-on-exit=: expected true|false" run --cleanup-on-exit=
	refused "--probe=yes: expected true|false" run --probe=yes
	# A value behind a blank is an argument, not the flag's: better refused than taken for "true".
	refused "run takes no arguments, got 'false'" run --cleanup-on-exit false
}

wrong_variables() {
	local setting command
	for setting in EZLB_DATAPLANE=ebpf EZLB_PROBE=1 EZLB_SNAT_BACKEND=legacy EZLB_ADOPT=all EZLB_FIREWALL=on EZLB_HOST_SETUP=off EZLB_VIP_DEVICE=a/b EZLB_VIP_WHEN=now EZLB_VIP_HOLD=1 EZLB_VIP_GUARD=on EZLB_SYNC_INTERFACE=a/b EZLB_SYNC_ID=0 EZLB_DRAIN_ON_EXIT=1 EZLB_WAIT=1 EZLB_EMPTY_HOLD_DOWN=soon EZLB_ADMIN_ADDRESS=localhost:80 EZLB_TRAFFIC_INTERVAL=10ms EZLB_SANDBOX=never EZLB_COLOR=yes EZLB_LOG_LEVEL=loud EZLB_LOG_FORMAT=xml EZLB_CLEANUP_ON_EXIT=maybe EZLB_OUTPUT=yaml EZLB_SORT=name EZLB_LIMIT=0; do
		command=run
		[[ $setting != EZLB_OUTPUT=* && $setting != EZLB_COLOR=* ]] || command=plan
		[[ $setting != EZLB_WAIT=* ]] || command=drain
		[[ $setting != EZLB_SORT=* && $setting != EZLB_LIMIT=* ]] || command=connections
		ez_env "$setting" -- "$command" --config-dir "$WORK/absent"
		ended "$setting is refused" 2 "" "ezlb: $setting: expected "
	done
	ez_env EZLB_DATAPLANE= EZLB_PROBE= EZLB_SNAT_BACKEND= EZLB_FIREWALL= EZLB_HOST_SETUP= EZLB_VIP_DEVICE= EZLB_ADMIN_ADDRESS= EZLB_TRAFFIC_INTERVAL= EZLB_COLOR= EZLB_OUTPUT= EZLB_LOG_LEVEL= EZLB_LOG_FORMAT= EZLB_CLEANUP_ON_EXIT= EZLB_STATE_DIR= EZLB_PERSIST_DIR= \
		EZLB_CONFIG_DIR= -- check "$WORK/good"
	ended "an empty variable is as none" 0 "1 file checked, 0 errors" ""
	# A unit sets them for all commands.
	ez_env EZLB_ADOPT=never EZLB_OUTPUT=json EZLB_LOG_LEVEL=loud -- check "$WORK/good"
	ended "a variable of another command's is nothing to this one" 0 "1 file checked, 0 errors" ""
}

# Whoever asks where nobody answers is told so in one line, and where that was.
nobody_answers() {
	local command text="no ezlb answers on $WORK/absent/admin.sock: is it running?"
	for command in status "status web" events "events -f" "log-level debug" reload drain "drain --until-exit" undrain "status -o json" "status --watch"; do
		# shellcheck disable=SC2086 # they are words
		ez $command --state-dir "$WORK/absent"
		ended "ezlb $command where none runs" 1 "" "ezlb: $text"
		equal "is one line" 1 "$(wc -l <"$WORK/err")"
	done
	for command in ready live; do
		ez probe "$command" --state-dir "$WORK/absent"
		ended "ezlb probe $command where none runs tells it to the kubelet" 1 "$text" ""
	done
	ez_env EZLB_STATE_DIR="$WORK/absent" -- status
	ended "EZLB_STATE_DIR is where they ask" 1 "" "ezlb: $text"
	ez status --state-dir "/$(printf '%0120d' 0)"
	ended "a long path is no hindrance" 1 "" "ezlb: no ezlb answers on /000"
}

# What `who` and `connections` say before they ask the kernel.
connections_refused() {
	local command
	for command in "who 10.0.0.3:1" connections "connections -f"; do
		# shellcheck disable=SC2086 # they are words
		ez $command --config-dir "$WORK/absent"
		ended "ezlb $command without service files" 1 "" "ezlb: cannot read the config directory $WORK/absent"
	done
	ez connections nobody --config-dir "$WORK/good"
	ended "no such service" 1 "" "ezlb: 'nobody' is no service of the service files, and no address like 10.0.0.1"
	mkdir "$WORK/broken"
	echo 'listen: [' >"$WORK/broken/web.yaml"
	ez connections nobody --config-dir "$WORK/broken" --state-dir "$WORK/absent"
	ended "a broken file" 1 "" "ezlb: note: 1 service file with errors and without a last good version is left out"
	seq -f '10.0.0.3:%.0f' 10001 >"$WORK/many"
	ez who - <"$WORK/many"
	ended "too many addresses" 1 "" "ezlb: more than 10000 addresses"
}

# What a command takes is in its usage.
usage_of_arguments() {
	ez check --help
	ended "usage of check" 0 "usage: ezlb check [FLAGS] [FILE or DIR or -]..." ""
	ez status --help
	ended "usage of status" 0 "usage: ezlb status [FLAGS] [SERVICE]" ""
	ez log-level --help
	ended "usage of log-level" 0 "usage: ezlb log-level [FLAGS] error|warn|info|debug" ""
	ez run --help
	ended "a flag, its default and its variable" 0 "  --state-dir=DIR"$'\n' ""
	ended "a default" 0 "[default: /run/ezlb; variable: EZLB_STATE_DIR]" ""
	equal "all variables are in some help" "$(printf '%s\n' "${variables[@]}" | sort)" \
		"$(sed -n 's/.*; variable: \(.*\)]$/\1/p' "$WORK"/help-* | sort -u)"
}

# The first line of the daemon names what it works with.
run_flags() {
	local run=(run --dataplane memory --config-dir "$WORK/good")
	daemon "$EZLB" "${run[@]}"
	daemon_says "the default state directory" " state_dir=/run/ezlb "
	daemon_says "and by default it removes its rules" " cleanup_on_exit=true"
	daemon env EZLB_STATE_DIR=/x/variable "$EZLB" "${run[@]}"
	daemon_says "EZLB_STATE_DIR" " state_dir=/x/variable "
	daemon env EZLB_STATE_DIR=/x/variable "$EZLB" "${run[@]}" --state-dir /x/flag
	daemon_says "--state-dir wins over it" " state_dir=/x/flag "
	daemon env EZLB_CLEANUP_ON_EXIT=false "$EZLB" "${run[@]}"
	daemon_says "EZLB_CLEANUP_ON_EXIT=false" 'rules="left in place"'
	daemon env EZLB_CLEANUP_ON_EXIT=false "$EZLB" "${run[@]}" --cleanup-on-exit=true
	daemon_says "--cleanup-on-exit=true wins over it" "rules=removed"
	daemon env EZLB_CLEANUP_ON_EXIT=false "$EZLB" "${run[@]}" --cleanup-on-exit
	daemon_says "and so does --cleanup-on-exit alone" "rules=removed"
	daemon env EZLB_CLEANUP_ON_EXIT=true "$EZLB" "${run[@]}" --cleanup-on-exit=false
	daemon_says "--cleanup-on-exit=false wins over true" 'rules="left in place"'
}

once_flags() {
	local once=(once --config-dir "$WORK/good")
	ez_env EZLB_DATAPLANE=memory -- "${once[@]}"
	ended "EZLB_DATAPLANE=memory" 0 "+ listener " "nothing is programmed"
	ez_env EZLB_DATAPLANE=kernel -- "${once[@]}" --dataplane=memory
	ended "--dataplane=memory wins over EZLB_DATAPLANE" 0 "+ listener " "nothing is programmed"
	once+=(--dataplane memory)
	ez_env EZLB_LOG_LEVEL=error -- "${once[@]}"
	ended "EZLB_LOG_LEVEL=error" 0 "+ listener " ""
	ez_env EZLB_LOG_LEVEL=error -- "${once[@]}" --log-level warn
	ended "--log-level wins over it" 0 "+ listener " "level=warn "
	ez_env EZLB_LOG_FORMAT=json -- "${once[@]}"
	ended "EZLB_LOG_FORMAT=json" 0 "+ listener " '"level":"warn"'
	ez_env EZLB_LOG_FORMAT=json -- "${once[@]}" --log-format=logfmt
	ended "--log-format wins over it" 0 "+ listener " "level=warn "
}

# Nobody is at this address: without the kernel it is as good as any, unless it is probed.
in_memory() {
	local run=(run --dataplane memory --config-dir "$WORK/probed" --state-dir "$WORK/memory") first
	local plan=(plan --dataplane memory --config-dir "$WORK/probed" --log-level error)
	mkdir "$WORK/probed"
	cat >"$WORK/probed/web.yaml" <<-END
		listen: 10.0.0.1:80
		health_check: {interval: 1s, timeout: 1s, fail_count: 1}
		backends:
		  - address: 192.0.2.1:1
	END
	ez "${plan[@]}"
	ended "in memory a backend counts as up" 2 "+ backend 192.0.2.1:1" ""
	ez "${plan[@]}" --probe
	ended "unless it is probed" 2 "1 to add" ""
	ez_env EZLB_PROBE=true -- "${plan[@]}"
	ended "EZLB_PROBE" 2 "1 to add" ""
	ez_env EZLB_PROBE=true -- "${plan[@]}" --probe=false
	ended "--probe=false wins over it" 2 "2 to add" ""
	daemon "$EZLB" "${run[@]}" --probe
	daemon_says "the log tells that it is probed" 'msg="nothing is programmed: --dataplane memory" backends=probed'
	daemon_says "and so does the line of the start" " dataplane=memory "
	"$EZLB" "${run[@]}" 2>"$WORK/first" &
	first=$!
	succeeds "the first one answers" comes_up "$WORK/memory"
	ez status --state-dir "$WORK/memory" -o json
	equal "its backend is up, and nobody has probed it" '"memory" "up" null' \
		"$(jq -c '.dataplane, (.services[0].backends[0] | .verdict, .reason)' <<<"$out" | xargs -d '\n')"
	ez status --state-dir "$WORK/memory"
	ended "status tells that nothing is programmed" 0 "! nothing is programmed: in-memory data plane" ""
	ez "${run[@]}"
	ended "a second one on the same state directory is refused" 1 "" "ezlb: another ezlb is running, pid $first: it has locked $WORK/memory/lock"
	ez once "${plan[@]:1}" --state-dir "$WORK/memory"
	ended "once is not: it changes nothing there" 0 "+ backend 192.0.2.1:1" ""
	kill "$first"
	status=0
	wait "$first" || status=$?
	equal "and the first one ends well" 0 "$status"
}

# comes_up STATE-DIR: a daemon there answers.
comes_up() {
	local try
	for ((try = 0; try < 200; try++)); do
		! "$EZLB" probe ready --state-dir "$1" >/dev/null || return 0
		sleep 0.05
	done
	return 1
}

# Rules of nftables tell two services apart that share a backend, those of iptables do not.
snat_backends() {
	local memory=(--dataplane memory --log-level error --config-dir "$WORK/snat")
	ez plan "${memory[@]}" --snat-backend nftables
	ended "--snat-backend nftables" 2 "+ snat 10.0.0.2 " ""
	ez plan "${memory[@]}" --snat-backend iptables
	ended "--snat-backend iptables" 1 "+ snat 10.0.0.1 for 10.1.0.1:80 " "error[E032]"
	ez_env EZLB_SNAT_BACKEND=nftables -- plan "${memory[@]}"
	ended "EZLB_SNAT_BACKEND=nftables" 2 "+ snat 10.0.0.2 " ""
	ez_env EZLB_SNAT_BACKEND=iptables -- plan "${memory[@]}" --snat-backend=nftables
	ended "--snat-backend=nftables wins over EZLB_SNAT_BACKEND" 2 "+ snat 10.0.0.2 " ""
	ez check "$WORK/snat"
	ended "check does not know which it will be" 0 "2 files checked, 0 errors" ""
	ez check --snat-backend iptables "$WORK/snat"
	ended "unless it is told" 1 "error[E032]: backend 10.1.0.1:80 already has a different source NAT" ""
	ez check --snat-backend nftables "$WORK/snat"
	ended "and with nftables there is no error" 0 "2 files checked, 0 errors" ""
	daemon "$EZLB" run "${memory[@]}" --log-level info --snat-backend nftables
	daemon_says "the daemon tells which it is" 'msg="snat backend" backend=nftables why='
}

# What a filter lets through and who sets the host up shows on a kernel only: the lab has that.
around_the_services() {
	local value variable plan=(plan --dataplane memory --log-level error --config-dir "$WORK/good")
	for value in auto never; do
		for variable in FIREWALL HOST_SETUP; do
			ez_env "EZLB_$variable=$value" -- "${plan[@]}"
			ended "EZLB_$variable=$value" 2 "+ listener tcp 10.0.0.1:80" ""
		done
		ez "${plan[@]}" --firewall "$value" --host-setup="$value"
		ended "--firewall $value --host-setup $value" 2 "+ listener tcp 10.0.0.1:80" ""
	done
	ez "${plan[@]}"
	equal "by default no address is kept" "" "$(grep -E '^  [+] (link|address) ' <<<"$out" || true)"
	ez "${plan[@]}" --vip-device ezlb0
	ended "--vip-device makes the link" 2 "+ link ezlb0" ""
	ended "and the address" 2 "+ address 10.0.0.1 on ezlb0" ""
	ended "and only services answer there" 2 "+ guard of 10.0.0.1" ""
	ez "${plan[@]}" --vip-device ezlb0 --vip-guard never
	equal "with never everybody does" "" "$(grep 'guard of' <<<"$out" || true)"
	ez "${plan[@]}" --vip-device=fifteen-letters
	ended "--vip-device takes 15 letters" 2 "+ address 10.0.0.1 on fifteen-letters" ""
	ez "${plan[@]}" --vip-device=ezlb0-drain
	ended "--vip-device takes a name whose other link has another name" 2 "+ address 10.0.0.1 on ezlb0-drain" ""
	ez_env EZLB_VIP_DEVICE=ezlb1 -- "${plan[@]}"
	ended "EZLB_VIP_DEVICE" 2 "+ address 10.0.0.1 on ezlb1" ""
	ez_env EZLB_VIP_DEVICE=ezlb1 -- "${plan[@]}" --vip-device ezlb0
	ended "--vip-device wins over it" 2 "+ address 10.0.0.1 on ezlb0" ""
	ez "${plan[@]}"
	equal "by default no timeout is set" "" "$(grep timeout <<<"$out" || true)"
	ez_env EZLB_IPVS_TIMEOUT_UDP=30s -- "${plan[@]}" --ipvs-timeout-tcp 2h --ipvs-timeout-tcpfin=24h
	ended "--ipvs-timeout-tcp" 2 "~ ipvs timeout tcp 900s -> 7200s" ""
	ended "--ipvs-timeout-tcpfin" 2 "~ ipvs timeout tcpfin 120s -> 86400s" ""
	ended "EZLB_IPVS_TIMEOUT_UDP" 2 "~ ipvs timeout udp 300s -> 30s" ""
	ez "${plan[@]}" --sync-id 9
	equal "by default no sync daemon runs" "" "$(grep sync <<<"$out" || true)"
	ez_env EZLB_SYNC_ID=255 -- "${plan[@]}" --sync-interface eth1
	ended "--sync-interface, EZLB_SYNC_ID" 2 "+ ipvs sync daemon master on eth1, id 255" ""
	ez_env EZLB_SYNC_INTERFACE=eth2 -- "${plan[@]}"
	ended "EZLB_SYNC_INTERFACE" 2 "+ ipvs sync daemon backup on eth2, id 1" ""
}

config_dirs() {
	ez_env EZLB_CONFIG_DIR="$WORK/good" -- check
	ended "EZLB_CONFIG_DIR" 0 "1 file checked, 0 errors" ""
	ez_env EZLB_CONFIG_DIR="$WORK/good:$WORK/good2" -- check
	ended "EZLB_CONFIG_DIR with a colon" 0 "2 files checked, 0 errors" ""
	ez_env EZLB_CONFIG_DIR=":$WORK/good::$WORK/good2:" -- check
	ended "and with colons to spare" 0 "2 files checked, 0 errors" ""
	ez check --config-dir "$WORK/good" --config-dir="$WORK/good2"
	ended "--config-dir twice" 0 "2 files checked, 0 errors" ""
	ez_env EZLB_CONFIG_DIR="$WORK/bad:$WORK/good2" -- check --config-dir "$WORK/good"
	ended "--config-dir replaces EZLB_CONFIG_DIR" 0 "1 file checked, 0 errors" ""
	ez_env EZLB_CONFIG_DIR="$WORK/bad" -- check "$WORK/good"
	ended "and so does an argument" 0 "1 file checked, 0 errors" ""
}

# A file's name, its values and an argument can hold what a terminal obeys.
hostile_names() {
	local esc=$'\e[31m' bidi=$'\u202e' dir=$WORK/hostile
	mkdir "$dir"
	service "$dir/a$esc"$'\xff.yaml' 10.0.0.1:80
	printf 'listen: "%s\\e"\n' "$bidi" >"$dir/b.yaml"
	ez check "$dir"
	ended "check of a hostile file name" 1 "$dir/a?[31m?.yaml:1:1: error[E013]" ""
	ended "and of a hostile value" 1 $'\n    1 | listen: "?' ""
	ez plan --dataplane memory --config-dir "$dir" --state-dir "$WORK/hostile-state"
	ended "the errors of plan" 1 "refused files" "$dir/a?[31m?.yaml:1:1: error[E013]"
	case $out$err in
	*$'\e'* | *$bidi* | *$'\xff'*) fail "plan has no control characters" "$out$err" ;;
	*) pass "plan has no control characters" ;;
	esac
	ez check "$WORK/$esc$bidi"
	ended "an error that names an argument" 1 "" "ezlb: cannot read $WORK/?[31m?: "
}

check_statuses() {
	ez check "$WORK/good/web.yaml" "$WORK/good2"
	ended "check of a sound file and directory" 0 "2 files checked, 0 errors" ""
	ez check "$WORK/bad"
	ended "check of a bad file" 1 "$WORK/bad/web.yaml:1:9: error[E0" ""
	ended "and it counts" 1 "1 file checked, 1 error" ""
	mkdir -p "$WORK/slow"
	cat >"$WORK/slow/web.yaml" <<-END
		listen: 10.0.0.1:80
		health_check: {interval: 1s}
		backends: [{address: "10.1.0.1:80"}]
	END
	ez check "$WORK/slow"
	ended "check of a file with a warning" 0 "$WORK/slow/web.yaml:2:26: warning[E035]: health_check.timeout 3s is" ""
	ended "and it counts it" 0 "1 file checked, 0 errors, 1 warning" ""
	ez check "$WORK/absent.yaml"
	ended "check of what is not there" 1 "" "ezlb: cannot read $WORK/absent.yaml: "
	ez check --config-dir "$WORK/absent"
	ended "check of a directory that is not there" 1 "" "ezlb: cannot read $WORK/absent"
	ez check --nonsense "$WORK/good"
	ended "check with wrong usage" 2 "" "--nonsense"
}

plan_and_once_statuses() {
	local memory=(--dataplane memory --log-level error)
	ez plan "${memory[@]}" --config-dir "$WORK/good"
	ended "plan with changes pending" 2 "+ listener tcp 10.0.0.1:80" ""
	ez plan "${memory[@]}" --config-dir "$WORK/empty"
	ended "plan with nothing to do" 0 "No changes: the kernel is as the files say." ""
	ez plan "${memory[@]}" --config-dir "$WORK/bad"
	ended "plan with a bad file" 1 "the file is not applied" "ezlb: 1 error"
	ez once "${memory[@]}" --config-dir "$WORK/bad"
	ended "once with a bad file has not converged" 1 "the file is not applied" "error[E0"
	ez cleanup "${memory[@]}"
	ended "cleanup of nothing" 0 "" ""
	for command in run once plan host-setup; do
		ez "$command" "${memory[@]}" --config-dir "$WORK/absent"
		ended "$command without its directory" 1 "" "ezlb: cannot read the config directory $WORK/absent"
	done
}

host_setup() {
	local memory=(--dataplane memory --log-level error)
	mkdir "$WORK/mixed"
	full_nat "$WORK/mixed/a.yaml" 10.0.0.1
	ez host-setup "${memory[@]}" --config-dir "$WORK/mixed"
	ended "host-setup" 0 "host-set net.ipv4.ip_forward = 1 (was 0): done" ""
	equal "sets the host's settings and nothing else" "" "$(grep -v '^host-set ' <<<"$out" || true)"
	ez_env EZLB_HOST_SETUP=never -- host-setup "${memory[@]}" --config-dir "$WORK/mixed"
	ended "for all that EZLB_HOST_SETUP=never says" 0 "host-set net.ipv4.ip_forward = 1 (was 0): done" ""
	cp "$WORK/bad/web.yaml" "$WORK/mixed/b.yaml"
	ez host-setup "${memory[@]}" --config-dir "$WORK/mixed"
	ended "host-setup with a bad file tells, and does what the others need" 0 "host-set net.ipv4.ip_forward = 1 (was 0): done" "error[E0"
	ez host-setup "${memory[@]}" --config-dir "$WORK/empty"
	ended "host-setup with nothing to do" 0 "" ""
	ez host-setup "${memory[@]}" --config-dir "$WORK/absent" --best-effort
	ended "with --best-effort a failure is printed only" 0 "" "ezlb: cannot read the config directory $WORK/absent"
	ez host-setup --best-effort --config-dri "$WORK/absent"
	ended "but a wrong flag is an error" 2 "" "config-dri"
}

# This address is nobody's (RFC 5737), so that there is something to be found on every host.
doctor() {
	mkdir "$WORK/lost"
	service "$WORK/lost/web.yaml" 203.0.113.77:80
	ez doctor --config-dir "$WORK/lost"
	ended "doctor that finds something" 1 "web: 203.0.113.77 is not a local address" ""
	equal "begins with that" "fail  vip-local        web: 203.0.113.77 is not a local address: " \
		"$(head -n 1 <<<"$out" | grep -o '^fail .*address: ')"
	equal "has the command in the block to copy" "ip addr add 203.0.113.77/32 dev lo" \
		"$(sed '1,/^To fix this, run:$/d' <<<"$out" | grep '^ip ')"
	equal "and ends with a line that counts" 1 "$(tail -n 1 <<<"$out" | grep -cE '^[0-9]+ ok, [0-9]+ warn, [0-9]+ fail$')"
	ez doctor -o json --config-dir "$WORK/lost"
	ended "doctor -o json" 1 '"check": "vip-local"' ""
	equal "is JSON, and each finding has the same members" '["check","fix","level","service","services","text"]' \
		"$(jq -c 'map(keys) | unique | .[]' <<<"$out")"
	ez_env EZLB_OUTPUT=json -- doctor --config-dir "$WORK/lost"
	ended "EZLB_OUTPUT=json" 1 '"check": "vip-local"' ""
	ez_env EZLB_OUTPUT=json -- doctor -o text --config-dir "$WORK/lost"
	ended "-o text wins over it" 1 "web: 203.0.113.77 is not a local address" ""
	ez doctor --config-dir "$WORK/bad"
	ended "doctor tells of a bad file" 1 "$WORK/bad/web.yaml:1:9: error[E0" ""
	ez doctor --config-dir "$WORK/absent"
	ended "doctor without its directory" 1 "" "ezlb: cannot read the config directory $WORK/absent"
}

# The program is copied to where an ordinary user can reach it.
ordinary_user() {
	local user=()
	[[ $EUID -ne 0 ]] || user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	chmod 755 "$WORK"
	install -m 755 "$EZLB" "$WORK/ezlb"
	daemon "${user[@]}" "$WORK/ezlb" run --dataplane memory --config-dir "$WORK/good"
	daemon_says "an ordinary user can try it out" "ops=2 failed=0"
	daemon_says "and is told that it is not the kernel" \
		"level=warn pkg=controller msg=\"nothing is programmed: --dataplane memory"
	succeeds "and can check files" "${user[@]}" "$WORK/ezlb" check "$WORK/good"
	status=0
	out=$("${user[@]}" "$WORK/ezlb" doctor --config-dir "$WORK/good" 2>"$WORK/err") || status=$?
	err=$(<"$WORK/err")
	ended "but not change the kernel, as doctor tells" 1 "CAP_NET_ADMIN is missing" ""
}

json() {
	local lines parsed
	daemon "$EZLB" run --dataplane memory --config-dir "$WORK/bad" --config-dir "$WORK/good2" \
		--log-format json --log-level debug
	lines=$(wc -l <"$WORK/err")
	parsed=$(jq -r 'select((.ts | fromdateiso8601? // true) and .level and .pkg) | .level' "$WORK/err" | wc -l)
	equal "each line of the JSON log is an object with ts, level and pkg" "$lines" "$parsed"
	equal "a diagnostic is one of them" "1" \
		"$(jq -r 'select(.level == "error" and (.msg | contains("error[E0"))) | .pkg' "$WORK/err" | grep -cx config)"
	equal "numbers are numbers" "number" \
		"$(jq -r 'select(.msg == "applied changes to the kernel") | .ops | type' "$WORK/err" | head -n 1)"
}

need_ezlb
need jq jq
need setpriv util-linux
mkdir "$WORK/good" "$WORK/good2" "$WORK/bad" "$WORK/empty" "$WORK/snat"
service "$WORK/good/web.yaml" 10.0.0.1:80
service "$WORK/good2/api.yaml" 10.0.0.2:80
full_nat "$WORK/snat/a.yaml" 10.0.0.1
full_nat "$WORK/snat/b.yaml" 10.0.0.2
service "$WORK/bad/web.yaml" '"10.0.0.1:port with \"quotes\" and ü"'

usage
flags_of_commands
meant
wrong_usage
wrong_variables
usage_of_arguments
nobody_answers
connections_refused
run_flags
once_flags
in_memory
snat_backends
around_the_services
config_dirs
hostile_names
check_statuses
plan_and_once_statuses
host_setup
doctor
json
ordinary_user
finish
