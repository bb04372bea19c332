# shellcheck shell=bash
# systemd as the first process of the load balancer lb, for cases that install the package: sourced after lib.sh.
# It has a root directory of its own, an overlay over the real one. So a case can install, change and remove
# whatever it likes; nothing of it outlives the case.

SD_ROOT=$WORK/root
SD_UPPER=$WORK/upper # what differs from the real root directory

# What scripts/lab has made for cases that need it: the package, and the same as a later version.
# shellcheck disable=SC2034 # they are for the cases
PACKAGE=$LAB_REPO/build/package/lab/ezlb.deb PACKAGE_NEXT=$LAB_REPO/build/package/lab/next.deb

# sd_up: makes the root directory, boots systemd in it, and waits until it is done.
sd_up() {
	sd_root
	sd_trim
	sd_boot
}

# The upper directory is on the case's own /run, a tmpfs.
sd_root() {
	local dir device
	mkdir -p "$SD_ROOT" "$SD_UPPER" "$WORK/scratch"
	mount -t overlay -o "lowerdir=/,upperdir=$SD_UPPER,workdir=$WORK/scratch" overlay "$SD_ROOT"
	mkdir -p "$SD_ROOT"/{proc,sys,dev,run,tmp,lib/modules} "$SD_ROOT$LAB_REPO"
	for dir in dev run tmp; do
		mount -t tmpfs -o mode=755 tmpfs "$SD_ROOT/$dir"
	done
	mkdir "$SD_ROOT"/dev/{pts,shm}
	chmod 1777 "$SD_ROOT"/{tmp,dev/shm}
	ln -s /proc/self/fd "$SD_ROOT/dev/fd"
	ln -s pts/ptmx "$SD_ROOT/dev/ptmx" # PrivateDevices wants it
	for device in null zero full random urandom tty; do
		: >"$SD_ROOT/dev/$device"
		mount --bind "/dev/$device" "$SD_ROOT/dev/$device"
	done
	mount --rbind /lib/modules "$SD_ROOT/lib/modules"
	# The repository may be below /run or /tmp, or a mount of its own.
	mkdir -p "$SD_ROOT$LAB_REPO"
	mount --rbind "$LAB_REPO" "$SD_ROOT$LAB_REPO"
}

