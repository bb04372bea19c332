#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deploy/k8s/base renders, the render says what a load balancer on the host needs, and `ezlb check`
# accepts the service files in it. Needs no cluster: every kubectl call is local.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"

base=$REPO/deploy/k8s/base
# Not the caller's cluster, nor anyone's.
export KUBECONFIG=/dev/null

# shellcheck disable=SC2317 # succeeds calls it
render() {
	kubectl kustomize "$base" >"$WORK/render.yaml"
}

# split_by_kind FILE: one object a file, named $WORK/KIND.N.yaml.
split_by_kind() {
	awk -v dir="$WORK" '
		function flush() {
			if (kind != "")
				printf "%s", text > (dir "/" kind "." ++count[kind] ".yaml")
			kind = text = ""
		}
		/^---$/ { flush(); next }
		/^kind: / { kind = $2 }
		{ text = text $0 "\n" }
		END { flush() }' "$1"
}

# field KIND JSONPATH: kubectl as a parser, so that no test here depends on how YAML is laid out.
# The annotation is added in the output only.
field() {
	kubectl annotate --local -f "$WORK/$1.1.yaml" -o "jsonpath=$2" test=test
}

# field_is KIND WANT JSONPATH
field_is() {
	equal "$1 $3 is '$2'" "$2" "$(field "$1" "$3")"
}

check_objects() {
	local kinds
	kinds=$(sed -n 's/^kind: //p' "$WORK/render.yaml" | LC_ALL=C sort | paste -sd ' ')
	equal "one object of each kind" "ConfigMap DaemonSet Namespace" "$kinds"
	[[ $kinds == "ConfigMap DaemonSet Namespace" ]] || finish
}

check_namespace() {
	field_is Namespace ezlb '{.metadata.name}'
	field_is Namespace privileged '{.metadata.labels.pod-security\.kubernetes\.io/enforce}'
	field_is DaemonSet ezlb '{.metadata.namespace}'
	field_is ConfigMap ezlb '{.metadata.namespace}'
}

check_daemonset() {
	local pod=.spec.template.spec container='.spec.template.spec.containers[0]'
	field_is DaemonSet true "{$pod.hostNetwork}"
	field_is DaemonSet ezlb "{$pod.containers[*].name}"
	field_is DaemonSet true "{$container.securityContext.privileged}"
	field_is DaemonSet "/usr/local/sbin/ezlb run" "{$container.command[*]}"
	field_is DaemonSet "--config-dir=/etc/ezlb/services.d --state-dir=/run/ezlb \
--cleanup-on-exit=false --log-format=json" "{$container.args[*]}"
	field_is DaemonSet FallbackToLogsOnError "{$container.terminationMessagePolicy}"
	field_is DaemonSet false "{$pod.automountServiceAccountToken}"
	field_is DaemonSet system-node-critical "{$pod.priorityClassName}"
	field_is DaemonSet Exists "{$pod.tolerations[*].operator}"
	field_is DaemonSet 'RollingUpdate 1' \
		'{.spec.updateStrategy.type} {.spec.updateStrategy.rollingUpdate.maxUnavailable}'
	field_is DaemonSet "$(field DaemonSet '{.spec.selector.matchLabels}')" \
		'{.spec.template.metadata.labels}'
}

# probe NAME: the command of an exec probe.
probe() {
	field DaemonSet "{.spec.template.spec.containers[0].$1.exec.command[*]}"
}

# probe_number NAME KEY
probe_number() {
	field DaemonSet "{.spec.template.spec.containers[0].$1.$2}"
}

# The program's own timeout, in s.
probe_gives_up() {
	sed -n 's/^#define TIMEOUT_MS \([0-9]*\)000$/\1/p' "$REPO/cmd/ezlb/cmd_probe.c"
}

check_probes() {
	local name kind patience
	for name in startup:live liveness:live readiness:ready; do
		kind=${name#*:} name=${name%:*}Probe
		equal "$name" "/usr/local/sbin/ezlb probe $kind --state-dir=/run/ezlb" "$(probe "$name")"
		# Where nothing answers there, it says so; where it were no command it would be status 2.
		status=0
		"$EZLB" probe "$kind" --state-dir="$WORK/absent" >"$WORK/why" || status=$?
		equal "which ezlb knows" "1 no ezlb answers on $WORK/absent/admin.sock" \
			"$status $(grep -o '^no ezlb answers on [^:]*' "$WORK/why")"
		equal "and whose reason is not cut off by the kubelet" yes \
			"$([[ $(probe_number "$name" timeoutSeconds) -gt $(probe_gives_up) ]] && echo yes)"
	done
	for name in startupProbe livenessProbe; do
		patience=$(($(probe_number "$name" periodSeconds) * $(probe_number "$name" failureThreshold)))
		equal "$name kills after 2 min" 120 "$patience"
	done
	equal "no port is opened on the node" "" "$(grep -E 'admin-address|containerPort|hostPort' "$WORK/render.yaml" || :)"
}

# The image's entry point and the manifest must name the same program.
check_command_is_in_image() {
	local program
	program=$(field DaemonSet '{.spec.template.spec.containers[0].command[0]}')
	succeeds "the Dockerfile's entry point is $program" \
		grep -qxF "ENTRYPOINT [\"$program\"]" "$REPO/Dockerfile"
}

check_mounts() {
	local pod=.spec.template.spec
	equal "mounts" "$(sort <<-'END'
		modules /lib/modules ro=true sub=
		services /etc/ezlb/services.d ro=true sub=
		state /run/ezlb ro= sub=
		xtables-lock /run/xtables.lock ro= sub=
	END
	)" "$(field DaemonSet "{range $pod.containers[0].volumeMounts[*]}\
{.name} {.mountPath} ro={.readOnly} sub={.subPath}{\"\n\"}{end}" | sort)"
	equal "volumes" "$(sort <<-'END'
		modules cm= host=/lib/modules
		services cm=ezlb-services host=
		state cm= host=/run/ezlbDirectoryOrCreate
		xtables-lock cm= host=/run/xtables.lockFileOrCreate
	END
	)" "$(field DaemonSet "{range $pod.volumes[*]}\
{.name} cm={.configMap.name} host={.hostPath.path}{.hostPath.type}{\"\n\"}{end}" | sort)"
}

# The ConfigMap holds every file of services/, byte for byte, under a name without a hash.
check_configmap() {
	local file name listed
	field_is ConfigMap ezlb-services '{.metadata.name}'
	mkdir "$WORK/services"
	for file in "$base"/services/*; do
		name=${file##*/}
		field ConfigMap "{.data.${name//./\\.}}" >"$WORK/services/$name"
		succeeds "the ConfigMap holds $name as it is" cmp "$file" "$WORK/services/$name"
	done
	listed=$(awk '/^data:$/ { on = 1; next } /^[^ ]/ { on = 0 }
		on && /^  [^ ].*:/ { n++ } END { print n + 0 }' "$WORK/ConfigMap.1.yaml")
	equal "and nothing else" "$(find "$base/services" -type f | wc -l)" "$listed"
}

need kubectl kubernetes-client
need_ezlb
succeeds "deploy/k8s/base renders" render
[[ $failed -eq 0 ]] || finish
split_by_kind "$WORK/render.yaml"
check_objects
check_namespace
check_daemonset
check_probes
check_command_is_in_image
check_mounts
check_configmap
succeeds "ezlb check accepts the rendered service files" "$EZLB" check "$WORK/services"
finish
