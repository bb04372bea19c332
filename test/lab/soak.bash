# shellcheck shell=bash
# What soak and soak_long share. Sourced after lib.sh.

# soak_run ROUNDS SECONDS SEED: both families at once, so of the variant only the backend of SNAT counts.
soak_run() {
	export SERVICES STATE EZLB_LOG EZLB PYTHONDONTWRITEBYTECODE=1
	EZLB=$(readlink -f "$EZLB")
	# ezlb has the listeners' addresses on a link of its own; its state has little room, which a test can fill.
	# shellcheck disable=SC2034 # for lab_up
	LAB_LB_ADDRESSES="10.0.0.3 fd00:10::3"
	lab_up
	mount -t tmpfs -o size=1m,mode=700 tmpfs "$STATE"
	in_ns lb python3 "$LAB_REPO/test/tools/soak" "$@"
}
