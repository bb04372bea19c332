#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `ezlb check` as a gate in CI: manifests of Kubernetes by pipes, formats for programs, and what must not pass.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
unset EZLB_FORMAT EZLB_CONFIGMAP # the caller's
need_ezlb
need python3 python3
need kubectl kubernetes-client

# ez ARGUMENT...: $status, $out and $err are what came of it; standard input is the caller's.
ez() {
	status=0
	timeout 20 "$EZLB" check "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
	out=$(<"$WORK/out")
	err=$(<"$WORK/err")
}

# ended DESCRIPTION STATUS STDOUT-PART STDERR-PART: of the last ez. An empty part for stderr wants it empty.
ended() {
	if [[ $status -eq $2 && $out == *"$3"* && $err == *"$4"* && (-n $4 || -z $err) ]]; then
		pass "$1"
	else
		fail "$1" "want: $2, '$3', '$4'"$'\n'"exit status $status"$'\n'"stdout: $out"$'\n'"stderr: $err"
	fi
}

# service LISTEN: a sound service file.
service() {
	printf 'listen: %s\nhealth_check: {enabled: false}\nbackends:\n  - address: 10.1.0.1:80\n' "$1"
}

# configmap NAME FILE...: a manifest with the files as keys.
configmap() {
	local file
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: lb}\ndata:\n' "$1"
	for file in "${@:2}"; do
		printf '  %s: |\n' "${file##*/}"
		sed 's/^/    /' "$file"
	done
}

files() {
	mkdir -p "$WORK/good" "$WORK/taken" "$WORK/empty"
	service 10.0.0.1:80 >"$WORK/good/web.yaml"
	service 10.0.0.2:80 >"$WORK/good/api.yaml"
	service 10.0.0.1:80 >"$WORK/taken/b.yaml"
	service 10.0.0.1:80 >"$WORK/taken/a.yaml"
	(service 10.0.0.3:80 && echo 'name: a') >"$WORK/taken/c.yaml"
	service 10.0.0.1:70000 >"$WORK/bad.yaml"
	(service 10.0.0.4:80 && echo 'one_packet: true' && echo 'protocol: udp') >"$WORK/warned.yaml"
	printf 'groups: []\n' >"$WORK/rules.yaml"
	{
		printf 'apiVersion: v1\nkind: Namespace\nmetadata: {name: lb}\n---\n'
		configmap rules "$WORK/rules.yaml"
		echo ---
		configmap services "$WORK/good/web.yaml" "$WORK/bad.yaml"
	} >"$WORK/stream"
}

nothing() {
	ez "$WORK/empty"
	ended "a directory without service files is no success" 1 "0 files checked, 0 errors" "nothing was checked"
	ez --allow-empty "$WORK/empty"
	ended "unless that is allowed" 0 "0 files checked, 0 errors" ""
	ez --config-dir "$WORK/empty"
	ended "the same for --config-dir" 1 "" "nothing was checked"
	configmap rules "$WORK/rules.yaml" >"$WORK/rules"
	ez - <"$WORK/rules"
	ended "nor is a stream without service files" 1 "passed over: 1 ConfigMap without service files (lb/rules)" \
		"no ConfigMap has service files"
	printf 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\n' >"$WORK/service"
	ez - <"$WORK/service"
	ended "of a Service it says which command takes it" 1 "passed over: 1 other object" "to convert Services use \`ezlb import\`"
	ez "$REPO/deploy/helm/ezlb/templates/configmap.yaml"
	ended "of a template, what to check in its place" 1 "helm template CHART | ezlb check -" ""
	ez --allow-empty - <"$WORK/rules"
	ended "that can be allowed, too" 0 "0 files checked, 0 errors" ""
	ez - </dev/null
	ended "nor is an empty standard input" 1 "<stdin>:1:1: error[E011]: the file is empty: nothing came in
  help: look whether the command before the pipe failed" ""
	ez --configmap absent - <"$WORK/stream"
	ended "nor a ConfigMap that is not there" 1 "" "there is no ConfigMap absent"
}

