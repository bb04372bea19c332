#!/usr/bin/env bash
# when: all
# takes: 100
# timeout: 600
# The image under podman: load, run, exec, health check, restart and upgrade under requests, removal.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/podman.bash
. "$LAB_REPO/test/lab/podman.bash"

lab_up
for b in b1 b2; do backend_start "$b" 80; done
web | service web
: >>/run/xtables.lock

# second_image: an archive with another version, as an upgrade has it.
second_image() {
	local dir=$WORK/second config
	mkdir -p "$dir"
	tar -xf "$IMAGE" -C "$dir"
	config=$(jq -r '.[0].Config' "$dir/manifest.json")
	jq '.config.Labels["org.opencontainers.image.version"] = "next"' "$dir/$config" >"$dir/next.json"
	jq '.[0].Config = "next.json" | .[0].RepoTags = ["docker.io/library/ezlb:next"]' "$dir/manifest.json" >"$dir/new"
	mv "$dir/new" "$dir/manifest.json"
	tar -cf "$WORK/second.tar" -C "$dir" manifest.json next.json "$(jq -r '.[0].Layers[0]' "$dir/manifest.json")"
	rm -r "$dir"
}

run() { # run NAME TAG
	podman run --detach --name "$1" --network host --privileged --read-only --log-driver k8s-file --pull never \
		--volume "$SERVICES:/etc/ezlb/services.d:ro" --volume "$STATE:/run/ezlb" --volume "$PERSIST:/var/lib/ezlb" \
		--volume /run/xtables.lock:/run/xtables.lock --volume "$MODULES:/lib/modules/$(uname -r):ro" \
		"ezlb:$2" run --cleanup-on-exit=false --snat-backend=nftables
}

requests_start() {
	"$LABTOOL" in client stdbuf -oL curl -sS --max-time 5 -H 'Connection: close' -o /dev/null \
		-w '%{http_code} %{errormsg}\n' "http://$VIP/healthz?[1-100000000]" >"$WORK/requests" 2>&1 &
	CLIENT=$!
}
requests_stop() {
	kill "$CLIENT"
	wait "$CLIENT" 2>/dev/null || :
	# The last line may not be complete.
	assert_eq "requests that failed" "" "$(sed '$d' "$WORK/requests" | grep -v '^200' || :)"
	echo "$(wc -l <"$WORK/requests") requests, none failed"
}

echo "# load and run"
podman load --quiet --input "$IMAGE"
run first "$VERSION"
eventually $PATIENCE "both backends are in" both_in
answers "the main job"

echo "# exec, and the health check of the image"
eventually $PATIENCE "it is ready" ready first
podman exec first $PROGRAM status
podman healthcheck run first
assert_eq "health" healthy "$(podman inspect --format '{{.State.Health.Status}}' first)"

echo "# restart and upgrade under requests"
second_image
podman load --quiet --input "$WORK/second.tar"
requests_start
podman restart first
eventually $PATIENCE "it is ready again" ready first
podman stop first
assert_eq "exit status" 0 "$(podman inspect --format '{{.State.ExitCode}}' first)"
run second next
eventually $PATIENCE "the next version is ready" ready second
podman rm first
requests_stop
answers "the next version"

echo "# removal, and cleanup by the image"
podman rm --force second
podman run --rm --network host --privileged --read-only --volume "$STATE:/run/ezlb" "ezlb:$VERSION" cleanup
assert_eq "what is left" "" "$(left)"
