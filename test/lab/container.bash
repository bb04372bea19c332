# shellcheck shell=bash
# Runs the image in the lab as it is shipped: with what its archive says, and as a container runtime does it.
# Sourced by cases after lib.sh; it belongs to the library.

# What scripts/image has made. LAB_IMAGE: another one.
IMAGE=${LAB_IMAGE:-$LAB_REPO/build/image/ezlb-amd64.tar}
[[ -e $IMAGE ]] || fail "there is no $IMAGE: make it with scripts/image"
[[ ! $EZLB -nt $IMAGE || -n ${LAB_IMAGE:-} ]] || fail "$IMAGE is older than $EZLB: make it with scripts/image"
PERSIST=$WORK/persist
mkdir -p "$PERSIST"
LAYOUT=$WORK/image # root: its file system; image.json: its configuration
MODULES=$(readlink -f "/lib/modules/$(uname -r)")

# crun, as a kubelet's runtime would call it, but without a cgroup for the container. It wants the file system to be
# there nevertheless.
[[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
runtime() {
	in_ns lb crun --root "$WORK/crun" --cgroup-manager=disabled "$@"
}

# image_unpack: the layers of the archive, one over the other. The image has one, so nothing is whited out.
image_unpack() {
	local layer
	mkdir -p "$LAYOUT/archive" "$LAYOUT/root"
	tar -xf "$IMAGE" -C "$LAYOUT/archive"
	cp "$LAYOUT/archive/$(jq -r '.[0].Config' "$LAYOUT/archive/manifest.json")" "$LAYOUT/image.json"
	jq -r '.[0].Layers[]' "$LAYOUT/archive/manifest.json" >"$LAYOUT/layers"
	while read -r layer; do
		tar -xf "$LAYOUT/archive/$layer" -C "$LAYOUT/root"
	done <"$LAYOUT/layers"
	rm -r "$LAYOUT/archive"
}

# bundle NAME privileged|restricted [ARGUMENT...]: what the runtime gets. Host network, a root file system that
# is read-only, the mounts of deploy/k8s. Arguments replace the image's CMD. "restricted" has the four
# capabilities of the component only, and a /proc/sys that is read-only.
bundle() {
	local name=$1 mode=$2 words
	shift 2
	words=$(printf '%s\n' "$@")
	mkdir -p "$WORK/bundle/$name"
	: >>/run/xtables.lock
	jq -n -f "$LAB_REPO/test/lab/container.jq" --slurpfile image "$LAYOUT/image.json" --arg mode "$mode" \
		--arg root "$LAYOUT/root" --arg services "$SERVICES" --arg state "$STATE" --arg persist "$PERSIST" \
		--arg modules "$MODULES" --arg release "$(uname -r)" --arg words "$words" >"$WORK/bundle/$name/config.json"
}

# container_run NAME MODE [ARGUMENT...]: until it ends.
container_run() {
	bundle "$@"
	runtime run --bundle "$WORK/bundle/$1" "$1"
}

# container_start NAME MODE [ARGUMENT...]: in the background; its log is appended to $EZLB_LOG. EZLB_PID is the
# runtime's process, which passes signals on and ends with the container's exit status.
container_start() {
	bundle "$@"
	"$LABTOOL" in lb crun --root "$WORK/crun" --cgroup-manager=disabled run --bundle "$WORK/bundle/$1" "$1" \
		>>"$EZLB_LOG" 2>&1 &
	# shellcheck disable=SC2034 # it is for ezlb_stop
	EZLB_PID=$!
}

# container_exec NAME COMMAND...: as the probes of a kubelet.
container_exec() {
	runtime exec "$@"
}
