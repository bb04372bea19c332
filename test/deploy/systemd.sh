#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deploy/systemd/ezlb.service loads in systemd without a remark, and says what a load balancer needs:
# rules that outlive a restart, a watchdog, and no hardening that would keep ezlb from its work.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"

unit=$REPO/deploy/systemd/ezlb.service

# systemd-analyze reads a unit without a running systemd, but wants its programs to exist. It exits
# 0 even where it ignored a key, so only silence counts.
verify() {
	sed "s|/usr/local/sbin/ezlb|$EZLB|" "$unit" >"$WORK/ezlb.service"
	systemd-analyze verify --man=no "$WORK/ezlb.service" 2>&1 || echo "exit status $?"
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
equal "systemd-analyze verify has nothing to say" "" "$(verify)"
# Of 100. Whoever opens more has to say so here.
succeeds "systemd-analyze security finds no more exposure than 52" \
	systemd-analyze security --offline=true --threshold=52 --no-pager "$unit"

key_is Type notify
key_is NotifyAccess main
# Longer than the default of --empty-hold-down, for which the first pass may wait.
equal "TimeoutStartSec is 2 min" 120 "$(seconds TimeoutStartSec)"
# Half of it is how long a pass may hold the loop.
equal "WatchdogSec is 1 min" 60 "$(seconds WatchdogSec)"
key_is ExecStartPre '-+/sbin/modprobe -a ip_vs nf_tables ip_tables ip6_tables'
key_is ExecStart '/usr/local/sbin/ezlb run --cleanup-on-exit=false'
# HUP reads the files. That it has begun and is over the program tells by itself.
# shellcheck disable=SC2016 # systemd's variable
key_is ExecReload '/bin/kill -HUP $MAINPID'
key_is Restart on-failure
key_is RuntimeDirectory ezlb
key_is RuntimeDirectoryPreserve yes
key_is StateDirectory ezlb
key_is StateDirectoryMode 0700
key_is ConfigurationDirectory ezlb/services.d
key_is CapabilityBoundingSet 'CAP_NET_ADMIN CAP_NET_RAW CAP_DAC_READ_SEARCH'
# "strict" would make /run/xtables.lock read-only, "yes" here the sysctls.
key_is ProtectSystem full
key_is ProtectKernelTunables no
key_is RestrictAddressFamilies 'AF_UNIX AF_INET AF_INET6 AF_NETLINK'
key_is WantedBy multi-user.target
finish
