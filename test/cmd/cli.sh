#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line: what each command takes and refuses, exit statuses, variables beside flags, and
# what a log collector or an ordinary user gets. Touches no kernel.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"

commands=(run once check plan cleanup version)
variables=(EZLB_CONFIG_DIR EZLB_STATE_DIR EZLB_DATAPLANE EZLB_SNAT_BACKEND EZLB_CLEANUP_ON_EXIT
	EZLB_LOG_LEVEL EZLB_LOG_FORMAT)
unset "${variables[@]}" # the caller's

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
		grep -q 'brought into line' "$WORK/err" && break
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
	local command
	ez
	ended "ezlb without a command" 2 "" "usage: ezlb COMMAND"
	for command in --help -h help; do
		ez "$command"
		ended "ezlb $command" 0 "usage: ezlb COMMAND" ""
	done
	for command in "${commands[@]}"; do
		ez --help
		ended "ezlb --help names $command" 0 "  $command " ""
		ez "$command" --help
		ended "ezlb $command --help" 0 "usage: ezlb $command " ""
		ended "and it lists the flags" 0 "--cleanup-on-exit=true|false" ""
		ez "$command" -h
		ended "ezlb $command -h" 0 "usage: ezlb $command " ""
	done
	ez version
	ended "ezlb version" 0 "ezlb $(sed -n 's/^project(ezlb VERSION \([0-9.]*\).*/\1/p' "$REPO/CMakeLists.txt")" ""
	ez --version
	ended "ezlb --version" 0 "ezlb " ""
}

wrong_usage() {
	local command flag
	refused "unknown command 'walk'" walk
	refused "unknown command ''" ""
	refused "unknown command '--nonsense'" --nonsense
	for command in "${commands[@]}"; do
		refused "unrecognized option '--nonsense'" "$command" --nonsense
		[[ $command == check ]] || refused "takes no arguments, got 'extra'" "$command" extra
	done
	for flag in --config-dir --state-dir --dataplane --snat-backend --adopt --empty-hold-down --log-level --log-format; do
		refused "$flag' requires an argument" plan "$flag"
	done
	refused "--config-dir=: expected DIR" plan --config-dir=
	refused "--state-dir=: expected DIR" plan --state-dir=
	refused "--dataplane=ebpf: expected kernel|memory" plan --dataplane=ebpf
	refused "--dataplane=Memory: expected kernel|memory" plan --dataplane Memory
	refused "--snat-backend=nft: expected auto|iptables|nftables" plan --snat-backend=nft
	refused "--snat-backend=: expected auto|iptables|nftables" run --snat-backend=
	refused "--adopt=always: expected matching|never" run --adopt=always
	refused "--empty-hold-down=10: expected DURATION" run --empty-hold-down=10
	refused "--log-level=loud: expected error|warn|info|debug" plan --log-level=loud
	refused "--log-format=xml: expected logfmt|json" plan --log-format=xml
	refused "--cleanup-on-exit=maybe: expected true|false" run --cleanup-on-exit=maybe
	refused "--cleanup-on-exit=: expected true|false" run --cleanup-on-exit=
	# A value behind a blank is an argument, not the flag's: better refused than taken for "true".
	refused "run takes no arguments, got 'false'" run --cleanup-on-exit false
	refused "'--help' doesn't allow an argument" run --help=yes
}

wrong_variables() {
	local setting
	for setting in EZLB_DATAPLANE=ebpf EZLB_SNAT_BACKEND=legacy EZLB_ADOPT=all EZLB_EMPTY_HOLD_DOWN=soon EZLB_LOG_LEVEL=loud EZLB_LOG_FORMAT=xml EZLB_CLEANUP_ON_EXIT=maybe; do
		ez_env "$setting" -- plan
		ended "$setting is refused" 2 "" "ezlb: $setting: expected "
	done
	ez_env EZLB_DATAPLANE= EZLB_SNAT_BACKEND= EZLB_LOG_LEVEL= EZLB_LOG_FORMAT= EZLB_CLEANUP_ON_EXIT= EZLB_STATE_DIR= \
		EZLB_CONFIG_DIR= -- check "$WORK/good"
	ended "an empty variable is as none" 0 "1 file checked, 0 errors" ""
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
	ended "EZLB_DATAPLANE=memory" 0 "service-add " "IN-MEMORY DATA PLANE"
	ez_env EZLB_DATAPLANE=kernel -- "${once[@]}" --dataplane=memory
	ended "--dataplane=memory wins over EZLB_DATAPLANE" 0 "service-add " "IN-MEMORY DATA PLANE"
	once+=(--dataplane memory)
	ez_env EZLB_LOG_LEVEL=error -- "${once[@]}"
	ended "EZLB_LOG_LEVEL=error" 0 "service-add " ""
	ez_env EZLB_LOG_LEVEL=error -- "${once[@]}" --log-level warn
	ended "--log-level wins over it" 0 "service-add " "level=warn "
	ez_env EZLB_LOG_FORMAT=json -- "${once[@]}"
	ended "EZLB_LOG_FORMAT=json" 0 "service-add " '"level":"warn"'
	ez_env EZLB_LOG_FORMAT=json -- "${once[@]}" --log-format=logfmt
	ended "--log-format wins over it" 0 "service-add " "level=warn "
}

