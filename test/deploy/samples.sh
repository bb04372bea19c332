#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The samples in the documents: service files pass `ezlb check`, other YAML and JSON can be parsed,
# kustomizations and values of the chart render, objects of Kubernetes are as its types say, commands name
# subcommands, flags and files that exist, and log lines have messages that the program logs.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/lib/docs.bash
. "$(dirname "$0")/../lib/docs.bash"
# shellcheck source=test/lib/kube.bash
. "$(dirname "$0")/../lib/kube.bash"
cd "$REPO"

# complete FILE: a part of a service file gets the required fields that it lacks.
complete() {
	local ip=10.0.0
	! grep -q '^listen: "\[' "$1" || ip=fd00
	grep -q '^listen:' "$1" || echo "listen: 10.0.0.1:80"
	cat "$1"
	! grep -q '^snat_ip:' "$1" || grep -q '^full_nat:' "$1" || echo "full_nat: true"
	grep -q '^backends:' "$1" || {
		echo "backends:"
		[[ $ip == fd00 ]] && echo '  - address: "[fd00::11]:80"' || echo "  - address: 192.168.10.11:80"
	}
}

# Where YAML is wrong, ezlb says so with E003, E004 or E005, whatever it is about.
# shellcheck disable=SC2317 # succeeds calls it, and the next one
is_yaml() {
	local output
	output=$("$EZLB" check "$1" 2>&1) || :
	[[ $output != *'error[E00'* ]] || {
		echo "$output"
		return 1
	}
}

# The sample is beside the base, with the service files that it names.
# shellcheck disable=SC2317
renders() {
	local dir=$WORK/kustomize file
	rm -rf "$dir"
	mkdir -p "$dir/ezlb/deploy" "$dir/own/services"
	cp -r deploy/{k8s,bird} "$dir/ezlb/deploy/"
	cp "$1" "$dir/own/kustomization.yaml"
	sed -n 's|^ *- \(services/[a-z.-]*\).*|\1|p' "$1" | while read -r file; do
		cp examples/services.d/web.yaml "$dir/own/$file"
	done
	! grep -q '^ *- local.conf' "$1" || cp deploy/k8s/bird/local.conf "$dir/own/"
	# Not a pipe: grep would leave before kubectl has written all.
	render "$2" kubectl kustomize "$dir/own" && consistent "$2" && grep -q 'image: registry.example.com/ezlb' "$WORK/$2.yaml"
}

# Values for the chart, with the service files in them.
# shellcheck disable=SC2317
are_values() {
	render "$2" helm template ezlb deploy/helm/ezlb --namespace ezlb -f "$1" && consistent "$2" || return
	! grep -q '^services:' "$1" || services_pass "$2"
}

# shellcheck disable=SC2317
is_object() {
	render "$2" cat "$1" && { ! grep -q '^kind: ConfigMap' "$1" || services_pass "$2"; }
}

# shellcheck disable=SC2317
consistent() {
	local found
	found=$(inconsistent "$1" && wrong_args "$1")
	[[ -z $found ]] || {
		echo "$found"
		return 1
	}
}

# shellcheck disable=SC2317
services_pass() {
	"$EZLB" check "$WORK/$1.yaml"
}

# The keys with which values of the chart begin.
values_begin() {
	echo "^($(sed -n 's/^\([a-zA-Z]*\):.*/\1/p' deploy/helm/ezlb/values.yaml | paste -sd '|')):"
}

