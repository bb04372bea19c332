#!/usr/bin/env bash
# replaced.sh OBJECT...: a test file that shares its program with others defines no global function but its
# main. One that replaces, say, send() would replace it for all of them: it belongs in EZLB_OWN_PROGRAM.
set -euo pipefail

[[ $# -gt 0 ]]
# With -A each line begins with the file. Names of the compiler's own begin with an underscore.
replaced=$(nm -A -g --defined-only "$@" |
	awk '/runner\.c\.o:/ { next } $2 ~ /^[TDBRW]$/ && $3 !~ /_main$|^_|\./ { print $1 " " $3 }')
[[ -z $replaced ]] || {
	echo "these functions of a shared test program replace others: see EZLB_OWN_PROGRAM in test/CMakeLists.txt" >&2
	echo "$replaced" >&2
	exit 1
}
