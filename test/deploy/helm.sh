#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deploy/helm/ezlb: renders the same DaemonSet as deploy/k8s, with each component too; refuses wrong values and says
# why; each value does something, and is in the README and the schema. Needs no cluster.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/lib/kube.bash
. "$(dirname "$0")/../lib/kube.bash"
# shellcheck source=test/lib/docs.bash
. "$(dirname "$0")/../lib/docs.bash"
cd "$REPO"

chart=deploy/helm/ezlb
all=test/data/deploy/values.yaml
pod=.spec.template.spec

# template ARGUMENT...: the chart as a release of the name ezlb.
template() {
	helm template ezlb "$chart" --namespace ezlb "$@"
}

# refuses DESCRIPTION PART ARGUMENT...: helm fails, and says so.
refuses() {
	local output
	if output=$(template "${@:3}" 2>&1); then
		fail "$1" "helm accepts it"
	elif [[ $output == *"$2"* ]]; then
		pass "$1"
	else
		fail "$1" "$output"
	fi
}

# Without what only Helm or only kustomize needs: labels, and the namespace, which is a namespace that kustomize sets, too.
comparable() {
	# shellcheck disable=SC2016 # jq's
	of "$1" '[.[] | select(.kind | IN("Namespace", "ConfigMap") | not)
		| walk(if type == "object" then del(.["app.kubernetes.io/instance", "app.kubernetes.io/version",
			"app.kubernetes.io/managed-by", "helm.sh/chart", "ezlb/host-setup"]) else . end)]
		| sort_by(.kind)[] | if .kind == "DaemonSet" then . else {kind, metadata, spec} end'
}

# as_kustomize NAME OVERLAY ARGUMENT...
as_kustomize() {
	succeeds "$1 renders" render "$1" template "${@:3}"
	succeeds "$2 renders" render "kustomize-$1" kubectl kustomize "deploy/k8s/$2"
	equal "the chart with '${*:3}' is deploy/k8s/$2" "$(comparable "kustomize-$1")" "$(comparable "$1")"
}

check_render() {
	equal "$1: its parts belong together" "" "$(inconsistent "$1")"
	equal "$1: ezlb has the commands and flags" "" "$(wrong_args "$1")"
}

check_services() {
	services_of all "$WORK/services"
	equal "each service is a file" "dns.yaml web.yaml" "$(cd "$WORK/services" && echo *)"
	succeeds "ezlb check accepts the service files" "$EZLB" check --strict "$WORK/all.yaml"
	equal "a text is copied as it is" "$(python3 test/lib/kube.py json "$all" | jq -r '.[0].services.dns')" \
		"$(<"$WORK/services/dns.yaml")"
	succeeds "and a large number stays one" grep -qx ' *upper_threshold: 1000000' "$WORK/services/web.yaml"
	equal "the volume has this ConfigMap" "$(object all ConfigMap .metadata.name)" \
		"$(object all DaemonSet "$pod.volumes[0].configMap.name")"
	refuses "a name with .yaml" "web.yaml: write the name without .yaml" --set 'services.web\.yaml.listen=x'
	refuses "a name that is none of a service" 'a name has a-z, 0-9 and "-"' --set services.Web.listen=x
	refuses "a service that is a number" services --set services.web=1
	refuses "services, and a ConfigMap of one's own" "exclude each other" \
		--set services.web.listen=x --set existingConfigMap=mine
}

check_existing() {
	succeeds "existingConfigMap renders" render existing template --set existingConfigMap=mine
	equal "no ConfigMap is made" DaemonSet "$(of existing '[.[].kind] | join(" ")')"
	equal "the volume has that one" mine "$(object existing DaemonSet "$pod.volumes[0].configMap.name")"
}

# Helm forgets all values that are not given again, and the nodes would remove all services.
check_upgrade() {
	refuses "an upgrade that forgets the services" "would remove all services" --is-upgrade --set image.tag=0.2.0
	succeeds "an upgrade with services" template --is-upgrade -f "$all"
	succeeds "an upgrade with a ConfigMap of one's own" template --is-upgrade --set existingConfigMap=mine
	succeeds "an upgrade to no services on purpose" template --is-upgrade --set allowEmpty=true
	succeeds "an upgrade to cleanup" template --is-upgrade --set cleanup=true
}

