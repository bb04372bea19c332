#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/fuzz with AFL++: it fuzzes, keeps what it finds for both engines, and reports an input that breaks a promise.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
cd "$REPO"

output=$(scripts/fuzz --engine afl --runs 5000 duration 2>&1) || :
equal "it fuzzes" "duration executions" "$(sed -E 's/ +[0-9]+ executions, .*/ executions/' <<<"$output")"
kept=$(find build-fuzz/corpus/duration -type f | wc -l)
equal "inputs are kept" yes "$([[ $kept -gt 10 ]] && echo yes || echo "no: $kept")"
status=0
output=$(scripts/fuzz --engine afl --runs 2000000 selftest 2>&1) || status=$?
equal "a broken promise is a failure" 1 "$status"
input=$(sed -n 's/.*again: [^ ]* //p' <<<"$output")
equal "with the input that breaks it" "bug!" "$(head -c 4 "$input" 2>&1)"
rm -f "$input"
finish
