#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `ezlb check` prints for each error code, word for word: test/data/diagnostics has a file (or a directory of files)
# and the output for each. To write the outputs anew after a wording change: EZLB_GOLDEN=write, then read the difference.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
unset EZLB_FORMAT EZLB_CONFIGMAP EZLB_SNAT_BACKEND EZLB_CONFIG_DIR # the caller's
need_ezlb
need python3 python3
cd "$REPO/test/data/diagnostics"

# Codes that nothing has any more.
retired=" E023 "
# How these are called: a conflict that only iptables has; a warning that is no error.
declare -A arguments=([e032]="--snat-backend=iptables" [e033]="--snat-backend=iptables")
declare -A statuses=([e034]=0 [e035]=0 [e036]=0 [e037]=0)

# codes: all that the program knows, from its SARIF output.
codes() {
	"$EZLB" check --format sarif e010.yaml | python3 -c '
import json, sys
for rule in json.load(sys.stdin)["runs"][0]["tool"]["driver"]["rules"]:
    print(rule["id"])'
}

# input CODE: its file or files.
input() {
	local path
	for path in "$1".yaml "$1".conf "$1"/*.yaml; do
		[[ ! -e $path ]] || echo "$path"
	done
}

# make_e038: 16 files of 64 virtual services with 1,024 backends, and makes their directory the current one. They are too
# large to be kept.
make_e038() {
	mkdir -p "$WORK/e038"
	cd "$WORK"
	python3 - <<-'END'
		for i in range(16):
		    with open(f"e038/{chr(97 + i)}.yaml", "w") as out:
		        print("listen:", *(f"- 10.0.{i}.1:{1000 + k}" for k in range(64)), sep="\n", file=out)
		        print("backends:", *(f"- address: 10.1.{k // 256}.{k % 256}:80" for k in range(256, 1280)), sep="\n", file=out)
	END
}

# check CODE: compares what comes of its input with the file CODE.txt.
check() {
	local code=${1,} status=0 files golden=$PWD/${1,}.txt data=$PWD
	[[ $code != e038 ]] || make_e038
	mapfile -t files < <(input "$code")
	if [[ $retired == *" $1 "* ]]; then
		equal "$1 is retired" 0 "${#files[@]}"
		return
	fi
	[[ ${#files[@]} -gt 0 ]] || {
		fail "$1 has no file in test/data/diagnostics" "write $code.yaml, and EZLB_GOLDEN=write $0"
		return
	}
	# shellcheck disable=SC2086 # none or one
	timeout 60 "$EZLB" check ${arguments[$code]:-} "${files[@]}" >"$WORK/out" 2>&1 || status=$?
	[[ ! ${EZLB_GOLDEN:-} ]] || cp "$WORK/out" "$golden"
	if [[ $status -eq ${statuses[$code]:-1} ]] && grep -q "\[$1\]: " "$WORK/out" &&
		diff -u "$golden" "$WORK/out" >"$WORK/diff" 2>&1; then
		pass "$1"
	else
		fail "$1" "exit status $status"$'\n'"$(<"$WORK/diff")"$'\n'"$(<"$WORK/out")"
	fi
	cd "$data"
}

mapfile -t all < <(codes)
[[ ${#all[@]} -gt 20 ]] || fail "the program names its codes" "${all[*]}"
for code in "${all[@]}"; do
	check "$code"
done
for file in e*; do
	code=${file%%.*}
	[[ " ${all[*]} " == *" ${code^} "* ]] || fail "test/data/diagnostics/$file: there is no such code"
done
finish
