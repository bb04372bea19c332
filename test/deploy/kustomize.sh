#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deploy/k8s: the base and each overlay render, are as the types of Kubernetes say, and say what a load balancer on
# the host needs; ezlb has the commands and flags in them, and accepts the service files. Needs no cluster.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/lib/kube.bash
. "$(dirname "$0")/../lib/kube.bash"
# shellcheck source=test/lib/docs.bash
. "$(dirname "$0")/../lib/docs.bash"
cd "$REPO"

base=deploy/k8s/base
pod=.spec.template.spec
main="$pod.containers[0]"
init="$pod.initContainers[0]"

# is NAME KIND WANT FILTER
is() {
	equal "$1: $2 $4 is '$3'" "$3" "$(object "$1" "$2" "$4")"
}

# What no overlay changes.
unchanged="{selector: .spec.selector, labels: (.metadata.labels | del(.[\"ezlb/host-setup\"])), pod: ($pod | {hostNetwork, tolerations,
	priorityClassName, automountServiceAccountToken, volumes: .volumes[1:]}),
	container: ($main | {livenessProbe, startupProbe, readinessProbe, volumeMounts, terminationMessagePolicy, resources})}"

# What is true of each render. NAME, and the kinds that it has.
check_render() {
	local name=$1
	equal "$name: objects" "$2" "$(of "$name" '[.[].kind] | sort | join(" ")')"
	equal "$name: their names, and all are in the namespace ezlb, which is privileged" "ConfigMap ezlb-services ezlb
DaemonSet ezlb ezlb
Namespace ezlb privileged" "$(of "$name" '.[] | "\(.kind) \(.metadata.name) \(.metadata.namespace //
		.metadata.labels["pod-security.kubernetes.io/enforce"])"' | sort | grep -vxE '(PodMonitor|PrometheusRule) ezlb ezlb')"
	equal "$name: its parts belong together" "" "$(inconsistent "$name")"
	equal "$name: ezlb has the commands and flags" "" "$(wrong_args "$name")"
	succeeds "$name: ezlb check accepts the service files in it" "$EZLB" check --strict "$WORK/$name.yaml"
	equal "$name: the rest is as in the base" "$(object base DaemonSet "$unchanged")" \
		"$(object "$name" DaemonSet "$unchanged")"
}

check_base() {
	equal "base: what a load balancer on the host needs" "$(cat <<-'END'
		hostNetwork true
		containers ezlb
		initContainers null
		security {"privileged":true,"readOnlyRootFilesystem":true}
		args run --config-dir=/etc/ezlb/services.d --state-dir=/run/ezlb --persist-dir=/var/lib/ezlb --cleanup-on-exit=false --log-format=json
		message FallbackToLogsOnError
		token false
		priority system-node-critical
		tolerations [{"operator":"Exists"}]
		update RollingUpdate 1
	END
	)" "$(object base DaemonSet ".spec.updateStrategy as \$update | $pod | .containers[0] as \$main
		| \"hostNetwork \(.hostNetwork)\", \"containers \(.containers | map(.name) | join(\" \"))\",
		\"initContainers \(.initContainers)\", \"security \(\$main.securityContext | tojson)\",
		\"args \(\$main.args | join(\" \"))\", \"message \(\$main.terminationMessagePolicy)\",
		\"token \(.automountServiceAccountToken)\", \"priority \(.priorityClassName)\",
		\"tolerations \(.tolerations | tojson)\",
		\"update \(\$update.type) \(\$update.rollingUpdate.maxUnavailable)\"")"
	equal "base: no port is opened on the node" "" "$(grep -E 'admin-address|containerPort|hostPort' "$WORK/base.yaml" || :)"
}

# The program's own timeout, in s.
probe_gives_up() {
	sed -n 's/^#define TIMEOUT_MS \([0-9]*\)000$/\1/p' cmd/ezlb/cmd_probe.c
}

