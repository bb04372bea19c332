#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `ezlb import` of all samples of keepalived.conf and of Kubernetes: the files that it writes pass `ezlb check`, and the
# format needs no flag.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
cd "$REPO"
need_ezlb

# import_one FILE: prints how many service files there are, or what went wrong.
import_one() {
	local out
	out=$WORK/$(basename "$1").d
	"$EZLB" import --output-dir "$out" "$1" >"$WORK/log" 2>&1 || { cat "$WORK/log" && return; }
	"$EZLB" check "$out" >"$WORK/log" 2>&1 || { cat "$WORK/log" && return; }
	find "$out" -name '*.yaml' | wc -l
}

for file in test/data/import/keepalived/good/*.conf test/data/import/kubernetes/good/*.{yaml,json}; do
	want=$(grep -c '^--- ' "${file%.*}.out" || :)
	[[ $want -gt 0 ]] || continue
	equal "$file" "$want" "$(import_one "$file")"
done

finish
