#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/fuzz: it builds, fuzzes, lists and refuses, and it reports an input that breaks a promise. With the targets
# that build fastest; the others run in ctest, without a fuzzer.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
cd "$REPO"

# missing: what a target of the table lacks, and what no target has.
missing() {
	local name seeds
	grep -E '^[a-z]' test/fuzz/targets | while read -r name _ _ seeds; do
		[[ -e test/fuzz/$name.c ]] || echo "test/fuzz/$name.c"
		[[ -d test/fuzz/corpus/$name ]] || echo "test/fuzz/corpus/$name"
		# shellcheck disable=SC2086 # several words
		[[ $seeds == - ]] || ls -d ${seeds//,/ } >/dev/null
	done 2>&1
	for name in test/fuzz/corpus/* test/fuzz/dict/*; do
		grep -q "^${name##*/} " test/fuzz/targets || echo "$name has no target"
	done
}

equal "each target has its files" "" "$(missing)"
equal "the inputs are small" "" "$(find test/fuzz -size +64k)"
equal "the list" "$(grep -cE '^[a-z]' test/fuzz/targets)" "$(scripts/fuzz --list | wc -l)"
for wrong in nothing --nothing "addresses 1x" "--runs x" "--engine x"; do
	status=0
	# shellcheck disable=SC2086 # several words
	scripts/fuzz $wrong >/dev/null 2>&1 || status=$?
	equal "$wrong is refused" 2 "$status"
done

output=$(scripts/fuzz --runs 2000 addresses 2>&1) || :
equal "it fuzzes" "addresses 2000 executions" \
	"$(sed -E 's/^(addresses) +(20[0-9][0-9]) executions.*/\1 2000 executions/' <<<"$output")"
status=0
output=$(scripts/fuzz --runs 500000 selftest 2>&1) || status=$?
equal "a broken promise is a failure" 1 "$status"
input=$(sed -n 's/.*again: [^ ]* //p' <<<"$output")
equal "with the input that breaks it" "bug!" "$(head -c 4 "$input" 2>&1)"
rm -f "$input"
finish
