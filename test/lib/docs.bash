# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of the documents share: the lists of documents, and how to take them apart.
# Sourced after lib.bash.

# Documents for users, and for developers.
user_documents() {
	printf '%s\n' README.md README_CN.md CHANGELOG.md docs/*.md
}

documents() {
	user_documents
	printf '%s\n' HACKING.md docs/dev/*.md
}

# prose FILE: the lines outside of ``` fences.
prose() {
	awk '/^ *```/ { fence = !fence; next } !fence' "$1"
}

# inline FILE: each `code` of the prose, one per line, without the backticks.
inline() {
	# shellcheck disable=SC2016 # no expansion is meant
	prose "$1" | sed 's/\\|/|/g' | grep -o '`[^`]*`' | tr -d '`'
}

# blocks LANGUAGES FILE: writes the fenced blocks of these languages (a regular expression) to
# $WORK/blocks/NAME.NN.LANGUAGE, numbered in their order. In a list they are indented.
blocks() {
	mkdir -p "$WORK/blocks"
	awk -v languages="$1" -v out="$WORK/blocks/${2//\//_}" '
		/^ *```/ {
			on = !on && $0 ~ "^ *```(" languages ")$"
			indent = index($0, "`")
			if (on) file = sprintf("%s.%02d.%s", out, ++n, substr($0, indent + 3))
			inside = !inside
			next
		}
		on && inside { print substr($0, indent) > file }' "$2"
}

# anchors FILE...: "FILE#ANCHOR" of each heading, as GitHub makes links of them.
anchors() {
	awk 'FNR == 1 { fence = 0 } /^ *```/ { fence = !fence } !fence && /^#+ / { print FILENAME }' "$@" >"$WORK/files"
	awk 'FNR == 1 { fence = 0 } /^ *```/ { fence = !fence } !fence && sub(/^#+ /, "")' "$@" |
		tr '[:upper:]' '[:lower:]' | LC_ALL=C.UTF-8 sed 's/[^[:alnum:] _-]//g; s/ /-/g' |
		paste -d '#' "$WORK/files" -
}

# links FILE...: "FILE TARGET" of each link in the prose.
links() {
	awk 'FNR == 1 { fence = 0 } /^ *```/ { fence = !fence }
		!fence { while (match($0, /\]\([^)]*\)/)) {
			print FILENAME, substr($0, RSTART + 2, RLENGTH - 3); $0 = substr($0, RSTART + RLENGTH) } }' "$@"
}

commands_known() {
	"$EZLB" --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# flags_of COMMAND: those that its --help lists.
flags_of() {
	"$EZLB" "$1" --help | grep -oE '^ +(-[a-z], )?--[a-z-]+' | sed 's/.* //' | grep -vx -- --help
}

flags_known() {
	local command
	for command in $(commands_known); do
		flags_of "$command" || :
	done | sort -u
}

# The names of all metrics, with the type where the source has it beside the name.
metrics_known() {
	cat pkg/status/metrics*.c | tr -s '[:space:]' ' ' | sed 's/( /(/g' >"$WORK/metrics"
	grep -oE '([A-Z]+\()?"ezlb_[a-z_]+"(, "[a-z]+")?' "$WORK/metrics" |
		sed -E 's/TIMESTAMP/GAUGE/; s/^([A-Z]+)\("(.*)"/\2 \L\1/; s/^"(.*)", "(.*)"/\1 \2/' | sort
}