# What renders is in $rendered, to compare all of it with the types at once.
check_yaml() {
	local block=$1 name=${1##*/} as=
	if grep -q '^apiVersion: kustomize' "$block"; then
		as=renders
	elif grep -qE '^apiVersion: (v1|apps/v1)$' "$block"; then
		as=is_object
	elif head -n 1 "$block" | grep -qE "$(values_begin)"; then
		as=are_values
	elif grep -qE '^(apiVersion|scrape_configs|groups):' "$block"; then
		succeeds "$name is YAML" is_yaml "$block"
	else
		mkdir -p "$WORK/service"
		complete "$block" >"$WORK/service/web.yaml"
		succeeds "ezlb check accepts $name" "$EZLB" check "$WORK/service/web.yaml"
	fi
	[[ -n $as ]] || return 0
	succeeds "$name ${as//_/ }" "$as" "$block" "${name%.yaml}"
	rendered+=("$WORK/${name%.yaml}.yaml")
}

# The commands in the documents, one per line. In a session they stand after a prompt.
commands_in_documents() {
	local file
	for file in $(documents); do
		rm -rf "$WORK/blocks"
		blocks sh "$file"
		blocks console "$file"
		cat /dev/null "$WORK"/blocks/*.sh | sed -e ':a' -e '/\\$/{N;s/\\\n *//;ba' -e '}' -e 's/  *#.*//'
		cat /dev/null "$WORK"/blocks/*.console | sed -n 's/^[a-z]*[$#] //p'
		inline "$file" | grep -E '^(ezlb|scripts/[a-z]*|systemctl|iptables|cmake|kubectl|helm) ' || :
	done
}

# One command of ezlb per line, with what follows it up to a pipe or the like.
calls_of_ezlb() {
	sed -E 's/([|;&]+| --) /\n/g' "$WORK/commands" | sed -E '/^ *(kubectl|helm) /d' |
		sed -nE 's/^ *(.*\/)?ezlb ([a-z-].*)$/\2/p' | sort -u
}

unknown_calls() {
	local call command word
	calls_of_ezlb | while read -r call; do
		command=${call%% *}
		[[ $command != --* && $command != help ]] || continue
		if ! grep -qx -- "$command" "$WORK/subcommands"; then
			echo "ezlb $call: no such command"
			continue
		fi
		for word in $call; do
			word=${word%%[=\[]*}
			[[ $word == --* ]] || continue
			grep -qx -- "$command $word" "$WORK/flags" || echo "ezlb $call: no flag $word"
		done
	done
}

# Flags in backticks that no command has. Those of kubectl and ipvsadm are not ours; ezlb-toa is.
unknown_flags() {
	local file command others='--(server-side|reuse-values|sctp-service|pe|tun-(type|port|nocsum|csum|remcsum)|set|start-daemon)'
	for command in run status; do
		"$EZLB-toa" "$command" --help | sed -nE "s/^  (--[a-z-]+).*/ezlb-toa \1/p"
	done | cat - "$WORK/flags" >"$WORK/all-flags"
	for file in $(user_documents); do
		inline "$file" | grep -oE '^--[a-z][a-z-]+' | grep -vxE -- "$others" | while read -r word; do
			grep -q -- " $word\$" "$WORK/all-flags" || echo "$file: $word"
		done
	done
}

# Subcommands and flags of kubectl and helm in our commands that these programs do not have.
foreign_calls() {
	local tool sub rest word options
	options=$(kubectl options)
	sed -E 's/[|;&]+ /\n/g' "$WORK/commands" | grep -E '^ *(kubectl|helm) ' | sed 's/ -- .*//; s/ -n [a-z]*//' |
		sort -u | while read -r tool sub rest; do
		[[ $sub != rollout ]] || { sub+=" ${rest%% *}" rest=${rest#* }; }
		# shellcheck disable=SC2086 # rollout has a second word
		if ! "$tool" $sub --help >"$WORK/help" 2>&1 || ! grep -q "$tool $sub" "$WORK/help"; then
			echo "$tool $sub: no such command"
			continue
		fi
		for word in $rest; do
			[[ $word == -* ]] || continue
			grep -qE -- "(^|[ ,])${word%%=*}([=, ]|\$)" "$WORK/help" - <<<"$options" || echo "$tool $sub: no flag $word"
		done
	done
}

missing_files() {
	grep -oE '(^| )(scripts|deploy|examples|test|\.ci)/[^ ;]*' "$WORK/commands" | tr -d ' ' | sort -u | while read -r path; do
		[[ -e $path ]] || echo "$path"
	done
}

# Messages of quoted log lines that the program does not log. It may write a string in several pieces.
foreign_messages() {
	local message
	git ls-files 'pkg/*.c' 'cmd/*.c' | xargs cat | tr -s '[:space:]' ' ' | sed 's/" "//g' >"$WORK/source"
	# shellcheck disable=SC2046 # our names have no spaces
	grep -ohE '^level=.* msg=("[^"]*"|[^ ]*)' $(user_documents) | sed -E 's/.* msg="?//; s/"$//' |
		sort -u >"$WORK/messages"
	[[ -s $WORK/messages ]] || echo "no document quotes a log line"
	while read -r message; do
		grep -qF "\"$message\"" "$WORK/source" || echo "$message"
	done <"$WORK/messages"
}

shopt -s nullglob
need jq jq
need_ezlb
kube_tools
for document in $(documents); do
	blocks yaml "$document"
	blocks json "$document"
done
rendered=()
for block in "$WORK"/blocks/*.yaml; do
	check_yaml "$block"
done
succeeds "objects of Kubernetes are as its types say" strict "${rendered[@]}"
for block in "$WORK"/blocks/*.json; do
	succeeds "${block##*/} is JSON" jq -e . "$block"
done
commands_known >"$WORK/subcommands"
for command in $(commands_known); do
	for flag in $(flags_of "$command") --help; do
		echo "$command $flag"
	done
done >"$WORK/flags"
commands_in_documents >"$WORK/commands"
succeeds "the documents have commands" test "$(wc -l <"$WORK/commands")" -gt 50
equal "their subcommands and flags exist" "" "$(unknown_calls)"
equal "those of kubectl and helm, too" "" "$(foreign_calls)"
equal "flags in the text exist" "" "$(unknown_flags)"
equal "files in commands exist" "" "$(missing_files)"
equal "quoted log lines have messages of the program" "" "$(foreign_messages)"
finish
