#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The completion in zsh and in fish, and the manual pages in man(1). test/cmd/manuals.sh has bash and what is the same for all.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/lib/docs.bash
. "$(dirname "$0")/../lib/docs.bash"
# shellcheck source=test/lib/completion.bash
. "$(dirname "$0")/../lib/completion.bash"
cd "$REPO"

# in_zsh LINE, in_fish LINE: what the shell offers at the end of the command line, sorted.
in_zsh() {
	timeout 60 zsh -f test/tools/complete.zsh "$REPO/completion" "$1" | one_line
}

in_fish() {
	# shellcheck disable=SC2016 # fish expands it
	HOME=$WORK timeout 60 fish --no-config -c 'source completion/ezlb.fish; complete -C $argv[1]' "$1" 2>&1 |
		cut -f 1 | sort | one_line
}

# fish offers a flag with an optional value twice, once with the =.
wrong_flags() { # SHELL
	local command want got
	for command in $(commands_known); do
		want=$(flags_of "$command" | cat - <(echo --help) | sort | one_line)
		got=$("in_$1" "ezlb $command --" | tr ' ' '\n' | sed 's/=$//' | sort -u | one_line)
		[[ $got == "$want" ]] || echo "$command: $got"
	done
}

# offers SHELL: the cases that are the same in both; the value after = has the flag before it in fish.
offers() {
	equal "$1 offers commands" "$({ commands_known && echo help; } | sort | one_line)" "$("in_$1" 'ezlb ')"
	equal "$1 completes a command" status "$("in_$1" 'ezlb sta')"
	equal "$1 completes a command after help" status "$("in_$1" 'ezlb help sta')"
	equal "$1 offers the flags of each command, and only these" "" "$(wrong_flags "$1")"
	equal "$1 offers the words of a flag" "matching never" "$("in_$1" 'ezlb plan --adopt ')"
	equal "$1 completes a word behind =" never "$("in_$1" 'ezlb plan --adopt=n' | sed 's/.*=//')"
	equal "$1 offers the words of a short flag" "json text" "$("in_$1" 'ezlb status -o ')"
	equal "$1 completes an optional value" false "$("in_$1" 'ezlb run --cleanup-on-exit=f' | sed 's/.*=//')"
	equal "$1 completes the words of an argument" "live ready" "$("in_$1" 'ezlb probe ')"
	equal "$1 completes files" examples/services.d/web.yaml "$("in_$1" 'ezlb check examples/services.d/w')"
	equal "$1 completes directories" examples/services.d "$("in_$1" 'ezlb run --config-dir examples/' | sed 's|/$||')"
	equal "$1 has nothing to say of a number" "" "$("in_$1" 'ezlb run --empty-hold-down ')"
	equal "$1: without a running ezlb there are no services" "" "$("in_$1" "ezlb status --state-dir $WORK ")"
	equal "$1 completes services" "api dns internal web" "$("in_$1" "ezlb status --state-dir $WORK/state ")"
	equal "$1 completes services where the flag has a =" web "$("in_$1" "ezlb status --state-dir=$WORK/state w")"
}

# What man(1) and its index say about the pages.
pages() {
	local file
	for file in man/*; do
		LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$file" 2>"$WORK/warnings" >/dev/null || :
		cat "$WORK/warnings"
		lexgrog "$file" | grep -qF "\"$(basename "${file%.*}") - " || echo "$file: lexgrog finds no name"
	done
}

need_ezlb
need zsh zsh
need fish fish
need man man-db
equal "man has nothing to say about the pages" "" "$(pages)"
some_services
offers zsh
offers fish
finish
