#!/usr/bin/env bash
# when: all
# takes: 165
# timeout: 1500
# The manifests of deploy/k8s with the image: podman plays what kubectl renders, with a service of the lab. Only the
# template of the DaemonSet, as a Pod, because podman plays no DaemonSet.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/podman.bash
. "$LAB_REPO/test/lab/podman.bash"

PATH=$LAB_REPO/.cache/kube/tools/bin:$PATH
command -v kubectl >/dev/null || fail "kubectl is missing; run scripts/kubetools"
MANIFESTS=${LAB_MANIFESTS:-$LAB_REPO/deploy/k8s}
# The manifests mount /var/lib/ezlb of the host, which the next case in this guest must not find.
mkdir -p "$WORK/over/upper" "$WORK/over/work"
mount -t overlay -o "lowerdir=/var/lib,upperdir=$WORK/over/upper,workdir=$WORK/over/work" overlay /var/lib
lab_up
for b in b1 b2; do backend_start "$b" 80; done
podman load --quiet --input "$IMAGE"

# play DIRECTORY: the pod of the kustomization there, with its ConfigMap.
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

# site COMPONENT...: a kustomization of the base with these, and one service of the lab.
site() {
	local base components=()
	base=$(realpath --relative-to="$WORK/site" "$MANIFESTS")
	[[ $# -eq 0 ]] || components=("${@/#/$base/components/}")
	cat >"$WORK/site/kustomization.yaml" <<-END
		apiVersion: kustomize.config.k8s.io/v1beta1
		kind: Kustomization
		namespace: ezlb
		resources: ["$base/base"]
		components: [$(printf '"%s",' "${components[@]}" | sed 's/^"",$//')]
		configMapGenerator: [{name: ezlb-services, behavior: replace, files: [services/web.yaml]}]
		generatorOptions: {disableNameSuffixHash: true}
	END
}
# has DEVICE: this link of lb has the address of the service.
has() { [[ $(in_ns lb ip -oneline address show dev "$1" 2>/dev/null) == *" $VIP/"* ]]; }
cleanup() {
	podman run --rm --network host --privileged --read-only --volume /run/ezlb:/run/ezlb \
		--volume /var/lib/ezlb:/var/lib/ezlb "ezlb:$VERSION" cleanup
	assert_eq "what is left" "" "$(left)"
	assert_eq "last good versions" "" "$(find /var/lib/ezlb -name 'versions*')"
}

mkdir -p "$WORK/site/services"
web >"$WORK/site/services/web.yaml"
for component in "" restricted; do
	echo "# deploy/k8s/base ${component:+with $component }as a pod"
	# shellcheck disable=SC2086 # no component is no word
	site $component
	play "$WORK/site"
	eventually $PATIENCE "both backends are in" both_in
	answers "the main job of the pod"
	eventually $PATIENCE "it is ready" ready ezlb-ezlb
	podman kube down "$WORK/pod.yaml"
	answers "the rules stay"
	cleanup
done

# The pod that has the fewest rights. podman plays no preStop, so the case calls it as kubelet does.
echo "# restricted and high-availability: the address is on ezlb0"
ip -n lb address del "$VIP/32" dev lo
lb_sysctl net.ipv4.conf.all.arp_ignore 0
site restricted high-availability
play "$WORK/site"
eventually $PATIENCE "the address is there" has ezlb0
assert_eq "arp_ignore, which the init container sets" 1 "$(lb_sysctl net.ipv4.conf.all.arp_ignore)"
eventually $PATIENCE "it is ready" ready ezlb-ezlb
answers "the main job of the pod"

echo "# before kubelet ends it, it drains; then SIGTERM"
readarray -t hook < <(jq -r 'select(.kind == "Pod").spec.containers[0].lifecycle.preStop.exec.command[]' <(grep -v '^---$' "$WORK/pod.yaml"))
podman exec ezlb-ezlb "${hook[@]}"
has ezlb0 && fail "the address is on ezlb0, although the node drains"
has ezlb0-drain || fail "the address is nowhere"
fails ready ezlb-ezlb || fail "it is ready, although the node drains"
podman exec ezlb-ezlb $PROGRAM probe live
answers "what comes nevertheless is served"
podman stop ezlb-ezlb
assert_eq "exit status" 0 "$(podman inspect --format '{{.State.ExitCode}}' ezlb-ezlb)"
has ezlb0-drain || fail "the address has left with the pod"
answers "and without the pod, too"
podman kube down "$WORK/pod.yaml"

echo "# the next pod does not drain"
podman kube play "$WORK/pod.yaml"
eventually $PATIENCE "the address is back" has ezlb0
eventually $PATIENCE "it is ready" ready ezlb-ezlb

echo "# a node that was drained by hand stays drained, whatever pod it has: a rollout waits there"
podman exec ezlb-ezlb $PROGRAM drain
podman kube down "$WORK/pod.yaml"
podman kube play "$WORK/pod.yaml"
eventually $PATIENCE "it is alive" podman exec ezlb-ezlb $PROGRAM probe live
fails ready ezlb-ezlb || fail "it is ready, although the node is drained"
has ezlb0-drain || fail "the address has left ezlb0-drain"
podman exec ezlb-ezlb $PROGRAM undrain
eventually $PATIENCE "the address is back" has ezlb0
eventually $PATIENCE "it is ready" ready ezlb-ezlb
podman kube down "$WORK/pod.yaml"
cleanup
assert_eq "links that are left" "" "$(in_ns lb ip -brief link show type dummy)"
