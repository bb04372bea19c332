#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The documents cannot rot unnoticed: each diagnostic code has its section, both READMEs have the
# same shape, the same commands and the same fields, links lead to files that exist, and what can be
# asked for over HTTP (paths, reasons, events, metrics) is all described.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
cd "$REPO"

codes_of_header() {
	sed -n 's/^\tEZLB_E_[A-Z_]* = \([0-9]*\),.*/\1/p' include/ezlb/diag.h | xargs printf 'E%03d\n'
}

# The levels of the headings, and all that is inside ``` fences, in order.
shape() {
	awk '/^```/ { fence = !fence } fence { print; next } match($0, /^#+ /) { print substr($0, 1, RLENGTH) }' "$1"
}

# The code that begins the first two cells of a table's rows: field and default, command, flag and
# environment variable.
table_code() {
	# shellcheck disable=SC2016 # no expansion is meant
	sed -n 's/^| \(`[^`]*`\)[^|]*|\( `[^`|]*`\)\{0,1\}.*/\1\2/p' "$1"
}

broken_links() {
	local file target
	for file in README.md README_CN.md HACKING.md CHANGELOG.md docs/*.md; do
		grep -o '](\([^)#]*\)' "$file" | sed 's/^](//' | while read -r target; do
			[[ $target == https://* || -z $target || -e $(dirname "$file")/$target ]] ||
				echo "$file: $target"
		done
	done
}

# The complete service file, which is the first YAML in README.md.
example() {
	awk '/^```yaml$/ { n++; next } /^```$/ && n { exit } n' README.md
}

# From README.md, and from the program itself.
flags_documented() {
	sed -n 's/^| `\(--[a-z-]*\).*/\1/p' README.md
}

flags_known() {
	"$EZLB" run --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' | grep -vx -- --help
}

# A flag that takes a value has a variable.
variables_documented() {
	# shellcheck disable=SC2016 # no expansion is meant
	sed -n 's/^| `--[^`]*` | `\(EZLB_[A-Z_]*\)` .*/\1/p' README.md
}

variables_known() {
	"$EZLB" run --help | sed -n 's/^  --\([a-z-]*\)=.*/EZLB_\1/p' | tr 'a-z-' 'A-Z_'
}

commands_documented() {
	sed -n 's/^| `ezlb \([a-z-]*\).*/\1/p' README.md
}

commands_known() {
	"$EZLB" --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# cells FILE PATTERN: the words that begin such rows of its tables, with the second cell where that is a word.
cells() {
	# shellcheck disable=SC2016 # no expansion is meant
	sed -n 's/^| `\('"$2"'\)` | \([a-z]* |\)\{0,1\}.*/\1 \2/p' "$1" | sed 's/ *|*$//'
}

# "NAME TYPE" of each metric. A name that is written in another way than these is a name without a type.
metrics_known() {
	cat pkg/status/metrics.c pkg/status/metrics_rows.c | tr -s '[:space:]' ' ' | sed 's/( /(/g' >"$WORK/metrics"
	grep -oE '([A-Z]+\()?"ezlb_[a-z_]+"(, "[a-z]+")?' "$WORK/metrics" |
		sed -E 's/TIMESTAMP/GAUGE/; s/^([A-Z]+)\("(.*)"/\2 \L\1/; s/^"(.*)", "(.*)"/\1 \2/' | sort
}

paths_documented() {
	# shellcheck disable=SC2016 # no expansion is meant
	sed -n 's/^| `\(GET\|POST\) \(\/[^?`]*\).*/\2 \1/p' docs/admin.md
}

paths_known() {
	sed -n 's/^\t{ "\(\/[^"]*\)", \(true\|false\), .*/\1 \2/p' pkg/controller/admin.c | sed 's/true/POST/; s/false/GET/'
}

# "NAME normal" or "NAME warning".
events_known() {
	sed -n 's/^\t\[EZLB_EVENT_[A-Z_]*\] = { "\(.*\)", EZLB_EVENT_\([A-Z]*\) },/\1 \L\2/p' pkg/status/event.c
}

# Those that the table of reasons in docs/admin.md does not begin a row with.
reasons_missing() {
	local reason
	# shellcheck disable=SC2016 # no expansion is meant
	sed -n '/^| reason /,/^$/s/^| \(`[^|]*\) |.*/, \1,/p' docs/admin.md >"$WORK/reasons"
	sed -n 's/^\t\[EZLB_REASON_[A-Z_]*\] = { "\([A-Za-z]*\)".*/\1/p' pkg/status/condition.c >"$WORK/known"
	[[ -s $WORK/known ]] || echo "no reasons in pkg/status/condition.c"
	while read -r reason; do
		grep -qF ", \`$reason\`," "$WORK/reasons" || echo "$reason"
	done <"$WORK/known"
}

need_ezlb
equal "each code has its section in docs/errors.md, in order" \
	"$(codes_of_header)" "$(sed -n 's/^## \(E[0-9]*\)$/\1/p' docs/errors.md)"
equal "and its line in the table there" \
	"$(codes_of_header)" "$(sed -n 's/^| \[\(E[0-9]*\)\](#e[0-9]*) .*/\1/p' docs/errors.md)"
equal "README.md and README_CN.md have the same headings and the same examples" \
	"$(shape README.md)" "$(shape README_CN.md)"
equal "and the same fields, commands, flags and defaults" \
	"$(table_code README.md)" "$(table_code README_CN.md)"
equal "README.md has the flags of ezlb run" "$(flags_known)" "$(flags_documented)"
equal "and their variables" "$(variables_known)" "$(variables_documented)"
equal "README.md has the commands of ezlb" "$(commands_known)" "$(commands_documented)"
equal "docs/admin.md has the paths" "$(paths_known)" "$(paths_documented)"
equal "and the events" "$(events_known)" "$(cells docs/admin.md '[A-Z][A-Za-z]*' | grep -E ' (normal|warning)$')"
equal "and the reasons" "" "$(reasons_missing)"
equal "docs/metrics.md has the metrics" "$(metrics_known)" "$(cells docs/metrics.md 'ezlb_[a-z_]*' | sort)"
example >"$WORK/web.yaml"
succeeds "ezlb check accepts the service file in README.md" "$EZLB" check "$WORK/web.yaml"
equal "links lead somewhere" "" "$(broken_links)"
equal "LICENSE is the GPL, version 2" "GNU GENERAL PUBLIC LICENSE Version 2, June 1991" \
	"$(head -n 2 LICENSE | xargs)"
finish
