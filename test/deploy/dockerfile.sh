#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Dockerfile's package lists are what they must be: the builder's is that of scripts/deps, and
# the final stage has the package of each library that the program is linked with, and no other.
# This does not build the image. Needs Debian 12, because its package names are meant.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"

# packages_of_stage N: what the Nth stage installs, one a line, sorted.
packages_of_stage() {
	awk -v want="$1" '
		/^#/ { next }
		/^FROM / { stage++ }
		{ line = line $0 }
		sub(/\\$/, "", line) { next }
		{
			if (stage == want && sub(/.*--no-install-recommends/, "", line)) {
				sub(/&&.*/, "", line)
				print line
			}
			line = ""
		}' "$REPO/Dockerfile" | tr -s ' \t' '\n' | sed '/^$/d' | LC_ALL=C sort
}

# The array `build` of scripts/deps.
packages_to_build() {
	sed -n '/^build=($/,/^)$/p' "$REPO/scripts/deps" | sed '1d;$d;s/#.*//' |
		tr -s ' \t' '\n' | sed '/^$/d' | LC_ALL=C sort
}

# package_of FILE: prints its package, without the architecture. /lib may be a link to /usr/lib, and
# dpkg knows a file only by the path that its package has.
package_of() {
	local path
	for path in "$1" "/usr$1" "${1#/usr}"; do
		if dpkg-query -S "$path" 2>/dev/null | sed 's/[:,].*//'; then
			return 0
		fi
	done
	echo "no-package-has:$1"
}

# The packages of the libraries that the program itself asks for; theirs come by dependency. libc6
# is in every image.
packages_linked() {
	local soname path
	readelf -d "$EZLB" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | while read -r soname; do
		path=$(ldd "$EZLB" | awk -v soname="$soname" '$1 == soname { print $3 }')
		package_of "${path:-$soname}"
	done | grep -vx libc6 | LC_ALL=C sort -u
}

need_ezlb
need readelf binutils
need dpkg-query dpkg

equal "both stages are Debian 12" "debian:bookworm-slim debian:bookworm-slim" \
	"$(awk '/^FROM / { print $2 }' "$REPO/Dockerfile" | paste -sd ' ')"
equal "the builder installs what scripts/deps build does" \
	"$(packages_to_build)" "$(packages_of_stage 1)"
# And the certificates that https checks with tls_insecure: false trust.
equal "the image has the packages of the linked libraries" \
	"$(printf '%s\n' ca-certificates "$(packages_linked)")" "$(packages_of_stage 2)"
finish
