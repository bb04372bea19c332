#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Dockerfile's package lists are what they must be: together they are those of scripts/deps, and
# nothing is installed for one architecture that the image needs for another. What the Dockerfile says of
# the version is what the program says. This does not build the image: test/image/image.sh does.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"

# words: one a line, sorted.
words() {
	tr -s '[:space:]\134' '\n' | sed '/^$/d' | LC_ALL=C sort
}

# list NAME: the words of an ENV in the Dockerfile.
list() {
	awk -v name="$1" '/^ENV / { on = index($0, "ENV " name "=") == 1 } on && !done { print; done = /"$/ }' \
		"$REPO/Dockerfile" | sed 's/^ENV [A-Z]*="//; s/"$//' | words
}

# The array `build` of scripts/deps.
packages_to_build() {
	sed -n '/^build=($/,/^)$/p' "$REPO/scripts/deps" | sed '1d;$d;s/#.*//' | words
}

# A header or a library is for the architecture of the image; a program is for this machine. uthash has
# headers only, which are the same for all.
libraries() {
	packages_to_build | grep -E '^lib|^zlib'
}

need_ezlb
equal "the image has only what it is given, which is from Debian 12" "debian:bookworm-slim scratch" \
	"$(sed -n 's/^FROM \(--[^ ]* \)\?\([^ ]*\).*/\2/p' "$REPO/Dockerfile" | paste -sd ' ')"
# ca-certificates goes into the image: https checks that verify without a tls_ca_file trust them.
equal "the builder installs what scripts/deps build does, and the certificates" \
	"$(printf '%s\n' ca-certificates "$(packages_to_build)" | words)" "$({ list TOOLS && list LIBRARIES; } | words)"
equal "libraries are those of the image's architecture" "$(libraries)" "$(list LIBRARIES)"
# shellcheck disable=SC2016 # the Dockerfile's
succeeds "each list is installed" grep -qF 'install -y --no-install-recommends $TOOLS $(printf "%s:$arch " $LIBRARIES)' \
	"$REPO/Dockerfile"
equal "the label has the program's version" "$("$EZLB" version | sed 's/^ezlb //')" \
	"$(sed -n 's/.*image\.version="\([^"]*\)".*/\1/p' "$REPO/Dockerfile")"
finish
