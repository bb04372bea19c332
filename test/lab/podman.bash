# shellcheck shell=bash
# podman in the lab, with the image loaded: sourced by cases after lib.sh. It belongs to the library.
# shellcheck source=test/lab/container.bash
. "$LAB_REPO/test/lab/container.bash"

for tool in podman:podman conmon:conmon; do
	command -v "${tool%%:*}" >/dev/null || fail "${tool%%:*} is missing (package ${tool#*:}); run scripts/deps long"
done

# shellcheck disable=SC2034 # they are for the cases
PROGRAM=/usr/local/sbin/ezlb VERSION=$("$EZLB" version | cut -d ' ' -f 2)
# podman is a large program: here each call takes seconds.
# shellcheck disable=SC2034
PATIENCE=120
WEB=$VIP:80
# There is no systemd that could call the health check.
export DISABLE_HC_SYSTEMD=true

# podman COMMAND...: with a storage of its own, and without cgroups for the containers; "host" network is the one
# of lb.
podman() {
	in_ns lb podman --root "$WORK/storage" --runroot "$WORK/podman" --storage-driver overlay \
		--cgroup-manager cgroupfs --runtime-flag cgroup-manager=disabled --events-backend none "$@"
}

# answers COMMENT: requests reach both backends in turn, with source NAT.
answers() {
	local seen
	seen=$(for _ in 1 2; do client_get "$WEB" --max-time 30; done | sort | paste -sd,)
	assert_eq "$1" "backend=b1 peer=$SNAT_IP,backend=b2 peer=$SNAT_IP" "$seen"
}
# both_in: the kernel has both backends.
both_in() { [[ $(ipvs | grep -c ':80 .*Masq') == 2 ]]; }
# ready CONTAINER: the readiness probe, as kubelet calls it.
ready() { podman exec "$1" $PROGRAM probe ready; }
# left: what of ezlb is in the kernel.
left() { echo "$(in_ns lb nft list tables)$(snat_all)$(ipvs | grep -E '^(TCP|UDP)' || :)"; }

# web: a service file.
web() {
	cat <<-END
		listen: "$WEB"
		scheduler: rr
		full_nat: true
		snat_ip: "$SNAT_IP"
		health_check: {interval: 1s}
		backends: [{address: "${BACKEND_IP[b1]}:80"}, {address: "${BACKEND_IP[b2]}:80"}]
	END
}
