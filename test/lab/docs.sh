#!/usr/bin/env bash
# takes: 60
# timeout: 500
# variants: nftables4
# The commands in README.md and docs are run: each block of sh and console, in the order of the documents, on a balancer
# with the services web, api and dns. A command that fails here fails for the reader. What cannot run here is in `cannot`,
# with the reason. test/deploy/samples.sh has what can be said of all of them without running them.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lib/docs.bash
. "$(dirname "$0")/../lib/docs.bash"

# Programs, and what runs them instead.
cannot=(
	'apt|apt-get|dpkg|dpkg-[a-z]*|debuild|rpm|rpmbuild|dnf' "the tests of the packages do that"
	'docker|podman|buildah|nerdctl' "the tests of the image do that"
	'kubectl|kustomize|helm' "there is no cluster; the tests of the manifests render and validate them"
	'scripts/[a-z]*|cmake|ninja|ctest|install|rpmlint|lintian' "it builds, installs or tests ezlb"
	'journalctl|systemd-analyze|systemctl (edit|status|cat|show)' "there is no systemd; the test of the unit has one"
	'ssh|scp|git' "there is no other host"
	'birdc?|vtysh|conntrackd|systemctl restart (bird|frr|conntrackd)|sysctl -p .*|nft -f deploy/.*' "bgp.sh, bgp_frr.sh and bgp_hard.sh do that"
	'firewall-cmd|ufw' "there is no such firewall"
)

