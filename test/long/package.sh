#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The packages as they are built for others: the Debian package is compiled and passes the unit tests, lintian
# and piuparts; the rpm has the same files. (test/lab/package.sh and unit.sh run it.)
# shellcheck disable=SC2317 # succeeds calls most functions
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
cd "$REPO"

VERSION=$(sed -n 's/^project(ezlb VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
DEB=build/package/ezlb_${VERSION}_$(dpkg --print-architecture).deb

lintian_complaints() {
	lintian --allow-root --fail-on none --tag-display-limit 0 build/package/*.changes | grep -E '^[EW]:' || :
}

hardened() {
	dpkg-deb -x "$DEB" "$WORK/deb"
	dpkg-deb -x "${DEB/ezlb_/ezlb-toa_}" "$WORK/debtoa"
	readelf -Whdl --dyn-syms "$WORK/deb/usr/sbin/ezlb" >"$WORK/elf"
	local sign
	for sign in 'DYN (Position-Independent' BIND_NOW GNU_RELRO __stack_chk_fail; do
		grep -qF "$sign" "$WORK/elf" || {
			echo "no $sign"
			return 1
		}
	done
}

# Installs, upgrades, removes and purges in a chroot of its own, and looks for what is left.
piuparts_passes() {
	piuparts --mirror "$(scripts/mirror)" --distribution bookworm --arch "$(dpkg --print-architecture)" \
		--no-upgrade-test --warn-on-leftovers-after-purge --log-file "$WORK/piuparts.log" "$DEB" "${DEB/ezlb_/ezlb-toa_}" >/dev/null 2>&1 ||
		{ grep -E 'ERROR|FAIL|WARN' "$WORK/piuparts.log"; tail -n 20 "$WORK/piuparts.log"; false; }
}

# rpmbuild knows nothing of the packages of Debian, so it cannot look for those to build with.
build_rpm() {
	mkdir -p "$WORK/rpm/SOURCES"
	tar -cz --exclude=./build* --exclude=./.cache --exclude=./.git --transform "s|^\.|ezlb-$VERSION|" \
		-f "$WORK/rpm/SOURCES/ezlb-$VERSION.tar.gz" .
	rpmbuild -bb --nodeps --define "_topdir $WORK/rpm" packaging/rpm/ezlb.spec &&
		mv "$WORK"/rpm/RPMS/*/ezlb-[0-9]*.rpm "$WORK/ezlb.rpm" &&
		mv "$WORK"/rpm/RPMS/*/ezlb-toa-[0-9]*.rpm "$WORK/ezlb-toa.rpm"
}

# files_of DIRECTORY: its files. Each of the two packages has its own places for some, and its own files about itself.
files_of() {
	(cd "$1" && find . ! -type d -printf '/%P\n' | sed \
		-e 's|^/lib/systemd/|/usr/lib/systemd/|' -e 's|/zsh/vendor-completions/|/zsh/site-functions/|' \
		-e 's|\(/man/.*\)\.gz$|\1|' -e '/^.usr.share.licenses/d' -e '/changelog.gz$/d' -e '/ezlb\(-toa\)\?.copyright$/d' \
		-e '/lintian.overrides/d' \
		-e '/\.build-id/d' | sort)
}

# unpack_rpm FILE DIRECTORY
unpack_rpm() {
	mkdir "$2"
	rpm2cpio "$1" | (cd "$2" && cpio -idm --quiet)
}

# Who publishes an rpm signs it, and says who that is. /var/lib/ezlb is for root only, as the unit makes it.
rpm_complaints() {
	rpmlint "$WORK/ezlb.rpm" "$WORK/ezlb-toa.rpm" 2>&1 | grep -E ': E: ' |
		grep -vE 'E: (no-signature|no-packager-tag|no-group-tag|non-standard-dir-perm /var/lib/ezlb 700)' || :
}

for tool in lintian piuparts rpmbuild rpmlint debootstrap cpio; do
	need $tool "${tool/rpmbuild/rpm}"
done
[[ $EUID -eq 0 ]] || {
	fail "piuparts needs root"
	finish
}
succeeds "the Debian package is built, and passes the unit tests" scripts/package
equal "lintian has neither errors nor warnings" "" "$(lintian_complaints)"
succeeds "the program is hardened" hardened
succeeds "piuparts" piuparts_passes
succeeds "the rpm is built" build_rpm
unpack_rpm "$WORK/ezlb.rpm" "$WORK/rpmroot"
equal "the rpm has the files of the Debian package" "$(files_of "$WORK/deb")" "$(files_of "$WORK/rpmroot")"
unpack_rpm "$WORK/ezlb-toa.rpm" "$WORK/rpmtoa"
equal "so has that of ezlb-toa" "$(files_of "$WORK/debtoa")" "$(files_of "$WORK/rpmtoa")"
equal "rpmlint has no errors" "" "$(rpm_complaints)"
finish
