#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The unit that cmake --install makes loads in systemd without a remark, and says what a load balancer needs:
# rules that outlive a restart, a watchdog, and hardening that does not keep ezlb from its work. The rest of what
# is installed is where it belongs, with any prefix, and the packages say the same version as CMake.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"

cd "$REPO"
unit=$WORK/root/opt/ezlb/lib/systemd/system/ezlb.service

# install_to PREFIX [COMPONENT]: below $WORK/root.
install_to() {
	local build
	build=$(dirname "$(dirname "$EZLB")")
	[[ -e $build/cmake_install.cmake ]] || build=$REPO/build
	DESTDIR=$WORK/root cmake --install "$build" --prefix "$1"
}

# systemd-analyze reads a unit without a running systemd, but wants its programs to exist. It exits
# 0 even where it ignored a key, so only silence counts.
verify() {
	local name
	for name in ezlb ezlb-toa; do
		sed "s|/opt/ezlb/sbin|$(dirname "$EZLB")|" "${unit%/*}/$name.service" >"$WORK/$name.service"
		systemd-analyze verify --man=no "$WORK/$name.service" 2>&1 || echo "exit status $?"
	done
}

# The same with drain.conf as a drop-in, as it is and with its ExecStop. What systemd makes of it comes first.
verify_drain() {
	local dir=$WORK/ezlb.service.d
	mkdir -p "$dir"
	sed "$1" "$WORK/root/opt/ezlb/share/doc/ezlb/deploy/systemd/drain.conf" >"$dir/drain.conf"
	sed -n 's/^\(Environment\|TimeoutStopSec\|ExecStop\)=//p' "$dir/drain.conf"
	verify
}

# The places of what is installed, without the documents themselves.
installed() {
	(cd "$WORK/root" && find . -type f ! -path '*/share/*' -printf '/%P\n' | sort)
}

# What the unit loads before it starts, and what is loaded at boot.
modules_of_unit() {
	sed -n 's/^ExecStartPre=.*modprobe -a //p' "$unit"
}

modules_at_boot() {
	sed '/^#/d' "$WORK/root/opt/ezlb/lib/modules-load.d/ezlb.conf" | xargs
}

# The user as systemd makes it on a new system.
asked_user() {
	local root=$WORK/system
	mkdir -p "$root/etc"
	systemd-sysusers --root="$root" "$WORK/root/opt/ezlb/lib/sysusers.d/ezlb.conf" >"$WORK/sysusers" 2>&1 || cat "$WORK/sysusers"
	awk -F : '{ print $1 ($3 > 0 && $3 < 1000 && $3 == $4 ? " of its own, not root" : " " $0) }' "$root/etc/passwd"
}

# What debian/control needs to build, without what every build of a package has, and the list of scripts/deps.
build_depends() {
	sed -n '/^Build-Depends:/,/^$/p' debian/control | sed -nE 's/^ ([a-z0-9-]+)( [(]>=.*)?,$/\1/p' | sort
}

packages_to_build() {
	sed -n '/^build=($/,/^)$/p' scripts/deps | sed '1d;$d;s/#.*//' | xargs -n 1 | grep -vxE 'gcc|libc6-dev|make' | sort
}

# What a purge leaves where one of the directories is a mount point.
purged() {
	local root=$WORK/purged user=()
	unshare --mount true 2>/dev/null || user=(--map-root-user)
	mkdir -p "$root"/{etc/ezlb,var/lib/ezlb,run/ezlb/lastgood}
	sed -E "s#/(etc|var/lib|run)/ezlb#$root&#g" debian/ezlb.postrm >"$WORK/postrm"
	# shellcheck disable=SC2016 # the other shell expands it
	unshare "${user[@]}" --mount sh -ec 'mount -t tmpfs tmpfs "$1/var/lib/ezlb"; touch "$1/var/lib/ezlb/lock"
		sh "$2" purge 2>/dev/null
		cd "$1" && find . -path "*ezlb*"' sh "$root" "$WORK/postrm" || echo "exit status $?"
}

# key_is KEY WANT
key_is() {
	equal "$1=$2" "$2" "$(sed -n "s/^$1=//p" "$unit")"
}

# In seconds, as systemd itself reads it.
seconds() {
	systemd-analyze timespan "$(sed -n "s/^$1=//p" "$unit")" | awk '/μs:/ { print $2 / 1000000 }'
}

