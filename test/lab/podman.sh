#!/usr/bin/env bash
# when: all
# timeout: 900
# The image under podman: load, run, exec, health check, restart, upgrade under requests, removal; and the
# manifests of deploy/k8s, played as a pod.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/container.bash
. "$LAB_REPO/test/lab/container.bash"

for tool in podman:podman conmon:conmon kubectl:kubernetes-client python3:python3-yaml; do
	command -v "${tool%%:*}" >/dev/null || fail "${tool%%:*} is missing (package ${tool#*:}); run scripts/deps long"
done

lab_up
for b in b1 b2; do backend_start "$b" 80; done
WEB=$VIP:80
PROGRAM=/usr/local/sbin/ezlb
VERSION=$("$EZLB" version | cut -d ' ' -f 2)
MANIFESTS=${LAB_MANIFESTS:-$LAB_REPO/deploy/k8s}
PATIENCE=120 # podman is a large program: here each call takes seconds

# There is no systemd that could call the health check.
export DISABLE_HC_SYSTEMD=true
# podman COMMAND...: with a storage of its own; "host" network is the one of lb.
podman() {
	in_ns lb podman --root "$WORK/storage" --runroot "$WORK/podman" --storage-driver overlay \
		--cgroup-manager cgroupfs --events-backend none "$@"
}

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
		--volume "$SERVICES:/etc/ezlb/services.d:ro" --volume "$STATE:/run/ezlb" \
		--volume /run/xtables.lock:/run/xtables.lock --volume "$MODULES:/lib/modules/$(uname -r):ro" \
		"ezlb:$2" run --cleanup-on-exit=false --snat-backend=nftables
}
answers() { # answers COMMENT
	local seen
	seen=$(for _ in 1 2; do client_get "$WEB" --max-time 30; done | sort | paste -sd,)
	assert_eq "$1" "backend=b1 peer=$SNAT_IP,backend=b2 peer=$SNAT_IP" "$seen"
}
both_in() { [[ $(ipvs | grep -c ':80 .*Masq') == 2 ]]; }
# ready CONTAINER: the readiness probe, as kubelet calls it.
ready() { podman exec "$1" $PROGRAM probe ready; }
left() { echo "$(in_ns lb nft list tables)$(ipvs | grep -E '^(TCP|UDP)' || :)"; }

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
web | service web
: >>/run/xtables.lock

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

# play DIRECTORY: the pod of the DaemonSet that a kustomization has, with its ConfigMap. podman plays no
# DaemonSet, so that its template is made a Pod.
play() {
	kubectl kustomize "$1" >"$WORK/rendered.yaml"
	# In the lab /lib/modules is a link that leads out of the volume.
	python3 -c 'import json, sys, yaml; json.dump(list(yaml.safe_load_all(sys.stdin)), sys.stdout)' \
		<"$WORK/rendered.yaml" | jq --arg modules "${MODULES%/*}" '
			(.[] | select(.kind == "ConfigMap")), "---",
			(.[] | select(.kind == "DaemonSet") | .spec.template |
				{apiVersion: "v1", kind: "Pod", metadata: (.metadata + {name: "ezlb"}), spec: .spec} |
				(.spec.volumes[].hostPath | select(.path? == "/lib/modules").path) = $modules)' |
		sed 's/^"---"$/---/' >"$WORK/pod.yaml"
	podman kube play "$WORK/pod.yaml"
}

mkdir -p "$WORK/site/services"
web >"$WORK/site/services/web.yaml"
for overlay in base overlays/restricted; do
	[[ -d $MANIFESTS/$overlay ]] || continue
	echo "# deploy/k8s/$overlay as a pod"
	cat >"$WORK/site/kustomization.yaml" <<-END
		apiVersion: kustomize.config.k8s.io/v1beta1
		kind: Kustomization
		namespace: ezlb
		resources: ["$(realpath --relative-to="$WORK/site" "$MANIFESTS/$overlay")"]
		configMapGenerator: [{name: ezlb-services, behavior: replace, files: [services/web.yaml]}]
		generatorOptions: {disableNameSuffixHash: true}
	END
	play "$WORK/site"
	eventually $PATIENCE "both backends are in" both_in
	answers "the main job of the pod"
	eventually $PATIENCE "it is ready" ready ezlb-ezlb
	podman kube down "$WORK/pod.yaml"
	answers "the rules stay"
	podman run --rm --network host --privileged --read-only --volume /run/ezlb:/run/ezlb "ezlb:$VERSION" cleanup
	assert_eq "what is left" "" "$(left)"
done
