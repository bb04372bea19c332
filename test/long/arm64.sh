#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# arm64: ezlb compiles with Debian's cross toolchain without a warning, passes its unit tests under qemu's
# emulation of a process, and scripts/image makes an image whose program starts. All of it is in a container
# of the base image, because a host would have to install libraries of another architecture.
# shellcheck disable=SC2317 # succeeds calls most functions
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/lib/image.bash
. "$(dirname "$0")/../lib/image.bash"

ARCHIVE=$REPO/build/image/ezlb-arm64.tar
STORAGE=$REPO/.cache/image # that of scripts/image
ROOT=$WORK/root
CONTAINER=
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot

# What the emulation of a process cannot do.
WITHOUT=(
	# It does not know the netlink protocols of netfilter and generic netlink, and translates no forged messages.
	netlink/test_socket netlink/test_talk ipvs/test_layer ipvs/test_traffic snat/test_nft_netlink
	snat/test_nft_watch doctor/test_route
	# A user namespace of its own: the emulator has threads, and the kernel refuses that to a process with threads.
	controller/test_mass controller/test_oneshot controller/test_sources
	# It sets no filter of system calls, and has a thread of its own, so that capabilities are not those of all threads.
	sandbox/test_daemon sandbox/test_worker
	# It knows no parent of orphans (PR_SET_CHILD_SUBREAPER), and leaves descriptors open that a message has no room for.
	worker/test_worker worker/test_hostile controller/test_hostile fuzz/channel
	# It knows only numbers as options of a TCP socket, and not TCP_INFO, which counts the bytes of an endless answer.
	health/test_probe health/test_probe_tls health/test_guard
	# It computes for minutes, beyond its limit, and what it computes knows nothing of the machine.
	prop/test_worlds
)

here() {
	local command=$1
	shift
	buildah --root "$STORAGE/storage" --runroot "$STORAGE/run" "$command" "$@"
}

inside() {
	here run --network host --volume "$REPO:/src:ro" "$CONTAINER" -- "$@"
}

# The array `build` of scripts/deps: libraries for arm64, programs for this machine.
packages() {
	sed -n '/^build=($/,/^)$/p' "$REPO/scripts/deps" | sed '1d;$d;s/#.*//' | xargs -n 1 |
		sed -E '/^(lib|zlib)/s/$/:arm64/'
	echo gcc-aarch64-linux-gnu libcmocka-dev:arm64 qemu-user ca-certificates iproute2 openssl procps
}

install_packages() {
	local list
	list=$(packages | xargs)
	inside bash -c "dpkg --add-architecture arm64 && apt-get -q update &&
		DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $list"
}

compiles() {
	inside bash -c 'cmake -S /src -B /build -G Ninja --toolchain /src/cmake/arm64.cmake -DEZLB_WERROR=ON &&
		ninja -C /build'
}

unit_tests() {
	inside ctest --test-dir /build -j "$(nproc)" --output-on-failure --timeout 900 \
		-E "^($(IFS='|' && echo "${WITHOUT[*]}"))\$"
}

unpack() {
	unpack_image "$ARCHIVE" "$WORK/archive" "$ROOT"
}

# The program of the image, with the libraries of the image only.
starts() {
	here run --volume "$ROOT:/image" "$CONTAINER" -- qemu-aarch64 -L /image /image/usr/local/sbin/ezlb "$@"
}

need buildah buildah
need mmdebstrap mmdebstrap
need jq jq
need_ezlb
succeeds "the base image" "$REPO/scripts/image" --base-only
[[ $failed -eq 0 ]] || finish
CONTAINER=$(here from --pull-never debian:bookworm-slim)
# shellcheck disable=SC2154 # leave is of lib.bash
trap 'here rm "$CONTAINER" >/dev/null; leave' EXIT
succeeds "the toolchain and the libraries" install_packages
[[ $failed -eq 0 ]] || finish
succeeds "it compiles without a warning: $(inside aarch64-linux-gnu-gcc --version | head -n 1)" compiles
succeeds "the unit and property tests pass under qemu" unit_tests
succeeds "the image is built" "$REPO/scripts/image" --arch arm64 --output "$ARCHIVE"
unpack
equal "the image is for arm64" arm64 \
	"$(jq -r .architecture "$WORK/archive/$(jq -r '.[0].Config' "$WORK/archive/manifest.json")")"
equal "its program starts" "$("$EZLB" version)" "$(starts version)"
finish
