# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of the manifests share: kubectl and helm, how to look into what they render, and the comparison
# with the types of Kubernetes. Sourced after lib.bash. No call asks a cluster.

# Not the caller's cluster, nor anyone's, and nothing of the caller's helm.
export KUBECONFIG=/dev/null
export HELM_CACHE_HOME=$WORK/helm/cache HELM_CONFIG_HOME=$WORK/helm/config HELM_DATA_HOME=$WORK/helm/data

# kube_tools: sets TOOLS, and puts kubectl and helm into PATH. Never a skip.
kube_tools() {
	if ! TOOLS=$("$REPO/scripts/kubetools" 2>"$WORK/kubetools.log"); then
		fail "kubectl, helm and the types of Kubernetes are there" "$(<"$WORK/kubetools.log")"
		finish
	fi
	PATH=$TOOLS/bin:$PATH
}

# render NAME COMMAND...: what the command prints is in $WORK/NAME.yaml and, as a JSON array, in $WORK/NAME.json.
render() {
	"${@:2}" >"$WORK/$1.yaml" && python3 "$REPO/test/lib/kube.py" json "$WORK/$1.yaml" >"$WORK/$1.json"
}

# of NAME FILTER: what jq finds in the render.
of() {
	jq -r "$2" "$WORK/$1.json"
}

# object NAME KIND FILTER: the same in its one object of this kind.
object() {
	of "$1" ".[] | select(.kind == \"$2\") | $3"
}

# strict FILE...: each document is as the types of Kubernetes say.
strict() {
	python3 "$REPO/test/lib/kube.py" strict "$TOOLS" "$@"
}

# services_of NAME DIR: writes the files in its ConfigMaps to DIR.
services_of() {
	local key content
	mkdir -p "$2"
	object "$1" ConfigMap '.data // {} | to_entries[] | "\(.key) \(.value | @base64)"' | while read -r key content; do
		base64 -d <<<"$content" >"$2/$key"
	done
}

# What the types cannot say, and the API server or kubelet would refuse: of each container in a pod, mounts without
# a volume, two mounts at one path, relative ones, and volumes that nobody mounts; and a selector that does not
# match its own pods.
inconsistent() {
	# shellcheck disable=SC2016 # jq's variables
	of "$1" '.[] | select(.kind == "DaemonSet") | .spec as $spec | .spec.template.spec as $pod
		| ($pod.volumes | map(.name)) as $volumes
		| ($pod.initContainers // []) + $pod.containers | . as $all
		| (.[] | .name as $name
			| (.volumeMounts[] | select(.name | IN($volumes[]) | not) | "\($name): no volume \(.name)"),
			  (.volumeMounts[] | select(.mountPath | startswith("/") | not) | "\($name): \(.mountPath)"),
			  (.volumeMounts | group_by(.mountPath)[] | select(length > 1) | "\($name): twice \(.[0].mountPath)"),
			  (.env // [] | group_by(.name)[] | select(length > 1) | "\($name): twice \(.[0].name)")),
		  ($volumes - ($all | map(.volumeMounts[].name)) | .[] | "nobody mounts \(.)"),
		  ($volumes | group_by(.)[] | select(length > 1) | "two volumes \(.[0])"),
		  ($all | group_by(.name)[] | select(length > 1) | "two containers \(.[0].name)"),
		  ($spec.selector.matchLabels | to_entries[]
			| select($spec.template.metadata.labels[.key] != .value) | "selector: \(.key)")'
}

# wrong_args NAME: what ezlb says about the arguments of its containers, by its own parser; and what is no argument
# of its: the entry point of the image is ezlb, and the image has no other program. BIRD has an image of its own.
wrong_args() {
	local args words
	object "$1" DaemonSet '.spec.template.spec | (.initContainers // []) + .containers | .[]
		| select(.image | test("(^|/)bird:") | not) | if .command then ["command"] + .command else .args end | @json' | while read -r args; do
		# shellcheck disable=SC2016 # Kubernetes replaces it
		args=${args//'[$(HOST_IP)]'/[2001:db8::10]}
		# shellcheck disable=SC2016
		args=${args//'$(HOST_IP)'/192.0.2.10}
		jq -r '.[1:][] | select(startswith("--") | not)' <<<"$args"
		mapfile -d '' words < <(jq -j 'map(. + "\u0000")[]' <<<"$args")
		{ "$EZLB" "${words[@]}" --help >/dev/null || :; } 2>&1
	done
}

# check_alerts NAME: its rules are those of deploy/prometheus; test/deploy/prometheus.sh looks at these.
check_alerts() {
	render "rules-of-$1" cat "$REPO/deploy/prometheus/ezlb.rules.yml" && render "alerts-of-$1" cat "$REPO/deploy/prometheus/ezlb.alerts.yml"
	equal "$1: the rules are those of deploy/prometheus" \
		"$(of "rules-of-$1" '.[0].groups[] | tojson'; of "alerts-of-$1" '.[0].groups[] | tojson')" \
		"$(object "$1" PrometheusRule '.spec.groups[] | tojson')"
}
