# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the tests that look into the archive of scripts/image.

# unpack_image ARCHIVE DIR ROOT: the archive to DIR, and the file system of its image to ROOT.
unpack_image() {
	local layer
	mkdir -p "$2" "$3"
	tar -xf "$1" -C "$2"
	for layer in $(jq -r '.[0].Layers[]' "$2/manifest.json"); do
		tar -xf "$2/$layer" -C "$3"
	done
}