# "NAME DEFAULT" of each leaf, where a list or a map with keys that the user chooses is one.
value_defaults() {
	python3 test/lib/kube.py json "$1" | jq -r '.[0]
		| def leaves($prefix): to_entries[] | if $prefix == "" and (.key | IN("image", "monitoring"))
			then .key as $key | .value | leaves($key + ".") else "\($prefix + .key) \(.value | tojson)" end;
		leaves("")' | sed -E 's/ "(.+)"$/ \1/' | sort
}

value_names() {
	value_defaults "$1" | sed 's/ .*//' | sort
}

value_rows() {
	# shellcheck disable=SC2016 # backticks of Markdown
	sed -nE 's/^\| `([^`]*)` \| `([^`]*)` \|.*/\1 \2/p' "$chart/README.md" | sort
}

schema_names() {
	jq -r '.properties | to_entries[] | if .key | IN("image", "monitoring")
		then .key as $key | .value.properties | keys[] | $key + "." + . else .key end' "$chart/values.schema.json" |
		grep -vx global | sort
}

check_values() {
	local names marker
	names=$(value_names "$chart/values.yaml")
	equal "the README has all values and their defaults" "$(value_defaults "$chart/values.yaml")" "$(value_rows)"
	equal "the schema has all values" "$names" "$(schema_names)"
	equal "$all sets all values" "$names" "$(value_names "$all")"
	while read -r marker; do
		succeeds "all values: '$marker' is in the render" grep -qF -- "$marker" "$WORK/all.yaml"
	done <<-'END'
		registry.example.com/ezlb:v-from-values
		imagePullPolicy: Always
		name: secret-from-values
		- --log-level=debug
		- --admin-address=[$(HOST_IP)]:9107
		containerPort: 9107
		interval: 7s
		prometheus: label-from-values
		cpu: 51m
		memory: 65Mi
		node: selector-from-values
		key: toleration-from-values
		key: affinity-from-values
		priorityClassName: "class-from-values"
		maxUnavailable: 17%
		minReadySeconds: 27
		terminationGracePeriodSeconds: 137
		- --vip-when=serving
		- --vip-hold=3s
		- --sync-id=7
		note: annotation-from-values
		team: label-of-pods
		name: "name-from-values-services"
	END
	equal "run and host-setup agree about the host" "host-setup --snat-backend=nftables --vip-device=ezlb7
run --snat-backend=nftables --vip-device=ezlb7" "$(object all DaemonSet "$pod | .initContainers[0], .containers[0]
		| [.args[] | select(test(\"^[a-z]|snat|vip-device\"))] | join(\" \")")"
	equal "and only run about other balancers" "null --vip-when=serving --vip-hold=3s --sync-interface=eth7 --sync-id=7" \
		"$(object all DaemonSet "$pod | .initContainers[0], .containers[0]
		| [.args[] | select(test(\"sync|when|hold\"))] | if . == [] then null else join(\" \") end" | paste -sd ' ')"
	equal "all values: both have the image and the resources" 1 \
		"$(object all DaemonSet "$pod | [.initContainers[0], .containers[0]] | map({image, resources, imagePullPolicy}) | unique | length")"
	succeeds "monitoring without objects of the operator renders" render bare template --set monitoring.enabled=true \
		--set monitoring.podMonitor=false --set monitoring.rules=false
	equal "and has none" "ConfigMap DaemonSet" "$(of bare '[.[].kind] | sort | join(" ")')"
	refuses "a value that does not exist" serivces --set serivces.web.listen=x
	refuses "a value of another type" restricted --set-string restricted=yes
	refuses "an argument that is none" args --set 'args={log-level}'
	refuses "a name that would be two lines of YAML" fullnameOverride --set 'fullnameOverride=a: b'
	refuses "an interface that cannot be" vipDevice --set 'vipDevice=x: y'
	refuses "a word that is none of --vip-when" vipWhen --set vipWhen=never
	refuses "a duration without a unit" vipHold --set-string vipHold=5
	refuses "when addresses are on no link" "need vipDevice" --set vipWhen=serving
	refuses "an interface for the sync daemon that cannot be" syncInterface --set 'syncInterface=a/b'
	refuses "a group of balancers that cannot be" syncId --set syncId=256
	refuses "a time to drain that is no number" drainSeconds --set drainSeconds=60s
	refuses "a pod that is ready before it is there" minReadySeconds --set minReadySeconds=-1
}

# The pod must live longer than its drain, whatever the values say.
check_drain() {
	local seconds
	equal "all values: before ezlb ends, its node drains" "/usr/local/sbin/ezlb drain --until-exit --wait=107s --state-dir=/run/ezlb" \
		"$(object all DaemonSet "$pod.containers[0].lifecycle.preStop.exec.command | join(\" \")")"
	for seconds in 30 500; do
		succeeds "a pod that has $seconds s renders" render grace template --set drainSeconds=100,terminationGracePeriodSeconds="$seconds"
		equal "and has more than the drain" "$((seconds < 130 ? 130 : seconds))" "$(object grace DaemonSet "$pod.terminationGracePeriodSeconds")"
	done
	equal "without drainSeconds there is no hook" "null 30 null" \
		"$(object plain DaemonSet "\"\($pod.containers[0].lifecycle) \($pod.terminationGracePeriodSeconds) \(.spec.minReadySeconds)\"")"
	equal "and a pod that only cleans up has none" null "$(object clean DaemonSet "$pod.containers[0].lifecycle")"
}

# YAML reads 123 and 1e3 as numbers, and Kubernetes refuses a number as a name.
check_numbers() {
	succeeds "names that look like numbers render" render numbers helm template 123 "$chart" --namespace 456 \
		--set-string existingConfigMap=12,fullnameOverride=1e3,priorityClassName=7,vipDevice=0
	equal "and stay texts" '"1e3" "456" "123" "12" "7"' "$(object numbers DaemonSet \
		'[.metadata.name, .metadata.namespace, .metadata.labels["app.kubernetes.io/instance"],
		.spec.template.spec.volumes[0].configMap.name, .spec.template.spec.priorityClassName]
		| map(tojson) | join(" ")')"
}

# With cleanup: flags that decide what is removed, and nothing of the services.
check_cleanup() {
	succeeds "all values with cleanup render" render clean template -f "$all" --set cleanup=true
	check_render clean
	equal "cleanup knows the device" "cleanup --state-dir=/run/ezlb --persist-dir=/var/lib/ezlb --log-format=json --snat-backend=nftables --vip-device=ezlb7" \
		"$(object clean DaemonSet "$pod.initContainers[0].args | join(\" \")")"
}

check_notes() {
	local notes
	notes=$(helm install ezlb "$chart" --namespace ezlb --dry-run=client --set cleanup=true 2>&1 | sed -n '/^NOTES:/,$p')
	equal "the notes of a cleanup say what is next" "helm -n ezlb uninstall ezlb" "$(grep -o 'helm -n ezlb uninstall.*' <<<"$notes")"
	notes=$(helm install ezlb "$chart" --namespace ezlb --dry-run=client 2>&1 | sed -n '/^NOTES:/,$p')
	equal "the notes say that there is no service" "There is no service yet." "$(grep -o 'There is no service yet.' <<<"$notes")"
	equal "and which label the namespace needs" "kubectl label namespace ezlb pod-security.kubernetes.io/enforce=privileged" \
		"$(grep -o 'kubectl label.*' <<<"$notes")"
}

check_version() {
	equal "the chart is of this version of ezlb" "$("$EZLB" version | sed 's/^ezlb //')" \
		"$(sed -n 's/^appVersion: //p' "$chart/Chart.yaml")"
	equal "and so is the image of the manifests" "ezlb:$(sed -n 's/^appVersion: //p' "$chart/Chart.yaml")" \
		"$(cat deploy/k8s/{base,components/*}/*.yaml | sed -n 's/^ *image: //p' | sort -u)"
}

need jq jq
need_ezlb
kube_tools
succeeds "helm lint" helm lint --strict "$chart"
succeeds "and with all values" helm lint --strict "$chart" -f "$all"
succeeds "all values render" render all template -f "$all"
[[ $failed -eq 0 ]] || finish
as_kustomize plain base
as_kustomize restricted overlays/restricted --set restricted=true
as_kustomize monitoring overlays/monitoring --set monitoring.enabled=true
as_kustomize cleanup overlays/cleanup --set cleanup=true
as_kustomize high-availability overlays/high-availability \
	--set vipDevice=ezlb0,vipWhen=serving,drainSeconds=60,minReadySeconds=30
check_render all
check_alerts all
check_services
check_existing
check_upgrade
check_values
check_numbers
check_cleanup
check_drain
check_notes
check_version
succeeds "all objects are as the types of Kubernetes say" \
	strict "$WORK"/{plain,restricted,monitoring,cleanup,high-availability,grace,all,existing,clean,bare,numbers}.yaml
finish
