#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A reboot of the host with broken files whose last good versions are in /var/lib/ezlb: their services are up
# after it, and a deleted file does not bring its service back. Two guests are booted one after the other;
# the second one gets the service files and /var/lib/ezlb of the first one, and nothing else.
# shellcheck disable=SC2317 # succeeds calls most functions
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"

# scripts/lab empties build/lab each time.
saved=$REPO/build/reboot

boot() {
	EZLB_LAB=guest LAB_BOOT=$1 "$REPO/scripts/lab" reboot_guest
}

keep_files() {
	rm -rf "$saved"
	mv "$REPO/build/lab/left" "$saved"
}

need_ezlb
succeeds "a guest with three services, of which one file breaks" boot 1
succeeds "it leaves its service files and /var/lib/ezlb" keep_files
succeeds "another boot: the services of broken files are up, the one of the deleted file is not" boot 2
rm -rf "$saved"
finish
