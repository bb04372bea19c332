#!/usr/bin/env bash
# when: all
# takes: 80
# timeout: 900
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

mkdir -p "$WORK/site/services"
web >"$WORK/site/services/web.yaml"
for overlay in base overlays/restricted; do
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
	podman run --rm --network host --privileged --read-only --volume /run/ezlb:/run/ezlb \
		--volume /var/lib/ezlb:/var/lib/ezlb "ezlb:$VERSION" cleanup
	assert_eq "what is left" "" "$(left)"
	assert_eq "last good versions" "" "$(find /var/lib/ezlb/lastgood -type f 2>/dev/null)"
done