# What is on the host of a reader: the files that the documents name, and a systemctl that starts and stops ezlb.
host_of_a_reader() {
	local dir
	for dir in /etc /root /var/lib; do # of the real host none of them changes
		mkdir -p "$WORK/over$dir/upper" "$WORK/over$dir/work"
		mount -t overlay -o "lowerdir=$dir,upperdir=$WORK/over$dir/upper,workdir=$WORK/over$dir/work" overlay "$dir"
	done
	mkdir -p /etc/ezlb/{services.d,candidate} /etc/systemd/system "$WORK"/{bin,here/build/bin}
	ln -s "$EZLB" "$WORK/bin/ezlb"
	ln -s "$EZLB-toa" "$WORK/bin/ezlb-toa"
	[[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
	ln -s "$EZLB" "$WORK/here/build/bin/ezlb"
	cp -r "$LAB_REPO"/{deploy,examples} "$WORK/here/"
	# What cmake --install has written.
	touch "$WORK/here/installed"
	echo "$WORK/here/installed" >"$WORK/here/build/install_manifest.txt"
	in_ns lb nft 'add table ip my; add chain ip my prerouting { type filter hook prerouting priority -150; }'
	sleep 600 & # stands for the checker of keepalived
	echo $! >/run/checkers.pid
}

files() {
	touch /etc/systemd/system/ezlb.service
	cat >"$WORK/here/web.yaml" <<-END
		listen: $VIP:80
		full_nat: true
		snat_ip: $SNAT_IP
		backends:
		  - address: ${BACKEND_IP[b1]}:80
		  - address: ${BACKEND_IP[b2]}:80
	END
	sed "s/:80$/:8080/; s/$VIP/$VIP2/" "$WORK/here/web.yaml" >/etc/ezlb/services.d/api.yaml
	sed "s/:80$/:53/; s/$VIP/$VIP2/; s/^full/protocol: udp\n&/" "$WORK/here/web.yaml" >/etc/ezlb/services.d/dns.yaml
	cp "$WORK/here/web.yaml" /etc/ezlb/services.d/
	cp "$WORK/here/web.yaml" /etc/ezlb/services.d/web.yaml.example
	cat >"$WORK/here/ezlb.yaml" <<-END
		services:
		  - name: web
		    listen: $VIP:80
		    backends:
		      - address: ${BACKEND_IP[b1]}:80
		        weight: 1
	END
	mkdir -p /etc/keepalived
	cat >/etc/keepalived/keepalived.conf <<-END
		virtual_server $VIP2 81 {
		    lb_algo rr
		    lb_kind NAT
		    protocol TCP
		    real_server ${BACKEND_IP[b1]} 80 {
		    }
		}
	END
	cp /etc/keepalived/keepalived.conf "$WORK/here/"
	cp /etc/ezlb/services.d/*.yaml /etc/ezlb/candidate/
	echo '    weight: 5' >>/etc/ezlb/candidate/web.yaml
}

# systemctl, as far as it concerns ezlb. With the settings that the documents name.
play_systemctl() {
	cat >"$WORK/bin/systemctl" <<-'END'
		#!/bin/bash
		set -euo pipefail
		stop() {
			[[ ! -e /run/daemon ]] || kill "$(cat /run/daemon)" 2>/dev/null || :
			while ezlb probe live >/dev/null 2>&1; do sleep 0.2; done
			rm -f /run/daemon
		}
		start() {
			export EZLB_ADMIN_ADDRESS=9106 EZLB_VIP_DEVICE=ezlb0
			ezlb run --cleanup-on-exit=false >>"$EZLB_LOG" 2>&1 &
			echo $! >/run/daemon
			for _ in {1..50}; do
				! ezlb probe ready >/dev/null 2>&1 || exit 0
				sleep 0.2
			done
			exit 1
		}
		case "$*" in
		'enable --now ezlb' | 'start ezlb' | 'restart ezlb') stop && start ;;
		'disable --now ezlb' | 'stop ezlb') stop ;;
		'reload ezlb') ezlb reload ;;
		'daemon-reload' | 'enable ezlb' | 'disable ezlb' | 'mask '* | 'disable '*) ;;
		*) echo "unknown to this test: systemctl $*" >&2 && exit 1 ;;
		esac
	END
	chmod +x "$WORK/bin/systemctl"
}

# What goes before each block. An address that is there already, changes in a plan, a grep that finds nothing, and a
# connection that has ended are no errors. What ends only by a signal gets one. Two ezlb do not change one kernel.
prelude() {
	cat >"$WORK/prelude" <<-'END'
		set -euo pipefail
		ip() {
			[[ "$1 $2" != 'addr add' ]] || command ip addr del "${@:3}" 2>/dev/null || :
			command ip "$@"
		}
		grep() { command grep "$@" || [[ $? -eq 1 ]]; }
		ezlb() {
			local status=0 limit=60
			case "$*" in
			run* | once* | host-setup* | cleanup*) systemctl stop ezlb ;;
			esac
			case "$*" in
			run* | 'events -f'* | *--watch*) limit=3 ;;
			esac
			timeout -s INT $limit "$WORK/bin/ezlb" "$@" || status=$?
			case "$1 $status" in
			'plan 2' | 'doctor 1' | 'who 1' | 'events 124' | 'status 124' | 'run 124') return 0 ;;
			esac
			return $status
		}
	END
}

# The commands of a block: of a console those after the prompt of the balancer, with lines that go on joined, and without
# those that cannot run here.
commands() {
	local pattern='' i
	for ((i = 0; i < ${#cannot[@]}; i += 2)); do
		pattern+="${pattern:+|}${cannot[i]}"
	done
	case $1 in
	*.console) sed -n 's/^[$#] //p' "$1" ;;
	*) cat "$1" ;;
	esac | sed -e ':a' -e '/\\$/{N;s/\\\n *//;ba' -e '}' | grep -vE "(^|[|&;] *)($pattern)( |\$)" || :
}

# A console that shows an error has it in its command: `ezlb check` of a file that is not here.
shows_error() {
	[[ $1 == *.console ]] && grep -qE '^ezlb: |error\[E' "$1"
}

asks_daemon() {
	grep -qE 'ezlb (status|events|probe|log-level|reload|drain|undrain)|admin.sock|ezlb0|:9106' <<<"$1"
}

run_block() {
	local text=$1 block=$2 status=0
	if asks_daemon "$text" && ! in_ns lb "$EZLB" probe live >/dev/null 2>&1; then
		in_ns lb "$WORK/bin/systemctl" start ezlb || fail "ezlb does not start: $(tail -n 5 "$EZLB_LOG")"
	fi
	{ cat "$WORK/prelude" && echo "$text"; } >"$WORK/script"
	# shellcheck disable=SC2016 # the other bash expands it
	in_ns lb timeout 60 bash -c 'cd "$WORK/here" && . "$WORK/script"' >"$WORK/said" 2>&1 </dev/null || status=$?
	[[ $status -eq 0 ]] || shows_error "$block" ||
		fail "${block##*/}: status $status of
$text
--- it says:
$(tail -n 20 "$WORK/said")
--- make it run, or add it to 'cannot' in test/lab/docs.sh with the reason"
}

LAB_LB_ADDRESSES=$SNAT_IP lab_up
for b in b1 b2 b3; do
	backend_start "$b"
done
host_of_a_reader
play_systemctl
prelude
export WORK EZLB_LOG
PATH=$WORK/bin:$PATH
ran=0
cd "$LAB_REPO"
for document in $(user_documents | grep -vE '_CN.md|CHANGELOG.md'); do
	rm -rf "$WORK/blocks"
	blocks 'sh|console' "$document"
	rm -f /etc/ezlb/*/*.yaml
	files
	for block in "$WORK"/blocks/*; do
		[[ -e $block ]] || continue
		text=$(commands "$block")
		[[ -n ${text//[[:space:]]/} ]] || continue
		run_block "$text" "$block"
		ran=$((ran + 1))
	done
done
echo "$ran blocks ran"
[[ $ran -ge 40 ]] || fail "only $ran blocks ran"
