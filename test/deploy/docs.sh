#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The shape of the documents: README.md and HACKING.md are short, the Chinese documents have the same
# headings and the same code blocks as the English ones, links lead to something (also after an
# installation), paths and tests that are named exist, and words that readers had to look up are gone.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/lib/docs.bash
. "$(dirname "$0")/../lib/docs.bash"
cd "$REPO"

# The levels of the headings, and all that is inside ``` fences, in order.
shape() {
	awk '/^ *```/ { fence = !fence } fence { print; next } match($0, /^#+ /) { print substr($0, 1, RLENGTH) }' "$1"
}

# The words in backticks that begin the rows of tables.
table_code() {
	# shellcheck disable=SC2016 # no expansion is meant
	prose "$1" | sed -n 's/^| \(`[^`]*`\).*/\1/p'
}

too_long() {
	local file lines
	for file in README.md README_CN.md HACKING.md; do
		lines=$(wc -l <"$file")
		[[ $lines -le 150 ]] || echo "$file: $lines lines"
	done
}

# Each document says first what it answers. README.md does so with what ezlb is.
without_question() {
	local file
	for file in docs/*.md docs/dev/*.md; do
		sed -n 3,5p "$file" | grep -qE '^(This document answers|本文回答)' || echo "$file"
	done
}

# broken_links FILE...: "FILE: TARGET" for what does not exist below the current directory.
broken_links() {
	local file target path
	anchors "$@" >"$WORK/anchors"
	links "$@" | while read -r file target; do
		[[ $target != https://* ]] || continue
		path=${target%%#*}
		[[ -z $path || $file != */* ]] || path=${file%/*}/$path
		while [[ $path =~ ^(.*/)?[^/.]+/\.\./(.*)$ ]]; do
			path=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
		done
		path=${path:-$file}
		[[ -e $path ]] || echo "$file: $target"
		[[ $target != *'#'* ]] || grep -qxF -- "$path#${target#*#}" "$WORK/anchors" || echo "$file: $target"
	done
}

# The links of the documents that are installed, where they are installed.
broken_installed_links() {
	local build
	build=$(dirname "$(dirname "$EZLB")")
	[[ -e $build/cmake_install.cmake ]] || build=$REPO/build
	cmake --install "$build" --component doc --prefix "$WORK/usr" >"$WORK/install.log" 2>&1 || cat "$WORK/install.log"
	(
		cd "$WORK/usr/share/doc/ezlb" 2>/dev/null || {
			echo "no document is installed"
			exit
		}
		# shellcheck disable=SC2046 # our names have no spaces
		broken_links $(find . -name '*.md' | sed 's|^\./||')
	)
}

# Paths of the repository in backticks that do not exist. A name in capitals stands for any name.
missing_paths() {
	local file path expanded
	for file in $(documents) test/lab/README.md; do
		inline "$file" | grep -E '^(scripts|deploy|examples|docs|test|pkg|cmd|include|\.ci)/[^ ]*$' |
			grep -vE '[A-Z]{2,}/|[A-Z]{3,}_?|\*' | while read -r path; do
			eval "expanded=($path)" # {a,b}
			# shellcheck disable=SC2154 # eval sets it
			for path in "${expanded[@]}"; do
				[[ -e $path ]] || echo "$file: $path"
			done
		done
	done
}

# Names of the code in the documents for developers that the code does not have.
missing_names() {
	local name
	git ls-files 'include/*.h' 'pkg/*.[ch]' 'cmd/*.[ch]' 'test/*.h' |
		xargs grep -ohE '[A-Za-z0-9]+(_[A-Za-z0-9]+)+' | sort -u >"$WORK/names"
	for name in HACKING.md docs/dev/*.md; do
		inline "$name"
	done | sed -nE 's/^((struct|enum) )?([a-z]+(_[a-z0-9]+)+)$/\3/p' | sort -u | comm -23 - "$WORK/names"
}

# Tests that docs/dev/invariants.md names and that do not exist.
missing_tests() {
	local name
	# shellcheck disable=SC2016 # no expansion is meant
	grep -oE '`[a-z0-9]+/[a-z0-9_*]+`' docs/dev/invariants.md | tr -d '`' | while read -r name; do
		case $name in
		lab/*) name=test/$name.sh ;;
		prop/*) name=test/$name.c ;;
		*) name=test/unit/$name.c ;;
		esac
		compgen -G "$name" >/dev/null || echo "$name"
	done
}

# words PATTERN FILE...: where these stand outside of what ezlb itself prints.
words() {
	local file
	for file in "${@:2}"; do
		# shellcheck disable=SC2016 # no expansion is meant
		prose "$file" | sed 's/`[^`]*`//g' | { grep -nowiE "$1" || :; } | sed "s|^|$file: |"
	done
}

# Words that readers had to look up or to read twice. "Verdict" is for developers: docs/dev/words.md.
hard_words() {
	local hard='mend|mends|mended|thaws?|told once|in force|slips? of the pen'
	# shellcheck disable=SC2046 # our names have no spaces
	words "$hard" $(documents) test/lab/README.md $(git ls-files deploy examples)
	# shellcheck disable=SC2046
	words 'verdicts?' $(user_documents)
}

need_ezlb
equal "README.md, README_CN.md and HACKING.md have 150 lines at most" "" "$(too_long)"
equal "each document begins with what it answers" "" "$(without_question)"
for document in README docs/operating; do
	equal "$document.md and ${document}_CN.md have the same headings and code blocks" \
		"$(shape "$document.md")" "$(shape "${document}_CN.md")"
	equal "and the same words in their tables" "$(table_code "$document.md")" "$(table_code "${document}_CN.md")"
done
# shellcheck disable=SC2046 # our names have no spaces
equal "links lead somewhere" "" "$(broken_links $(documents) deploy/helm/ezlb/README.md)"
equal "links in installed documents, too" "" "$(broken_installed_links)"
equal "paths in the documents exist" "" "$(missing_paths)"
equal "names of the code in the documents exist" "" "$(missing_names)"
equal "tests of the invariants exist" "" "$(missing_tests)"
equal "the words are plain" "" "$(hard_words)"
equal "LICENSE is the GPL, version 2" "GNU GENERAL PUBLIC LICENSE Version 2, June 1991" \
	"$(head -n 2 LICENSE | xargs)"
finish