need systemd-analyze systemd
need_ezlb
succeeds "cmake --install with a prefix" install_to /opt/ezlb
equal "what is installed" "/etc/default/ezlb-toa
/etc/ezlb/services.d/web.yaml.example
/opt/ezlb/lib/modules-load.d/ezlb.conf
/opt/ezlb/lib/systemd/system/ezlb-toa.service
/opt/ezlb/lib/systemd/system/ezlb.service
/opt/ezlb/lib/sysusers.d/ezlb.conf
/opt/ezlb/sbin/ezlb
/opt/ezlb/sbin/ezlb-toa" "$(installed)"
equal "nothing is left to replace" "" "$(grep -n '@[A-Z]' "$unit" "${unit%/*}/ezlb-toa.service" || :)"
equal "the user that it asks for" "ezlb of its own, not root" "$(asked_user)"
succeeds "the schema is installed" test -s "$WORK/root/opt/ezlb/share/doc/ezlb/docs/service-file.schema.json"
equal "the document that the unit names is installed" "$WORK/root/opt/ezlb/share/doc/ezlb/README.md" \
	"$(ls "$WORK/root$(sed -n 's/^Documentation=file://p' "$unit")")"
cp "$WORK/root/etc/ezlb/services.d/web.yaml.example" "$WORK/web.yaml"
succeeds "the example is a good service file" "$EZLB" check "$WORK/web.yaml"
equal "systemd-analyze verify has nothing to say" "" "$(verify)"
equal "it has nothing to say of the drop-in for a drain" "EZLB_DRAIN_ON_EXIT=60s
75" "$(verify_drain '')"
equal "nor of the other way to drain" "75
-$EZLB drain --until-exit --wait 60s" "$(verify_drain "/^Environment=/d; s|^#\(ExecStop=-\)/usr/sbin/ezlb|\1$EZLB|")"
rm -r "$WORK/ezlb.service.d"
# ezlb asks systemd for more time itself. With a command in ExecStop nobody does.
succeeds "systemd waits longer than ezlb" test "$(sed -n 's/^TimeoutStopSec=//p' deploy/systemd/drain.conf)" -gt 60
succeeds "ezlb takes the variable" env EZLB_DRAIN_ON_EXIT=60s "$EZLB" run --help
# Of 100. Whoever opens more has to say so here. bpf(), for client_address: toa, counts for 2; CAP_SETUID, CAP_SETGID and
# their system calls, with which ezlb gives up more at its start, for 2.
succeeds "systemd-analyze security finds no more exposure than 28" \
	systemd-analyze security --offline=true --threshold=28 --no-pager "$unit"

key_is Type notify
# The end of the worker is not that of the service.
key_is OOMPolicy continue
key_is NotifyAccess main
# Longer than the default of --empty-hold-down, for which the first pass may wait.
equal "TimeoutStartSec is 2 min" 120 "$(seconds TimeoutStartSec)"
# Half of it is how long a pass may hold the loop.
equal "WatchdogSec is 1 min" 60 "$(seconds WatchdogSec)"
key_is ExecStartPre '-+/sbin/modprobe -a ip_vs nf_tables ip_tables ip6_tables
-+/bin/touch /run/xtables.lock
-+/bin/sh -c '"'[ \"\$\$EZLB_HOST_SETUP\" = never ] || exec /opt/ezlb/sbin/ezlb host-setup --best-effort'"
equal "the same modules at boot" "$(modules_of_unit)" "$(modules_at_boot)"
key_is ExecStart '/opt/ezlb/sbin/ezlb run --cleanup-on-exit=false'
# HUP reads the files. That it has begun and is over the program tells by itself.
# shellcheck disable=SC2016 # systemd's variable
key_is ExecReload '/bin/kill -HUP $MAINPID'
key_is Restart on-failure
key_is RuntimeDirectory ezlb
key_is RuntimeDirectoryPreserve yes
key_is StateDirectory ezlb
key_is StateDirectoryMode 0700
key_is ConfigurationDirectory ezlb/services.d
key_is CapabilityBoundingSet 'CAP_NET_ADMIN CAP_NET_RAW CAP_DAC_READ_SEARCH CAP_SETUID CAP_SETGID'
# The lock of iptables is outside of what "strict" leaves.
key_is ProtectSystem strict
key_is ReadWritePaths -/run/xtables.lock
# "yes" would make the sysctls read-only, and "invisible" hide who disturbs ezlb.
key_is ProtectProc default
key_is ProtectKernelTunables no
key_is RestrictAddressFamilies 'AF_UNIX AF_INET AF_INET6 AF_NETLINK'
key_is SystemCallFilter '@system-service
~@privileged @resources
bpf
@setuid capset seccomp'
key_is WantedBy multi-user.target

unit=${unit%/*}/ezlb-toa.service
succeeds "systemd-analyze security finds no more exposure of ezlb-toa than 57" \
	systemd-analyze security --offline=true --threshold=57 --no-pager "$unit"
key_is Type oneshot
key_is RemainAfterExit yes
key_is EnvironmentFile -/etc/default/ezlb-toa
# A reload has no gap.
key_is ExecStart '/opt/ezlb/sbin/ezlb-toa attach'
key_is ExecReload '/opt/ezlb/sbin/ezlb-toa attach'
key_is ExecStop '/opt/ezlb/sbin/ezlb-toa detach'
for variable in EZLB_TOA_FROM EZLB_TOA_CGROUP; do
	succeeds "/etc/default/ezlb-toa has $variable" grep -q "^#$variable=" "$WORK/root/etc/default/ezlb-toa"
done

version=$("$EZLB" version | awk 'NR == 1 { print $2 }')
equal "debian/changelog has CMake's version" "$version" "$(dpkg-parsechangelog -S Version)"
equal "the rpm has it, too" "$version" "$(sed -n 's/^Version: *//p' packaging/rpm/ezlb.spec)"
equal "debian/control needs what scripts/deps build installs" "$(packages_to_build)" \
	"$(build_depends | grep -vx debhelper-compat)"
equal "a purge empties a mount point and removes the other directories" ./var/lib/ezlb "$(purged)"
finish
