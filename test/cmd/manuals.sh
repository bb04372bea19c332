#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual pages and the completion of shells: the committed ones are those that the tables make, the pages have no
# mistake and every command, flag and field, and bash completes what a command takes and nothing else. zsh, fish and
# man(1) are in test/long/manuals.sh.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/lib/docs.bash
. "$(dirname "$0")/../lib/docs.bash"
# shellcheck source=test/lib/completion.bash
. "$(dirname "$0")/../lib/completion.bash"
cd "$REPO"

MANUAL=$(dirname "$EZLB")/manual
[[ -x $MANUAL ]] || MANUAL=$REPO/build/bin/manual

# What differs from what the tables make. The page of ezlb-toa is written by hand, and test/cmd/toa.sh compares it.
outdated() {
	local file
	for file in man/* completion/*; do
		[[ $file != man/ezlb-toa.8 ]] || continue
		"$MANUAL" "${file##*/}" | diff -q - "$file" >/dev/null || echo "$file: run \`ninja -C build manuals\`"
	done
}

# tags FILE: what begins the items and sections of a page, without the markup.
tags() {
	# shellcheck disable=SC1003 # no quote is escaped
	sed -n '/^\.TP$/{n;p}; s/^\.SS //p' "$1" | sed -e 's/\\f[BP]//g' -e 's/\\-/-/g'
}

fields_known() {
	"$EZLB" schema | jq -r '
		def inside: if .properties then . elif .items.properties? then .items else ((.anyOf // [])[] | select(.properties)) end;
		def fields: .properties | to_entries[] | .key, ([.value | inside] | first | select(. != null)
			| .properties | keys[]);
		fields' | sort -u
}

missing_in_pages() {
	local word
	tags man/ezlb.8 >"$WORK/tags"
	for word in $(commands_known); do
		grep -qE "^ezlb $word( |\$)" "$WORK/tags" || echo "ezlb.8: $word"
	done
	for word in $(flags_known); do
		grep -qE -- "^$word(\[|=|,|\$)" "$WORK/tags" || echo "ezlb.8: $word"
	done
	tags man/ezlb-service.5 | sed 's/.*\.//' >"$WORK/tags"
	for word in $(fields_known); do
		grep -qx "$word" "$WORK/tags" || echo "ezlb-service.5: $word"
	done
}

# Where the lines of NAME are not such that apropos(1) can read them.
bad_names() {
	local file
	for file in man/*; do
		sed -n '/^\.SH NAME$/{n;p}' "$file" | grep -qE '^ezlb(\\-service|\\-toa)? \\- [a-z]' || echo "$file"
	done
}

# compreply WORD...: what bash offers for the last word of this command line, sorted.
compreply() {
	# shellcheck disable=SC2016 # the other bash expands it
	timeout 20 bash -c '
		compopt() { :; } # works only while bash really completes
		. "$1"
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_ezlb
		printf "%s\n" "${COMPREPLY[@]}"' bash completion/ezlb.bash "$@" | sort | one_line
}

wrong_flags() {
	local command
	for command in $(commands_known); do
		diff <(flags_of "$command" | cat - <(echo --help) | sort | one_line) <(compreply ezlb "$command" -) >/dev/null ||
			echo "$command: $(compreply ezlb "$command" -)"
	done
}

# Flags with a choice of words that bash does not offer.
wrong_values() {
	local command flag words
	for command in $(commands_known); do
		"$EZLB" "$command" --help | sed -nE 's/^  (--[a-z-]+)\[?=([a-z|-]+\|[a-z|-]+)\]?(,.*)?$/\1 \2/p' |
			while read -r flag words; do
				[[ $(compreply ezlb "$command" "$flag" =) == "$(tr '|' '\n' <<<"$words" | sort | one_line)" ]] ||
					echo "$command $flag: $(compreply ezlb "$command" "$flag" =)"
			done
	done
}

installed() {
	local build file component
	build=$(dirname "$(dirname "$EZLB")")
	[[ -e $build/cmake_install.cmake ]] || build=$REPO/build
	for component in manual receiver; do
		cmake --install "$build" --component $component --prefix "$WORK/usr" >"$WORK/install.log" 2>&1 ||
			cat "$WORK/install.log"
	done
	for file in man/man8/ezlb.8 man/man8/ezlb-toa.8 man/man5/ezlb-service.5 bash-completion/completions/ezlb zsh/site-functions/_ezlb \
		fish/vendor_completions.d/ezlb.fish; do
		[[ -s $WORK/usr/share/$file ]] || echo "$file"
	done
}

need_ezlb
need mandoc mandoc
need jq jq
equal "man and completion are those of this version" "" "$(outdated)"
equal "mandoc has nothing to say about the pages" "" "$(mandoc -Tlint -W style man/* 2>&1 || :)"
equal "they have every command, flag and field" "" "$(missing_in_pages)"
equal "their names can be found" "" "$(bad_names)"
equal "they are installed" "" "$(installed)"

equal "bash offers commands" "$(commands_known | cat - <(printf '%s\n' help --help --version) | sort | one_line)" "$(compreply ezlb '')"
equal "bash completes a command" "status" "$(compreply ezlb sta)"
equal "also after help" "status" "$(compreply ezlb help sta)"
equal "bash offers the flags of each command, and only these" "" "$(wrong_flags)"
equal "bash offers the words of each flag" "" "$(wrong_values)"
equal "bash completes a word" "never" "$(compreply ezlb run --adopt n)"
equal "also behind =" "never" "$(compreply ezlb run --adopt = n)"
equal "and of a short flag" "json" "$(compreply ezlb status -o j)"
equal "an optional value needs the =" "" "$(compreply ezlb run --probe '')"
equal "bash completes the words of an argument" "live ready" "$(compreply ezlb probe '')"
equal "bash completes files" "examples/services.d/web.yaml" "$(compreply ezlb check examples/services.d/w)"
equal "bash completes directories" "examples/services.d" "$(compreply ezlb run --config-dir examples/)"
equal "bash has nothing to say of a number" "" "$(compreply ezlb run --empty-hold-down '')"
equal "without a running ezlb there are no services" "" "$(compreply ezlb status --state-dir "$WORK" '' 2>&1)"
# shellcheck disable=SC2016 # bash expands the words that it completes
printf '#!/bin/sh\necho '"'"'{"name":"$(touch %s/expanded)","state":"up"}{"name":"web","state":"up"}'"'"'\n' "$WORK" >"$WORK/answers"
chmod +x "$WORK/answers"
equal "a name that is none is not offered" web "$(compreply "$WORK/answers" status '' 2>&1)"
equal "and bash does not run it" "" "$(find "$WORK" -name expanded)"
some_services
equal "bash completes services" "api dns internal web" "$(compreply ezlb status --state-dir "$WORK/state" '' 2>&1)"
equal "also where the flag has a =" "web" "$(compreply ezlb status --state-dir = "$WORK/state" w 2>&1)"
finish
