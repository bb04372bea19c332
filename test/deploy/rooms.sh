#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each field, error code, command, flag, path, condition, reason, event, metric and finding is in its
# document exactly once, and nothing is there that the program does not have.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/lib/docs.bash
. "$(dirname "$0")/../lib/docs.bash"
cd "$REPO"

codes_known() {
	sed -n 's/^\tEZLB_E_[A-Z_]* = \([0-9]*\),.*/\1/p' include/ezlb/diag.h | xargs printf 'E%03d\n'
}

# "FIELD DEFAULT" of each field in the schema, which is made from the table of the parser. A list or mapping stands
# for the fields in it; the items of `fallback` are those of `backends`.
fields_known() {
	"$EZLB" schema | jq -r '
		def inside: if .properties then . elif .items.properties? then .items else ((.anyOf // [])[] | select(.properties)) end;
		def fields($prefix): .properties | to_entries[] | .key as $key | .value as $value
			| if $key == "fallback" then [$prefix + $key, ""]
			  else ([$value | inside] | first) as $map
			  | if $map then $map | fields($prefix + $key + (if $value.items then "[]." else "." end))
			    else [$prefix + $key, (if $value | has("default") then $value.default | tostring else "" end)] end end;
		fields("") | "\(.[0]) \(.[1])"' | sed 's/ *$//' | sort
}

# The same of the tables in the document. A default that is no word of a file is prose there.
fields_documented() {
	# shellcheck disable=SC2016 # no expansion is meant
	awk -F ' *[|] *' '$2 ~ /^`[a-z0-9_]+(\[\])?(\.[a-z0-9_]+)?`$/ && NF == 5 {
		word = $3 ~ /^`[^`]*`$/ ? " " $3 : ""
		line = $2 word; gsub(/`/, "", line); print line }' docs/service-file.md | sort
}

# cells FILE PATTERN: the words that begin such rows of its tables, with the second cell where that is a word.
cells() {
	# shellcheck disable=SC2016 # no expansion is meant
	sed -n 's/^| `\('"$2"'\)` | \([a-z]* |\)\{0,1\}.*/\1 \2/p' "$1" | sed 's/ *|*$//'
}

# section FILE HEADING: the lines below this heading, up to the next one of the same level.
section() {
	awk -v heading="$2" 'index($0, "## ") == 1 { on = $0 == heading } on' "$1"
}

# shellcheck disable=SC2016 # no expansion is meant
flags_in() {
	sed -n 's/^| `\(--[a-z-]*\).*/\1/p'
}

# A flag that takes a value has a variable.
variables_known() {
	for command in $(commands_known); do
		"$EZLB" "$command" --help
	done | grep -oE -- '--[a-z-]+[[ ]?=' | sed -E 's/[[ ]?=//; s/--(.*)/\1/' |
		tr 'a-z-' 'A-Z_' | sed 's/^/EZLB_/' | sort -u
}

variables_documented() {
	# shellcheck disable=SC2016 # no expansion is meant
	section docs/cli.md "## All flags" | sed -n 's/^| `--[^`]*` | `\(EZLB_[A-Z_]*\)` .*/\1/p' | sort
}

# Variables that a document, a manifest or a unit names and that do not exist: neither of ezlb nor of ezlb-toa.
foreign_variables() {
	# shellcheck disable=SC2046 # our names have no spaces
	grep -oHE '(-D)?EZLB_[A-Z_]+' $(user_documents) $(git ls-files deploy) | grep -v :-D | sort -u >"$WORK/variables"
	{ variables_known; "$EZLB-toa" run --help | sed -n 's/.*\[variable: \(.*\)\]/\1/p'; } | sed 's/.*/:&$/' |
		grep -vf - "$WORK/variables" || :
}

# Flags that the section of a command has and the command does not.
foreign_flags() {
	local command
	for command in $(commands_known); do
		section docs/cli.md "## ezlb $command" | flags_in | sort |
			comm -13 <(flags_of "$command" | sort) - | sed "s/^/$command: /"
	done
}

# Flags that a command has and its section lacks.
missing_flags() {
	local command
	# Without flags of its own, each command lists those of all.
	[[ -z $(flags_of version) ]] || return 0
	for command in $(commands_known); do
		section docs/cli.md "## ezlb $command" | flags_in | sort |
			comm -23 <(flags_of "$command" | sort) - | sed "s/^/$command: /"
	done
}

# What the section of a command lacks.
incomplete_sections() {
	local command what
	for command in $(commands_known); do
		section docs/cli.md "## ezlb $command" >"$WORK/section"
		for what in "^ezlb $command" '^Exit status: 0' '^```(sh|console)$'; do
			grep -qE -- "$what" "$WORK/section" || echo "$command: no line '$what'"
		done
	done
}