check_probes() {
	local name kind
	for name in startup:live liveness:live readiness:ready; do
		kind=${name#*:} name=${name%:*}Probe
		is base DaemonSet "/usr/local/sbin/ezlb probe $kind --state-dir=/run/ezlb" "$main.$name.exec.command | join(\" \")"
		# Where nothing answers there, it says so; where it were no command it would be status 2.
		status=0
		"$EZLB" probe "$kind" --state-dir="$WORK/absent" >"$WORK/why" || status=$?
		equal "which ezlb knows" "1 no ezlb answers on $WORK/absent/admin.sock" \
			"$status $(grep -o '^no ezlb answers on [^:]*' "$WORK/why")"
		equal "and whose reason is not cut off by the kubelet" true \
			"$(object base DaemonSet "$main.$name.timeoutSeconds > $(probe_gives_up)")"
	done
	for name in startupProbe livenessProbe; do
		is base DaemonSet 120 "$main.$name | .periodSeconds * .failureThreshold"
	done
}

# The image's entry point and the probes must name the same program.
check_program_is_in_image() {
	local program
	program=$(object base DaemonSet "$main.livenessProbe.exec.command[0]")
	succeeds "the Dockerfile's entry point is $program" grep -qxF "ENTRYPOINT [\"$program\"]" Dockerfile
}

check_mounts() {
	equal "mounts" "$(sort <<-'END'
		bpf /sys/fs/bpf ro=null sub=null
		modules /lib/modules ro=true sub=null
		persist /var/lib/ezlb ro=null sub=null
		services /etc/ezlb/services.d ro=true sub=null
		state /run/ezlb ro=null sub=null
		xtables-lock /run/xtables.lock ro=null sub=null
	END
	)" "$(object base DaemonSet "$main.volumeMounts[] | \"\(.name) \(.mountPath) ro=\(.readOnly) sub=\(.subPath)\"" | sort)"
	equal "volumes" "$(sort <<-'END'
		bpf cm=null host=/sys/fs/bpf null
		modules cm=null host=/lib/modules null
		persist cm=null host=/var/lib/ezlb DirectoryOrCreate
		services cm=ezlb-services host=null null
		state cm=null host=/run/ezlb DirectoryOrCreate
		xtables-lock cm=null host=/run/xtables.lock FileOrCreate
	END
	)" "$(object base DaemonSet "$pod.volumes[] | \"\(.name) cm=\(.configMap.name) host=\(.hostPath.path) \(.hostPath.type)\"" | sort)"
}

# The ConfigMap holds every file of services/, byte for byte.
check_configmap() {
	local file name
	services_of base "$WORK/services-base"
	for file in "$base"/services/*; do
		name=${file##*/}
		succeeds "the ConfigMap holds $name as it is" cmp "$file" "$WORK/services-base/$name"
	done
	equal "and nothing else" "$(ls "$base/services")" "$(ls "$WORK/services-base")"
}

# Only the init container is privileged. What ezlb itself may is what docs/dev/kernel-facts.md says that it needs.
check_restricted() {
	is "$1" DaemonSet '{"allowPrivilegeEscalation":false,"capabilities":{"add":["NET_ADMIN","NET_RAW","SETGID","SETUID"],"drop":["ALL"]},"readOnlyRootFilesystem":true,"seccompProfile":{"type":"RuntimeDefault"}}' \
		"$main.securityContext | tojson"
	equal "$1: all else is as in the base" "$(object base DaemonSet "$main.args + [\"--host-setup=never\"] | tojson")" \
		"$(object "$1" DaemonSet "$main.args | tojson")"
	is "$1" DaemonSet "host-setup --config-dir=/etc/ezlb/services.d --state-dir=/run/ezlb \
--persist-dir=/var/lib/ezlb --best-effort --log-format=json" "$init.args | join(\" \")"
	is "$1" DaemonSet 'true true' "$init.securityContext | \"\(.privileged) \(.readOnlyRootFilesystem)\""
	is "$1" DaemonSet true "$init.volumeMounts == $main.volumeMounts"
	is "$1" DaemonSet true "$init.image == $main.image"
}

# seconds NAME FILTER: the number before "s" in the one argument that the filter finds.
seconds() {
	object "$1" DaemonSet "$2" | sed -nE 's/^--wait=([0-9]+)s$/\1/p'
}

# hook NAME: what kubelet calls before it ends the container.
hook() {
	object "$1" DaemonSet "$main.lifecycle.preStop.exec.command | join(\" \")"
}