names() {
	cp "$WORK/good/web.yaml" "$WORK/web.conf"
	ez "$WORK/web.conf"
	ended "a file that run ignores" 1 "web.conf: error[E006]: \`ezlb run\` ignores this file" ""
	cp "$WORK/good/web.yaml" "$WORK/good/web.yaml.bak"
	ez "$WORK/good"
	ended "in a directory it is named" 0 "2 files checked, 0 errors; ignored, as by \`ezlb run\`: $WORK/good/web.yaml.bak" ""
	rm "$WORK/good/web.yaml.bak"
	ez "$WORK/good/web.yaml" "$WORK/good" "$WORK/good/../good/web.yaml"
	ended "a file that is given twice counts once" 0 "2 files checked, 0 errors" ""
	printf 'virtual_server 10.0.0.1 80 {\n}\n' >"$WORK/keepalived.conf"
	ez "$WORK/keepalived.conf"
	ended "a file for another program" 1 "error[E007]: this is a configuration of keepalived" ""
	equal "one error says it" 1 "$(grep -c "error\[" "$WORK/out")"
}

manifests() {
	ez - <"$WORK/stream"
	ended "a stream of manifests" 1 "<stdin>:22:13: error[E014]: port 70000 is out of range" ""
	ended "the line of the manifest" 1 "   22 |     listen: 10.0.0.1:70000
      |             ^
  in: ConfigMap lb/services, key bad.yaml" ""
	ended "and what was passed over" 1 \
		"2 files checked, 1 error, 1 warning; passed over: 1 ConfigMap without service files (lb/rules), 1 other object" ""
	ez <(cat "$WORK/stream")
	ended "from a pipe with a name" 1 ":22:13: error[E014]" ""
	ez --configmap lb/rules "$WORK/stream"
	ended "one that is named is checked" 1 "ConfigMap lb/rules, key rules.yaml" ""
	EZLB_CONFIGMAP=lb/rules:services ez "$WORK/stream"
	ended "EZLB_CONFIGMAP names more than one" 1 "3 files checked" ""
	EZLB_CONFIGMAP=lb/rules ez --configmap services "$WORK/stream"
	ended "--configmap replaces it" 1 "2 files checked, 1 error; passed over: 1 other ConfigMap (" ""
	python3 -c '
import json, sys, yaml
json.dump({"apiVersion": "v1", "kind": "List", "items": list(yaml.safe_load_all(open(sys.argv[1])))}, sys.stdout)' \
		"$WORK/stream" >"$WORK/list.json"
	ez - <"$WORK/list.json"
	ended "the same as JSON" 1 "in: ConfigMap lb/services, key bad.yaml" ""
	equal "its column is that of the value" ":70000" \
		"$(cut -c "$(sed -n 's/^<stdin>:1:\([0-9]*\): error.*/\1/p' "$WORK/out")-" "$WORK/list.json" | sed 's/^10.0.0.1\(:[0-9]*\).*/\1/')"
	mkdir "$WORK/manifests"
	configmap services "$WORK/good/web.yaml" >"$WORK/manifests/m.yaml"
	ez "$WORK/manifests"
	ended "a directory of manifests" 0 \
		"1 file checked, 0 errors; these are manifests: \`ezlb run\` does not read them from a directory" ""
	ez --format json "$WORK/manifests"
	ended "json says it, too" 0 '"manifest_directory": true' ""
	ez "$WORK/manifests/m.yaml"
	equal "not of a file" "1 file checked, 0 errors" "$out"
	ez --config-dir "$WORK/manifests"
	ended "which run refuses" 1 "error[E007]" ""
	kubectl kustomize "$REPO/deploy/k8s/base" >"$WORK/rendered"
	ez --strict - <"$WORK/rendered"
	ended "what kustomize makes of deploy/k8s/base" 0 ", 0 errors; passed over: " ""
	head -c $((33 * 1024 * 1024)) /dev/zero | tr '\0' '#' >"$WORK/large"
	ez - <"$WORK/large"
	ended "a limit of standard input" 1 "" "standard input has more than 32 MiB"
}

# Beside a good ConfigMap, one that may be for ezlb and is not checked is not silent.
passed_over() {
	echo 'lisen: 10.0.0.5:80' >"$WORK/typo.yaml"
	{
		configmap services "$WORK/good/web.yaml"
		echo ---
		configmap typo "$WORK/typo.yaml"
	} >"$WORK/typo"
	ez - <"$WORK/typo"
	ended "a ConfigMap that is passed over" 0 \
		"warning[E037]: ConfigMap lb/typo: none of its files looks like a service file
  help: name it with --configmap if it is for ezlb" ""
	ez --strict - <"$WORK/typo"
	ended "fails with --strict" 1 "1 file checked, 0 errors, 1 warning" ""
	ez --strict --configmap services - <"$WORK/typo"
	ended "but not with --configmap" 0 "1 file checked, 0 errors; passed over: 1 other ConfigMap" ""
	ez --format json - <"$WORK/typo"
	ended "in json" 0 '"code": "E037"' ""
	ez --format github - <"$WORK/typo"
	ended "in github" 0 "::warning file=<stdin>,line=13,col=18,title=ezlb E037::ConfigMap lb/typo" ""
	ez --format sarif "$WORK/typo"
	equal "in sarif" "warning E037 file://$WORK/typo 13:18" "$(python3 "$REPO/test/tools/sarif.py" <"$WORK/out" 2>&1)"
	sed 's/kind: ConfigMap/kind: Configmap/' "$WORK/typo" >"$WORK/kind"
	ez --format text "$WORK/kind"
	ended "a wrong kind" 1 "Configmap lb/services: Kubernetes has no such kind" "nothing was checked"
	python3 -c '
import json, sys, yaml
json.dump(list(yaml.safe_load_all(open(sys.argv[1]))), sys.stdout)' "$WORK/typo" >"$WORK/array.json"
	ez - <"$WORK/array.json"
	ended "a list of objects is read" 0 "1 file checked, 0 errors, 1 warning" ""
}

# losers FILE: the services that were refused because of another one.
losers() {
	sed -n 's/.*\(name\|listener\).* already used by .*/\1/p' "$1" | sort | xargs
}

# Whoever reads the files, the same services get what two want.
conflicts() {
	local once=0
	ez "$WORK/taken"
	ended "conflicts in a directory" 1 "$WORK/taken/b.yaml:1:9: error[E031]" ""
	ended "also of names" 1 "$WORK/taken/c.yaml:5:7: error[E030]: the name 'a' is already used by $WORK/taken/a.yaml" ""
	ez "$WORK/taken/c.yaml" "$WORK/taken/b.yaml" "$WORK/taken/a.yaml"
	ended "the order of the arguments decides nothing" 1 "$WORK/taken/b.yaml:1:9: error[E031]" ""
	ln -s "$WORK/good" "$WORK/z"
	ez "$WORK/z/web.yaml" "$WORK/taken/a.yaml"
	ended "of paths as they are given the first in order has it, as with two --config-dir" 1 "$WORK/z/web.yaml:1:9: error[E031]" ""
	configmap s "$WORK/taken/c.yaml" "$WORK/taken/b.yaml" "$WORK/taken/a.yaml" >"$WORK/taken.manifest"
	ez "$WORK/taken.manifest"
	ended "nor does the order of keys" 1 "key b.yaml" ""
	ended "the places are those of the manifest" 1 "the name 'a' is already used by $WORK/taken.manifest:17:5" ""
	equal "two lose" "listener name" "$(losers "$WORK/out")"
	timeout 20 "$EZLB" once --dataplane memory --state-dir "$WORK/state" --config-dir "$WORK/taken" \
		>"$WORK/once" 2>&1 || once=$?
	equal "ezlb once refuses two" 1 "$once"
	equal "the same two" "b c" "$(grep -o 'taken/[a-z]*.yaml:[0-9:]* error' "$WORK/once" | sed 's/taken.\(.\).*/\1/' | sort -u | xargs)"
}

formats() {
	ez --format json "$WORK/stream"
	equal "json" "1 2 bad E014 22" "$(python3 -c '
import json, sys
top = json.load(sys.stdin); first = [d for d in top["diagnostics"] if d["severity"] == "error"][0]
print(top["errors"], len(top["diagnostics"]), first["service"], first["code"], first["line"])' <"$WORK/out")"
	equal "is an error, too" 1 "$status"
	ez --format github "$WORK/bad.yaml"
	ended "github" 1 "::error file=$WORK/bad.yaml,line=1,col=9,title=ezlb E014::port 70000" ""
	ez --format sarif "$WORK/bad.yaml" "$WORK/warned.yaml"
	equal "sarif has what its schema requires" "error E014 file://$WORK/bad.yaml 1:9, warning E036 file://$WORK/warned.yaml 1:9" \
		"$(python3 "$REPO/test/tools/sarif.py" <"$WORK/out" 2>&1)"
	EZLB_FORMAT=json ez "$WORK/good"
	ended "EZLB_FORMAT" 0 '"errors": 0' ""
	ez --format xml "$WORK/good"
	ended "another word" 2 "" "--format=xml: expected text|json|github|sarif"
	ez --format json "$WORK/empty"
	ended "nothing is nothing in each format" 1 '"files": 0' "nothing was checked"
}

strict() {
	ez "$WORK/warned.yaml"
	ended "a warning is no error" 0 "1 file checked, 0 errors, 1 warning" ""
	ez --strict "$WORK/warned.yaml"
	ended "but with --strict" 1 "1 file checked, 0 errors, 1 warning" ""
	ez --strict "$WORK/good"
	ended "--strict needs a warning" 0 "2 files checked, 0 errors" ""
}

files
nothing
names
manifests
passed_over
conflicts
formats
strict
finish
