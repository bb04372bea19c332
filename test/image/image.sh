#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the image with scripts/image, and looks into the archive: what is in it, and that nothing is
# missing. test/lab/image.sh runs it.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/lib/image.bash
. "$(dirname "$0")/../lib/image.bash"

need jq jq
need openssl openssl
need ip iproute2
need buildah buildah
need mmdebstrap mmdebstrap

ARCHIVE=$REPO/build/image/ezlb-amd64.tar
ROOT=$WORK/root
PROGRAM=/usr/local/sbin/ezlb
LIBRARIES=/usr/lib/x86_64-linux-gnu

unpack() {
	unpack_image "$ARCHIVE" "$WORK/archive" "$ROOT"
	mv "$WORK/archive/$(jq -r '.[0].Config' "$WORK/archive/manifest.json")" "$WORK/image.json"
}

# config EXPRESSION: of the image's configuration.
config() {
	jq -rc ".config$1" "$WORK/image.json"
}

label() {
	config ".Labels[\"org.opencontainers.image.$1\"]"
}

# Everything that somebody could start.
programs() {
	find "$ROOT" -type f -perm /111 ! -name '*.so*' -printf '/%P\n'
}

# What the loader of the image does not find in the image: of the program and of each library, also those
# that nothing is linked with.
missing_libraries() {
	local file
	for file in "$PROGRAM" "$ROOT$LIBRARIES"/*; do
		chroot "$ROOT" "$LIBRARIES/ld-linux-x86-64.so.2" --list "${file#"$ROOT"}" 2>&1 | grep -E 'not found|cannot open' || :
	done
}

# Libraries that neither the program, nor those that it loads, nor libgcc_s, which the C library loads by itself, leads to.
unused_libraries() {
	local loaded
	loaded=$("$REPO/scripts/loaded" "$ROOT$PROGRAM")
	comm -13 <({
		for file in "$PROGRAM" "$LIBRARIES/libgcc_s.so.1" ${loaded//lib/$LIBRARIES/lib}; do
			chroot "$ROOT" "$LIBRARIES/ld-linux-x86-64.so.2" --list "$file" | sed -n 's/^\t\([^ /]*\) =>.*/\1/p'
		done
		printf '%s\n' "$loaded" libgcc_s.so.1 ld-linux-x86-64.so.2
	} | LC_ALL=C sort -u) <(ls "$ROOT$LIBRARIES")
}

# Links of the image that lead nowhere, in the image.
broken_links() {
	find "$ROOT" -type l -printf '/%P\n' | while read -r link; do
		[[ -e $ROOT/$(realpath -m --relative-to=/ "$(dirname "$link")/$(readlink "$ROOT$link")") ]] || echo "$link"
	done
}

# Packages in dpkg's database without a name, a version, a license; licenses without a package.
incomplete_packages() {
	local file name
	for file in "$ROOT"/var/lib/dpkg/status.d/*; do
		name=${file##*/}
		grep -qxF "Package: $name" "$file" && grep -qE '^Version: [0-9]' "$file" || echo "$name: no entry"
		[[ -s $ROOT/usr/share/doc/$name/copyright ]] || echo "$name: no license"
	done
	for file in "$ROOT"/usr/share/doc/*; do
		name=${file##*/}
		[[ $name == ezlb || -e $ROOT/var/lib/dpkg/status.d/$name ]] || echo "$name: a license without a package"
	done
}

# The packages whose files dpkg says the libraries are, and what else the image has.
packages_of_libraries() {
	local file
	for file in "$ROOT$LIBRARIES"/*; do
		dpkg-query -S "$LIBRARIES/${file##*/}" 2>/dev/null || dpkg-query -S "/lib/x86_64-linux-gnu/${file##*/}"
	done | sed 's/:.*//' | cat - <(printf '%s\n' base-files ca-certificates) | LC_ALL=C sort -u
}

# https_verdicts: what the program of the image finds out about a backend whose certificate a CA has signed that is
# in the image's own file, and about one whose CA is not.
https_verdicts() {
	local name port=443
	for name in known unknown; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -days 1 \
			-addext subjectAltName=IP:192.0.2.1 -keyout "$WORK/$name.key" -out "$WORK/$name.pem" 2>/dev/null
		openssl s_server -quiet -www -accept "$port" -key "$WORK/$name.key" -cert "$WORK/$name.pem" \
			>"$WORK/$name.log" 2>&1 </dev/null &
		timeout 20 bash -c "until : 2>/dev/null </dev/tcp/192.0.2.1/$port; do sleep 0.1; done"
		cat >"$ROOT/etc/ezlb/services.d/$name.yaml" <<-END
			listen: 192.0.2.9:$port
			backends: [{address: "192.0.2.1:$port"}]
			health_check: {type: https, tls_insecure: false}
		END
		port=$((port + 1))
	done
	cat "$WORK/known.pem" >>"$ROOT/etc/ssl/certs/ca-certificates.crt"
	chroot "$ROOT" "$PROGRAM" plan --dataplane memory --probe --color never || :
}