# NAME. ezlb knows the command; it says so when nobody answers.
check_hook() {
	local command status=0 wait
	equal "$1: before ezlb ends, its node drains" \
		"/usr/local/sbin/ezlb drain --until-exit --wait=60s --state-dir=/run/ezlb" "$(hook "$1")"
	mapfile -t command < <(object "$1" DaemonSet "$main.lifecycle.preStop.exec.command[]" | sed "s|=/run/ezlb\$|=$WORK/absent|")
	"$EZLB" "${command[@]:1}" >"$WORK/why" 2>&1 || status=$?
	equal "$1: ezlb knows the command" "1 no ezlb answers on $WORK/absent/admin.sock" \
		"$status $(grep -o 'no ezlb answers on [^:]*' "$WORK/why")"
	equal "$1: the program of the hook is that of the probes" true \
		"$(object "$1" DaemonSet "$main | .lifecycle.preStop.exec.command[0] == .livenessProbe.exec.command[0]")"
	wait=$(seconds "$1" "$main.lifecycle.preStop.exec.command[]")
	equal "$1: kubelet gives the pod 30 s more than the drain" "$((wait + 30))" \
		"$(object "$1" DaemonSet "$pod.terminationGracePeriodSeconds")"
}

# Several nodes with the same addresses. NAME, and what a component before it has added to the arguments.
check_high_availability() {
	local status=0
	is "$1" DaemonSet "[${2:+\"$2\",}\"--vip-device=ezlb0\",\"--vip-when=serving\"]" \
		"$main.args - $(object base DaemonSet "$main.args | tojson") | tojson"
	check_hook "$1"
	is "$1" DaemonSet 'RollingUpdate 1 30' ".spec | \"\(.updateStrategy.type) \(.updateStrategy.rollingUpdate.maxUnavailable) \(.minReadySeconds)\""
	"$EZLB" drain --until-exit --wait=soon >"$WORK/why" 2>&1 || status=$?
	equal "a wait that is no duration would be status 2" 2 "$status"
}