# Rules of nftables tell two services apart that share a backend, those of iptables do not.
snat_backends() {
	local memory=(--dataplane memory --log-level error --config-dir "$WORK/snat")
	ez plan "${memory[@]}" --snat-backend nftables
	ended "--snat-backend nftables" 2 "snat-add tcp 10.0.0.2:80 snat to 10.0.0.2" ""
	ez plan "${memory[@]}" --snat-backend iptables
	ended "--snat-backend iptables" 1 "snat-add tcp 10.1.0.1:80 snat to 10.0.0.1" "error[E032]"
	ez_env EZLB_SNAT_BACKEND=nftables -- plan "${memory[@]}"
	ended "EZLB_SNAT_BACKEND=nftables" 2 "snat-add tcp 10.0.0.2:80 snat to 10.0.0.2" ""
	ez_env EZLB_SNAT_BACKEND=iptables -- plan "${memory[@]}" --snat-backend=nftables
	ended "--snat-backend=nftables wins over EZLB_SNAT_BACKEND" 2 "snat-add tcp 10.0.0.2:80" ""
	ez check "$WORK/snat"
	ended "check does not know which it will be" 0 "2 files checked, 0 errors" ""
	ez check --snat-backend iptables "$WORK/snat"
	ended "unless it is told" 1 "error[E032]: backend 10.1.0.1:80 has another source NAT already" ""
	ez check --snat-backend nftables "$WORK/snat"
	ended "and with nftables there is no error" 0 "2 files checked, 0 errors" ""
	daemon "$EZLB" run "${memory[@]}" --log-level info --snat-backend nftables
	daemon_says "the daemon tells which it is" 'msg="snat backend" backend=nftables why='
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

check_statuses() {
	ez check "$WORK/good/web.yaml" "$WORK/good2"
	ended "check of a sound file and directory" 0 "2 files checked, 0 errors" ""
	ez check "$WORK/bad"
	ended "check of a bad file" 1 "$WORK/bad/web.yaml:1:9: error[E0" ""
	ended "and it counts" 1 "1 file checked, 1 error" ""
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
	ended "plan with changes pending" 2 "service-add tcp 10.0.0.1:80" ""
	ez plan "${memory[@]}" --config-dir "$WORK/empty"
	ended "plan with nothing to do" 0 "" ""
	ez plan "${memory[@]}" --config-dir "$WORK/bad"
	ended "plan with a bad file" 1 "" "ezlb: 1 error"
	ez once "${memory[@]}" --config-dir "$WORK/bad"
	ended "once with a bad file has not converged" 1 "" "error[E0"
	ez cleanup "${memory[@]}"
	ended "cleanup of nothing" 0 "" ""
	for command in run once plan; do
		ez "$command" "${memory[@]}" --config-dir "$WORK/absent"
		ended "$command without its directory" 1 "" "ezlb: cannot read the config directory $WORK/absent"
	done
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
		"level=warn pkg=controller msg=\"IN-MEMORY DATA PLANE: the kernel is not touched and no traffic is balanced"
	succeeds "and can check files" "${user[@]}" "$WORK/ezlb" check "$WORK/good"
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
		"$(jq -r 'select(.msg == "the kernel is brought into line") | .ops | type' "$WORK/err" | head -n 1)"
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
wrong_usage
wrong_variables
run_flags
once_flags
snat_backends
config_dirs
check_statuses
plan_and_once_statuses
json
ordinary_user
finish