# A network namespace of its own, with the address of the backends.
export -f https_verdicts
own_verdicts() {
	WORK=$WORK ROOT=$ROOT PROGRAM=$PROGRAM unshare --net --pid --fork --kill-child bash -c \
		'set -eu; ip link set lo up; ip addr add 192.0.2.1/32 dev lo; https_verdicts'
}

succeeds "scripts/image builds the image" "$REPO/scripts/image" --output "$ARCHIVE"
[[ $failed -eq 0 ]] || finish
unpack

size=$(du -sm "$ROOT" | cut -f 1)
equal "it has less than 40 MB" yes "$([[ $size -lt 40 ]] && echo yes || echo "$size MB")"
equal "it has two programs" "$PROGRAM $PROGRAM-toa" "$(programs | LC_ALL=C sort | xargs)"
equal "the program starts" "ezlb $(label version)" "$(chroot "$ROOT" "$PROGRAM" version)"
equal "the program for backends starts" "ezlb-toa $(label version)" "$(chroot "$ROOT" "$PROGRAM-toa" --version)"
equal "no library is missing" "" "$(missing_libraries)"
equal "nor one that is loaded" "libcurl-gnutls.so.4 libkmod.so.2" \
	"$("$REPO/scripts/loaded" "$ROOT$PROGRAM" | while read -r name; do [[ ! -e $ROOT$LIBRARIES/$name ]] || echo "$name"; done | xargs)"
equal "no library is too many" "" "$(unused_libraries)"
equal "no link leads nowhere" "" "$(broken_links)"
equal "each package has an entry and a license" "" "$(incomplete_packages)"
equal "the entries are those of the libraries" "$(packages_of_libraries)" \
	"$(find "$ROOT/var/lib/dpkg/status.d" -type f -printf '%f\n' | LC_ALL=C sort)"
equal "ezlb has a user of its own" "65527:65527 65527" \
	"$(awk -F : '$1 == "ezlb" { print $3 ":" $4 }' "$ROOT/etc/passwd") $(awk -F : '$1 == "ezlb" { print $3 }' "$ROOT/etc/group")"
succeeds "the certificates of Debian" grep -q 'BEGIN CERTIFICATE' "$ROOT/etc/ssl/certs/ca-certificates.crt"
succeeds "the license of ezlb" cmp "$REPO/LICENSE" "$ROOT/usr/share/doc/ezlb/copyright"
succeeds "what is mounted exists" ls -d "$ROOT"/{proc,sys,dev,run/ezlb,run/xtables.lock,etc/ezlb/services.d,lib/modules,var/lib/ezlb}

verdicts=$(own_verdicts 2>&1 || :)
equal "an https check trusts the certificates of the image, and no others" \
	"192.0.2.1:443 is up, 192.0.2.1:444 not added: down (tls_certificate)" \
	"$(sed -n 's/^  [+!] backend \([0-9.:]*\), .*\(is up\|not added: .*)\).*/\1 \2/p' <<<"$verdicts" | paste -sd , | sed 's/,/, /')"

equal "architecture" amd64 "$(jq -r .architecture "$WORK/image.json")"
equal "what it runs" '["/usr/local/sbin/ezlb"] ["run"]' "$(config .Entrypoint) $(config .Cmd)"
equal "the health check needs no shell" '["CMD","/usr/local/sbin/ezlb","probe","live"]' "$(config .Healthcheck.Test)"
equal "the signal that ends it" SIGTERM "$(config .StopSignal)"
equal "no volume is made without being asked for" '{}' "$(config '.Volumes // {}')"
for name in title description version licenses revision created; do
	succeeds "label $name" test "$(label "$name")" != null
done
equal "license" GPL-2.0-or-later "$(label licenses)"
if git -C "$REPO" rev-parse HEAD >/dev/null 2>&1; then
	equal "the label says which commit it is" "$(git -C "$REPO" rev-parse HEAD)" "$(label revision)"
fi
finish