# What Prometheus is told fits together, and to what ezlb says.
check_monitoring() {
	# shellcheck disable=SC2016 # Kubernetes replaces it
	is monitoring DaemonSet '["--admin-address=$(HOST_IP):9106"]' \
		"$main.args - $(object base DaemonSet "$main.args | tojson") | tojson"
	is monitoring DaemonSet 'HOST_IP status.hostIP' "$main.env[] | \"\(.name) \(.valueFrom.fieldRef.fieldPath)\""
	is monitoring DaemonSet 'metrics 9106' "$main.ports[] | \"\(.name) \(.containerPort)\""
	is monitoring PodMonitor metrics '.spec.podMetricsEndpoints[].port'
	equal "monitoring: the PodMonitor selects the pods" \
		"$(object monitoring DaemonSet '.spec.template.metadata.labels | tojson')" \
		"$(object monitoring PodMonitor '.spec.selector.matchLabels | tojson')"
	check_alerts monitoring
	equal "monitoring: the job of the rules is that of the PodMonitor" '"ezlb"' \
		"$(object monitoring PrometheusRule '.spec.groups[].rules[].expr' | grep -o 'job="[^"]*"' | sort -u | sed 's/job=//')"
	is monitoring DaemonSet ezlb ".spec.template.metadata.labels[\"$(object monitoring PodMonitor .spec.jobLabel)\"]"
}

check_cleanup() {
	is cleanup DaemonSet "cleanup --state-dir=/run/ezlb --persist-dir=/var/lib/ezlb --log-format=json" "$init.args | join(\" \")"
	is cleanup DaemonSet true "$init.securityContext.privileged"
	is cleanup DaemonSet '["bpf","modules","persist","state","xtables-lock"]' "[$init.volumeMounts[].name] | sort | tojson"
	is cleanup DaemonSet 100% '.spec.updateStrategy.rollingUpdate.maxUnavailable'
	# What follows the cleanup must touch nothing, whatever the ConfigMap says.
	is cleanup DaemonSet 'services {}' "$pod.volumes[0] | \"\(.name) \(.emptyDir)\""
	is cleanup DaemonSet '["ALL"] null' "$main.securityContext.capabilities | \"\(.drop | tojson) \(.add)\""
	is cleanup DaemonSet --dataplane=memory "$main.args[1]"
	# It must not run here with the kernel of this host.
	[[ $(object cleanup DaemonSet "$main.args[1]") != --dataplane=memory ]] || check_idle
}

# The arguments of the container that only shows that the node is done: it becomes ready.
check_idle() {
	local args=()
	mapfile -t args < <(object cleanup DaemonSet "$main.args[]" |
		sed "s|=/etc/ezlb/services.d|=$WORK/no-services|; s|=/run/ezlb|=$WORK/idle|")
	mkdir "$WORK/no-services" "$WORK/idle"
	timeout 60 "$EZLB" "${args[@]}" 2>"$WORK/idle.log" &
	for _ in {1..100}; do
		! "$EZLB" probe ready --state-dir="$WORK/idle" >"$WORK/why" || break
		sleep 0.1
	done
	kill %1
	wait %1 || :
	equal "cleanup: the container that is left becomes ready" ok "$(<"$WORK/why")"
}

# Both, in one kustomization: this is what components are for.
render_all_components() {
	local dir=$WORK/own
	mkdir -p "$dir"
	cp -r deploy/k8s "$dir/k8s"
	cat >"$dir/kustomization.yaml" <<-END
		apiVersion: kustomize.config.k8s.io/v1beta1
		kind: Kustomization
		namespace: ezlb
		resources: [k8s/base]
		components: [$1]
	END
	kubectl kustomize "$dir"
}

# refuses_order DESCRIPTION COMPONENT LIST: the component says that it is at the wrong place.
refuses_order() {
	equal "$1 is refused" refused "$(render_all_components "$3" >"$WORK/wrong" 2>&1 || echo refused)"
	succeeds "and it says which component" grep -q "components/$2.*test failed" "$WORK/wrong"
}

check_components_together() {
	succeeds "restricted and monitoring together render" render both \
		render_all_components "k8s/components/restricted, k8s/components/monitoring"
	check_render both "ConfigMap DaemonSet Namespace PodMonitor PrometheusRule"
	# shellcheck disable=SC2016 # Kubernetes replaces it
	is both DaemonSet '["--host-setup=never","--admin-address=$(HOST_IP):9106"]' "$main.args[-2:] | tojson"
	# Cleanup must also work for those who have the others: it replaces the init container.
	succeeds "and with cleanup" render three \
		render_all_components "k8s/components/restricted, k8s/components/monitoring, k8s/components/cleanup"
	is three DaemonSet cleanup "[$pod.initContainers[].name] | join(\" \")"
	equal "with cleanup: ezlb has the commands and flags" "" "$(wrong_args three)"
	succeeds "restricted and high-availability together render" render available \
		render_all_components "k8s/components/restricted, k8s/components/monitoring, k8s/components/high-availability"
	check_render available "ConfigMap DaemonSet Namespace PodMonitor PrometheusRule"
	check_hook available
	equal "the init container knows the device, once" "--vip-device=ezlb0" \
		"$(object available DaemonSet "$init.args[] | select(startswith(\"--vip\"))")"
	equal "and ezlb has the two rights that a dummy link needs" '["NET_ADMIN","NET_RAW","SETGID","SETUID"]' \
		"$(object available DaemonSet "$main.securityContext.capabilities.add | tojson")"
	succeeds "all four render" render four \
		render_all_components "k8s/components/restricted, k8s/components/monitoring, k8s/components/high-availability, k8s/components/cleanup"
	is four DaemonSet cleanup "[$pod.initContainers[].name] | join(\" \")"
	equal "all four: ezlb has the commands and flags" "" "$(wrong_args four)"
	refuses_order "high-availability before restricted" restricted "k8s/components/high-availability, k8s/components/restricted"
	refuses_order "cleanup before high-availability" high-availability "k8s/components/cleanup, k8s/components/high-availability"
	# In this order cleanup would be lost, and its pods would be ready nevertheless.
	refuses_order "cleanup before restricted" restricted "k8s/components/cleanup, k8s/components/restricted"
}

# ezlb-toa is a DaemonSet of its own, for the nodes of backends.
check_toa() {
	equal "toa: objects" "ConfigMap DaemonSet Namespace" "$(of toa '[.[].kind] | sort | join(" ")')"
	equal "toa: its parts belong together" "" "$(inconsistent toa)"
	equal "toa: what it needs on a node" "$(cat <<-'END'
		command /usr/local/sbin/ezlb-toa run --pin
		probe /usr/local/sbin/ezlb-toa status
		image ezlb:0.1.0
		security {"privileged":true,"readOnlyRootFilesystem":true}
		env EZLB_TOA_CGROUP=/host/cgroup
		mount bpf /sys/fs/bpf null
		mount cgroup /host/cgroup true
		volume bpf /sys/fs/bpf Directory
		volume cgroup /sys/fs/cgroup Directory
	END
	)" "$(object toa DaemonSet "$main as \$main | \"command \(\$main.command + \$main.args | join(\" \"))\",
		\"probe \(\$main.readinessProbe.exec.command | join(\" \"))\", \"image \(\$main.image)\",
		\"security \(\$main.securityContext | tojson)\", (\$main.env[] | \"env \(.name)=\(.value)\"),
		(\$main.volumeMounts[] | \"mount \(.name) \(.mountPath) \(.readOnly)\"),
		($pod.volumes[] | \"volume \(.name) \(.hostPath.path) \(.hostPath.type)\")")"
	equal "toa: the container has the ConfigMap" "$(object toa ConfigMap .metadata.name)" \
		"$(object toa DaemonSet "$main.envFrom[].configMapRef.name")"
	is toa ConfigMap EZLB_TOA_FROM '.data | keys | join(" ")'
	# It goes on to look for the cgroup, so the list is good. Nothing is attached here.
	equal "toa: ezlb-toa accepts the command and the list" "ezlb-toa: open the cgroup $WORK/none: No such file or directory" \
		"$(EZLB_TOA_FROM=$(object toa ConfigMap .data.EZLB_TOA_FROM) EZLB_TOA_CGROUP=$WORK/none \
			xargs "$(dirname "$EZLB")/ezlb-toa" < <(object toa DaemonSet "$main.args[]") 2>&1 || :)"
	equal "toa-remove: it detaches, and what runs then goes with its pod" \
		"/usr/local/sbin/ezlb-toa detach, /usr/local/sbin/ezlb-toa run, 100%" "$(object remove DaemonSet "$pod |
			\"\(.initContainers[0] | .command + .args | join(\" \")), \(.containers[0] | .command + .args | join(\" \"))\"" |
			tr -d '\n'), $(object remove DaemonSet .spec.updateStrategy.rollingUpdate.maxUnavailable)"
	equal "toa-remove: the rest is that of toa" "$(object toa DaemonSet "$main | del(.args) | tojson")" \
		"$(object remove DaemonSet "$main | del(.args) | tojson")"
	equal "toa-remove: it can reach the pins" "$(object toa DaemonSet "[$main.volumeMounts[0], $main.securityContext, $main.image] | tojson")" \
		"$(object remove DaemonSet "[$init.volumeMounts[0], $init.securityContext, $init.image] | tojson")"
	succeeds "toa: the namespace is that of the base" cmp "$base/namespace.yaml" deploy/k8s/toa/namespace.yaml
}

# BIRD beside ezlb, for those whose cluster announces no addresses of a link.
check_bird() {
	local file
	equal "bird: objects" "ConfigMap DaemonSet" "$(of bird '[.[].kind] | sort | join(" ")')"
	equal "bird: they are in the namespace of ezlb" ezlb "$(of bird '[.[].metadata.namespace] | unique | join(" ")')"
	equal "bird: its parts belong together" "" "$(inconsistent bird)"
	services_of bird "$WORK/bird"
	equal "bird: the ConfigMap has both files" "bird.conf local.conf" "$(cd "$WORK/bird" && echo *)"
	for file in deploy/bird/bird.conf deploy/k8s/bird/local.conf; do
		succeeds "bird: the ConfigMap has $file as it is" cmp "$file" "$WORK/bird/${file##*/}"
	done
	equal "bird: what it needs on a node" "$(cat <<-'END'
		hostNetwork true
		command bird -f -c /etc/bird/bird.conf -s /run/bird/bird.ctl
		probe birdc -s /run/bird/bird.ctl show status
		rights ["NET_ADMIN","NET_BIND_SERVICE","NET_BROADCAST","NET_RAW"]
		mount /etc/bird ezlb-bird
		mount /run/bird null
		update 1 30
	END
	)" "$(object bird DaemonSet ".spec as \$spec | $pod as \$pod | $main as \$main | \"hostNetwork \(\$pod.hostNetwork)\",
		\"command \(\$main.command | join(\" \"))\", \"probe \(\$main.readinessProbe.exec.command | join(\" \"))\",
		\"rights \(\$main.securityContext.capabilities.add | tojson)\",
		(\$main.volumeMounts[] | .name as \$name | \"mount \(.mountPath) \(\$pod.volumes[] | select(.name == \$name).configMap.name)\"),
		\"update \(\$spec.updateStrategy.rollingUpdate.maxUnavailable) \(\$spec.minReadySeconds)\"")"
	equal "bird: it runs where ezlb runs" "$(object base DaemonSet "$pod | {nodeSelector, tolerations, priorityClassName}")" \
		"$(object bird DaemonSet "$pod | {nodeSelector, tolerations, priorityClassName}")"
	# bird.conf announces this link, and components/high-availability names it.
	succeeds "bird: it announces the link of high-availability" grep -q 'interface "ezlb0";' "$WORK/bird/bird.conf"
}

check_example() {
	is example DaemonSet registry.example.com/ezlb:0.1.0 "[$main.image, $init.image] | unique | join(\" \")"
	is example ConfigMap web.yaml '.data | keys | join(" ")'
	check_restricted example
}

# Objects that are broken on purpose. Else the comparison with the types proves nothing.
break_objects() {
	local edit n=0
	mkdir "$WORK/broken"
	while read -r edit; do
		n=$((n + 1))
		jq -c ".[] | select(.kind == \"DaemonSet\") | $edit" "$WORK/restricted.json" >"$WORK/broken/broken$n.yaml"
	done <<-END
		$main.securityContext.capabilites = {}
		$main.securityContext.readOnlyRootFilesystem = "true"
		$main.terminationMessagePolicy = "fallbackToLogsOnError"
		$init.volumeMount = []
		$main.lifecycle.prestop = {}
		$main.lifecycle.preStop.exec = ["ezlb"]
		.spec.minReadySecond = 30
		.spec.minReadySeconds = "30"
		.spec.template.spec.hostnetwork = true
		.spec.updateStrategy.rollingUpdate.maxUnavailable = [1]
		del(.spec.selector)
		.kind = "Daemonset"
		.apiVersion = "extensions/v1beta9"
	END
}

check_types() {
	break_objects
	strict "$WORK"/{base,restricted,monitoring,cleanup,high-availability,example,both,three,available,four,toa,remove,bird}.yaml "$WORK"/broken/* >"$WORK/complaints" || :
	equal "all objects are as the types of Kubernetes say" "" "$(grep -v '^broken' "$WORK/complaints" || :)"
	equal "the types find each broken field" "$(cd "$WORK/broken" && ls)" \
		"$(sed -n 's/^\(broken[^:]*\):.*/\1/p' "$WORK/complaints" | sort -u)"
}

need jq jq
need_ezlb
kube_tools
succeeds "deploy/k8s/base renders" render base kubectl kustomize "$base"
[[ $failed -eq 0 ]] || finish
for overlay in restricted monitoring cleanup high-availability example; do
	succeeds "overlays/$overlay renders" render "$overlay" kubectl kustomize "deploy/k8s/overlays/$overlay"
done
equal "there is no other overlay" "cleanup example high-availability monitoring restricted" \
	"$(find deploy/k8s/overlays -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | xargs)"
[[ $failed -eq 0 ]] || finish
check_render base "ConfigMap DaemonSet Namespace"
check_base
check_probes
check_program_is_in_image
check_mounts
check_configmap
check_render restricted "ConfigMap DaemonSet Namespace"
check_restricted restricted
check_render monitoring "ConfigMap DaemonSet Namespace PodMonitor PrometheusRule"
check_monitoring
check_render cleanup "ConfigMap DaemonSet Namespace"
check_cleanup
check_render high-availability "ConfigMap DaemonSet Namespace"
check_high_availability high-availability
check_render example "ConfigMap DaemonSet Namespace"
check_example
check_components_together
succeeds "deploy/k8s/toa renders" render toa kubectl kustomize deploy/k8s/toa
succeeds "deploy/k8s/toa-remove renders" render remove kubectl kustomize deploy/k8s/toa-remove
check_toa
succeeds "deploy/k8s/bird renders" render bird kubectl kustomize deploy/k8s/bird
check_bird
check_types
finish