# Only what this needs of a real boot, and of a container image what would make dpkg behave differently there.
sd_trim() {
	local units=lib/systemd/system
	(
		cd "$SD_ROOT" || exit
		rm -rf $units/{sysinit,local-fs,multi-user,timers,graphical,sockets,remote-fs}.target.wants \
			etc/systemd/system/*.wants usr/sbin/policy-rc.d etc/dpkg/dpkg.cfg.d/* \
			{usr/lib,etc}/systemd/system-generators/*
		mkdir -p $units/sockets.target.wants
		ln -s ../systemd-journald.socket ../systemd-journald-dev-log.socket $units/sockets.target.wants/
		: >etc/fstab
		: >var/lib/dpkg/triggers/File # no index of all manual pages
		sd_dependencies >var/lib/dpkg/status
		printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' >etc/systemd/journald.conf
		echo 0123456789abcdef0123456789abcdef >etc/machine-id
	)
}

# What dpkg knows of is what the package depends on: reading the lists of all packages takes 10 s in the guest.
sd_dependencies() {
	awk -v wanted="$(dpkg-deb -f "$PACKAGE" Depends)" -v RS= -v ORS='\n\n' '
		BEGIN { n = split(wanted, names, /[ ,]+/); for (i = 1; i <= n; i++) want[names[i]] }
		{ split($0, line, "\n"); name = line[1]; sub(/^Package: /, "", name); if (name in want) print }' \
		/var/lib/dpkg/status
}

# A cgroup and a PID namespace of its own. unshare -p makes it their first process.
sd_boot() {
	mkdir -p "$WORK/cgroup"
	mountpoint -q "$WORK/cgroup" || mount -t cgroup2 cgroup2 "$WORK/cgroup"
	mkdir -p "$WORK/cgroup/ezlb-lab"
	# shellcheck disable=SC2016
	"$LABTOOL" in lb bash -c '
		echo $$ >"$2/cgroup.procs"
		exec unshare --cgroup --pid --fork --kill-child=KILL --mount --propagation private bash -c "
			mount -t proc proc \"$1/proc\"
			mount -t sysfs sysfs \"$1/sys\"
			mount -t cgroup2 cgroup2 \"$1/sys/fs/cgroup\"
			cd \"$1\"
			mkdir run/old
			pivot_root . run/old
			umount -l /run/old
			rmdir /run/old
			exec env -i PATH=/usr/sbin:/usr/bin container=lab \
				/lib/systemd/systemd --unit=multi-user.target --show-status=no"
	' sd_boot "$SD_ROOT" "$WORK/cgroup/ezlb-lab" >"$WORK/systemd.log" 2>&1 &
	SD_JOB=$!
	eventually 10 "systemd is there" sd_find
	eventually 60 "systemd has booted" sd_booted
}

# The process number of systemd, seen from the case, goes to $WORK/systemd.pid.
sd_find() {
	local pid
	read -r pid < <(pgrep -P "$SD_JOB") && [[ $(<"/proc/$pid/comm") == systemd ]] && echo "$pid" >"$WORK/systemd.pid"
}

# sd_down: the power is off. /run is empty after it.
sd_down() {
	kill -KILL "$(<"$WORK/systemd.pid")"
	wait "$SD_JOB" || :
	rm "$WORK/systemd.pid"
	umount -R "$SD_ROOT/run"
	mount -t tmpfs -o mode=755 tmpfs "$SD_ROOT/run"
}

sd_booted() {
	[[ $(sd systemctl is-system-running) == @(running|degraded) ]]
}

# sd COMMAND...: runs it there.
sd() {
	nsenter --target "$(<"$WORK/systemd.pid")" --all --root --wd=/ env -i \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 SYSTEMD_PAGER= "$@"
}

# sd_is PROPERTY VALUE: systemd says so of ezlb.service.
sd_is() {
	[[ $(sd systemctl show -P "$1" ezlb.service) == "$2" ]]
}

# sd_journal: what ezlb has logged, and systemd about it.
sd_journal() {
	sd journalctl -q -o cat -u ezlb.service --no-pager
}

# sd_logs PATTERN: ezlb has logged such a line.
sd_logs() {
	[[ $(sd_journal) == *$1* ]]
}

# The dump after a failure shows $EZLB_LOG.
trap 'sd_left >"$EZLB_LOG" 2>&1 || :' EXIT
sd_left() {
	cat "$WORK/systemd.log"
	[[ ! -s $WORK/systemd.pid ]] || sd_journal
}

package_version() {
	dpkg-deb -f "$PACKAGE" Version
}

# document HEADING [LINES]: runs there the commands of this section of docs/install-systemd.md, as the reader would, in
# /tmp. LINES is a pattern for sed, for some of them only. What they say is in $WORK/document.log.
document() {
	local commands
	commands=$(awk -v heading="## $1" '/^## / { on = $0 == heading } /^```/ { code = on && $0 == "```sh"; next } code' \
		"$LAB_REPO/docs/install-systemd.md" | sed -n "${2:-p}")
	[[ -n $commands ]] || fail "docs/install-systemd.md has no commands in '$1'"
	echo "\$ $commands" >>"$WORK/document.log"
	# shellcheck disable=SC2016 # the shell there expands it
	sd bash -e -c 'cd /tmp; eval "$1"' document "$commands" >>"$WORK/document.log" 2>&1 ||
		fail "a command of '$1': $(tail -n 20 "$WORK/document.log")"
}

# The packages are in /tmp there, and apt is dpkg: apt would look for what else the host's packages need.
packages_up() {
	cp "$PACKAGE" "$SD_ROOT/tmp/ezlb_$(package_version)_amd64.deb"
	cp "$PACKAGE_NEXT" "$SD_ROOT/tmp/ezlb_0.2.0_amd64.deb"
	mkdir -p "$SD_ROOT/usr/local/bin"
	cat >"$SD_ROOT/usr/local/bin/apt" <<-'END'
		#!/bin/sh
		for last; do :; done
		case $1 in
		install) exec dpkg --force-unsafe-io -i "$last" ;;
		remove) exec dpkg -r "$last" ;;
		purge) exec dpkg -P "$last" ;;
		esac
	END
	chmod 755 "$SD_ROOT/usr/local/bin/apt"
}
