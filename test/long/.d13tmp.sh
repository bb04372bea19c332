#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian 13: ezlb compiles there without a warning and passes its unit tests. With its libraries the sandbox refuses no
# system call, and the main lab cases are green, with its kernel, too. The chroot is kept in .cache/debian13.
# shellcheck disable=SC2317 # succeeds calls most functions
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"

suite=trixie
root=$REPO/.cache/debian13
# What a service needs from start to end, with both kinds of source NAT and both families.
cases='fullnat|health|configmap|differential|drain|drift|exit|firewall|forwarding|kinds|listeners|repair|sandbox|sources|state|vip'
cases+='|vipguard|worker'
# The guest and this machine start the programs of the chroot outside of it: their loader and libraries are
# those of the chroot all the same, by paths that are good inside, too.
loader=-Wl,--dynamic-linker=$root/lib64/ld-linux-x86-64.so.2
libraries=-Wl,-rpath,$root/usr/lib/x86_64-linux-gnu,--disable-new-dtags

# The packages of `scripts/deps build`, and what the unit tests need.
packages() {
	sed -n '/^build=($/,/^)$/p' "$REPO/scripts/deps" | sed '1d;$d;s/#.*//' | xargs
	echo libcmocka-dev ca-certificates iproute2 openssl procps
}

# shellcheck disable=SC2046 # words are meant
install_debian() {
	[[ ! -e $root/usr/bin/gcc ]] || return 0
	rm -rf "$root"
	debootstrap --variant=minbase "$suite" "$root" "$("$REPO/scripts/mirror")" &&
		chroot "$root" apt-get -q update &&
		chroot "$root" env DEBIAN_FRONTEND=noninteractive \
			apt-get -q install -y --no-install-recommends $(packages)
}

# inside COMMAND...: in the chroot, with the repository at /src and a /proc of its own.
inside() {
	# shellcheck disable=SC2016 # the inner shell expands it
	unshare --mount --pid --fork --kill-child bash -c '
		root=$1 repo=$2
		shift 2
		mkdir -p "$root/src"
		mount --bind "$repo" "$root/src"
		mount -t proc proc "$root/proc"
		mount -t sysfs sysfs "$root/sys"
		mount --rbind /dev "$root/dev"
		exec chroot "$root" "$@"' inside "$root" "$REPO" "$@"
}

compiles() {
	mkdir -p "$root$(dirname "$root")"
	ln -sfn / "$root$root"
	inside cmake -S /src -B /build -G Ninja -DEZLB_WERROR=ON "-DCMAKE_EXE_LINKER_FLAGS=$loader $libraries" &&
		inside ninja -C /build
}

# In the variants that CI runs; in all of them they take twice as long.
lab_cases() {
	local names
	readarray -t names < <("$REPO/scripts/lab" --list | grep -E "^($cases)(@|\$)")
	EZLB_BIN=$EZLB EZLB_LAB_KERNEL=$suite "$REPO/scripts/lab" "${names[@]}"
}

unit_tests() {
	inside ctest --test-dir /build -j "$(nproc)" --output-on-failure
}

need debootstrap debootstrap
[[ $EUID -eq 0 ]] || {
	fail "debootstrap needs root"
	finish
}
succeeds "Debian 13 and the packages to build" install_debian
succeeds "it compiles without a warning: $(inside gcc --version | head -n 1)" compiles
succeeds "the unit and property tests pass" unit_tests
EZLB=$root/build/bin/ezlb
need_ezlb
succeeds "the sandbox refuses no system call of its libraries" env EZLB_BIN="$EZLB" bash "$REPO/test/long/calls.sh"
finish