paths_known() {
	sed -n 's/^\t{ "\(\/[^"]*\)", \(true\|false\), .*/\1 \2/p' pkg/controller/admin.c | sed 's/true/POST/; s/false/GET/'
}

paths_documented() {
	# shellcheck disable=SC2016 # no expansion is meant
	sed -n 's/^| `\(GET\|POST\) \(\/[^?`]*\).*/\2 \1/p' docs/admin.md
}

# "NAME normal" or "NAME warning".
events_known() {
	sed -n 's/^\t\[EZLB_EVENT_[A-Z_]*\] = { "\(.*\)", EZLB_EVENT_\([A-Z]*\) },/\1 \L\2/p' pkg/status/event.c
}

conditions_known() {
	sed -n '/^const char \*ezlb_condition_type_str/,/^}/p' pkg/status/condition.c | grep -o '"[A-Z][A-Za-z]*"' | tr -d '"' | sort
}

conditions_documented() {
	# shellcheck disable=SC2016 # no expansion is meant
	section docs/admin.md "## /api/v1/status" | sed -n '/^| condition /,/^$/s/^| `\([A-Za-z]*\)`.*/\1/p' | sort
}

reasons_known() {
	sed -n 's/^\t\[EZLB_REASON_[A-Z_]*\] = { "\([A-Za-z]*\)".*/\1/p' pkg/status/condition.c | sort
}

# A row may be about several reasons.
reasons_documented() {
	sed -n '/^| reason /,/^$/s/^| \(`[^|]*\) |.*/\1/p' docs/admin.md | grep -o '[A-Z][A-Za-z]*' | sort
}

findings_known() {
	cat pkg/doctor/*.c pkg/controller/doctor.c | tr -s '[:space:]' ' ' >"$WORK/doctor"
	{
		grep -oE '"[a-z]+(-[a-z]+)*", ("",|spec->name)' "$WORK/doctor"
		grep -oE 'check_setting\(out, "[a-z-]+"' "$WORK/doctor"
		grep -oE '= "filter-[a-z]+"' "$WORK/doctor"
		grep -oE 'finding->check\), "[a-z-]+"' "$WORK/doctor"
	} | grep -oE '"[a-z-]+"' | tr -d '"' | sort -u
}

# Metrics that a document names and that do not exist. "ezlb_service_*" stands for several.
foreign_metrics() {
	local file
	metrics_known | sed 's/ .*//' | sort -u >"$WORK/names"
	for file in $(user_documents); do
		grep -ohE '\bezlb_[a-z_]+\b\*?' "$file" | grep -v '_$\|\*$' | sort -u |
			comm -23 - "$WORK/names" | sed "s|^|$file: |"
	done
}

need_ezlb
equal "docs/errors.md has a section for each code, in order" \
	"$(codes_known)" "$(sed -n 's/^## \(E[0-9]*\)$/\1/p' docs/errors.md)"
equal "and a line in its table" \
	"$(codes_known)" "$(sed -n 's/^| \[\(E[0-9]*\)\](#e[0-9]*) .*/\1/p' docs/errors.md)"
equal "docs/service-file.md has the fields and their defaults" "$(fields_known)" "$(fields_documented)"
equal "docs/cli.md has the commands" "$(commands_known)" "$(sed -n 's/^## ezlb \([a-z-]*\)$/\1/p' docs/cli.md)"
# shellcheck disable=SC2016 # no expansion is meant
equal "and in its first table" "$(commands_known)" "$(sed -n 's/^| \[`ezlb \([a-z-]*\)`\].*/\1/p' docs/cli.md)"
equal "and synopsis, exit status and example of each" "" "$(incomplete_sections)"
equal "and the flags" "$(flags_known)" "$(section docs/cli.md "## All flags" | flags_in | sort)"
equal "and the variables of the flags" "$(variables_known)" "$(variables_documented)"
equal "and no document names another variable" "" "$(foreign_variables)"
equal "and only flags that the command has" "" "$(foreign_flags)"
equal "and all of them" "" "$(missing_flags)"
equal "docs/admin.md has the paths" "$(paths_known)" "$(paths_documented)"
equal "and the events" "$(events_known)" "$(cells docs/admin.md '[A-Z][A-Za-z]*' | grep -E ' (normal|warning)$')"
equal "and the conditions" "$(conditions_known)" "$(conditions_documented)"
equal "and the reasons" "$(reasons_known)" "$(reasons_documented)"
equal "docs/metrics.md has the metrics" "$(metrics_known)" "$(cells docs/metrics.md 'ezlb_[a-z_]*' | sort)"
equal "no document names a metric that does not exist" "" "$(foreign_metrics)"
equal "docs/doctor.md has the findings" "$(findings_known)" "$(cells docs/doctor.md '[a-z-]*' | sed 's/ .*//' | sort)"
finish
