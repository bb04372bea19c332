# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of ezlb for bash. Made by cmd/manual from the tables of ezlb: `ninja manuals`. Do not edit.

# The services of a running ezlb; nothing where none answers.
_ezlb_services() {
	local i dir=()
	for ((i = 2; i < COMP_CWORD - 1; i++)); do
		[[ ${COMP_WORDS[i]} != --state-dir ]] || dir=(--state-dir "${COMP_WORDS[i + 1]#=}")
		[[ ${COMP_WORDS[i]} != --state-dir || ${COMP_WORDS[i + 1]} != = ]] || dir=(--state-dir "${COMP_WORDS[i + 2]}")
	done
	timeout 2 "${COMP_WORDS[0]}" status "${dir[@]}" -o json 2>/dev/null |
		grep -o '"name":"[a-z0-9-]*","state"' | cut -d '"' -f 4
}

_ezlb_commands() {
	echo run once check import schema plan host-setup doctor status events who connections probe log-level reload drain undrain cleanup version
}

_ezlb_flags() { # COMMAND
	case $1 in
	run) echo --config-dir --state-dir --persist-dir --dataplane --probe --snat-backend --adopt --firewall --host-setup --vip-device --vip-when --vip-hold --vip-guard --ipvs-timeout-tcp --ipvs-timeout-tcpfin --ipvs-timeout-udp --sync-interface --sync-id --cleanup-on-exit --drain-on-exit --empty-hold-down --admin-address --traffic-interval --connection-log --sandbox --log-level --log-format --help ;;
	once) echo --config-dir --state-dir --persist-dir --dataplane --probe --snat-backend --adopt --firewall --host-setup --vip-device --vip-when --vip-guard --ipvs-timeout-tcp --ipvs-timeout-tcpfin --ipvs-timeout-udp --sync-interface --sync-id --log-level --log-format --output --color --help ;;
	check) echo --config-dir --snat-backend --format --strict --allow-empty --configmap --help ;;
	import) echo --from --output-dir --help ;;
	schema) echo --help ;;
	plan) echo --config-dir --state-dir --persist-dir --dataplane --probe --snat-backend --adopt --firewall --host-setup --vip-device --vip-when --vip-guard --ipvs-timeout-tcp --ipvs-timeout-tcpfin --ipvs-timeout-udp --sync-interface --sync-id --log-level --log-format --output --color --help ;;
	host-setup) echo --config-dir --state-dir --persist-dir --dataplane --snat-backend --vip-device --log-level --log-format --best-effort --help ;;
	doctor) echo --config-dir --snat-backend --firewall --vip-device --vip-when --vip-guard --sync-interface --sync-id --output --help ;;
	status) echo --state-dir --output --color --watch --help ;;
	events) echo --state-dir --output --color --follow --help ;;
	who) echo --config-dir --state-dir --persist-dir --output --help ;;
	connections) echo --config-dir --state-dir --persist-dir --output --follow --sort --limit --help ;;
	probe) echo --state-dir --help ;;
	log-level) echo --state-dir --help ;;
	reload) echo --state-dir --help ;;
	drain) echo --state-dir --wait --until-exit --help ;;
	undrain) echo --state-dir --help ;;
	cleanup) echo --state-dir --persist-dir --dataplane --snat-backend --vip-device --log-level --log-format --help ;;
	version) echo --help ;;
	esac
}

# What follows a flag; nothing where the flag takes no value. An optional value needs the '='.
_ezlb_value() { # FLAG JOINED
	case $1$2 in
	--config-dir | --config-diryes) echo 'DIR' ;;
	--state-dir | --state-diryes) echo 'DIR' ;;
	--persist-dir | --persist-diryes) echo 'DIR' ;;
	--dataplane | --dataplaneyes) echo 'kernel memory' ;;
	--probeyes) echo 'true false' ;;
	--snat-backend | --snat-backendyes) echo 'auto iptables nftables' ;;
	--adopt | --adoptyes) echo 'matching never' ;;
	--firewall | --firewallyes) echo 'auto never' ;;
	--host-setup | --host-setupyes) echo 'auto never' ;;
	--vip-device | --vip-deviceyes) echo ' ' ;;
	--vip-when | --vip-whenyes) echo 'always serving' ;;
	--vip-hold | --vip-holdyes) echo ' ' ;;
	--vip-guard | --vip-guardyes) echo 'auto never' ;;
	--ipvs-timeout-tcp | --ipvs-timeout-tcpyes) echo ' ' ;;
	--ipvs-timeout-tcpfin | --ipvs-timeout-tcpfinyes) echo ' ' ;;
	--ipvs-timeout-udp | --ipvs-timeout-udpyes) echo ' ' ;;
	--sync-interface | --sync-interfaceyes) echo ' ' ;;
	--sync-id | --sync-idyes) echo ' ' ;;
	--cleanup-on-exityes) echo 'true false' ;;
	--drain-on-exit | --drain-on-exityes) echo ' ' ;;
	--empty-hold-down | --empty-hold-downyes) echo ' ' ;;
	--admin-address | --admin-addressyes) echo ' ' ;;
	--traffic-interval | --traffic-intervalyes) echo ' ' ;;
	--connection-log | --connection-logyes) echo 'FILE' ;;
	--sandbox | --sandboxyes) echo 'auto off' ;;
	--log-level | --log-levelyes) echo 'error warn info debug' ;;
	--log-format | --log-formatyes) echo 'logfmt json' ;;
	--output | -o | --outputyes) echo 'text json' ;;
	--color | --coloryes) echo 'auto always never' ;;
	--from | --fromyes) echo 'go ipvsadm keepalived kubernetes' ;;
	--output-dir | --output-diryes) echo 'DIR' ;;
	--sort | --sortyes) echo 'age bytes' ;;
	--limit | --limityes) echo ' ' ;;
	--format | --formatyes) echo 'text json github sarif' ;;
	--configmap | --configmapyes) echo ' ' ;;
	--wait | --waityes) echo ' ' ;;
	esac
}

_ezlb_argument() { # COMMAND
	case $1 in
	check) echo 'FILE' ;;
	import) echo 'FILE' ;;
	status) echo 'SERVICE' ;;
	connections) echo 'SERVICE' ;;
	probe) echo 'ready live' ;;
	log-level) echo 'error warn info debug' ;;
	esac
}

_ezlb_complete() { # KIND-OR-WORDS
	case $1 in
	DIR) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	FILE) compopt -o filenames && mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	SERVICE) mapfile -t COMPREPLY < <(compgen -W "$(_ezlb_services)" -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur") ;;
	esac
}

_ezlb() {
	local cur=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]} joined=''
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_ezlb_complete "$(_ezlb_commands) help --help --version"
		return
	fi
	if [[ ${COMP_WORDS[1]} == help ]]; then
		_ezlb_complete "$(_ezlb_commands)"
		return
	fi
	if [[ $cur == = ]]; then # --flag=
		cur='' joined=yes
	elif [[ $flag == = ]]; then # --flag=value
		flag=${COMP_WORDS[COMP_CWORD - 2]} joined=yes
	fi
	if [[ -n $(_ezlb_value "$flag" "$joined") ]]; then
		_ezlb_complete "$(_ezlb_value "$flag" "$joined")"
	elif [[ $cur == -* ]]; then
		_ezlb_complete "$(_ezlb_flags "${COMP_WORDS[1]}")"
	else
		_ezlb_complete "$(_ezlb_argument "${COMP_WORDS[1]}")"
	fi
}
complete -F _ezlb ezlb
