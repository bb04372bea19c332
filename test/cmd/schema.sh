#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `ezlb schema`: the JSON Schema and the parser say the same of service files, as far as a schema can judge them.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
cd "$REPO"

# What no schema can judge: of several fields, of the file's name, or of what an address means.
beyond=(e011-fwmark-enabled e011-probe-port e011-tunnel-port e012-key e013-file_name e013-netmask-ipv6 e013-netmask e013-nul-escape
	e014-day e014-snat-ips e015-loopback e015-loopback6 e015-range-backwards e015-wildcard e015-wildcard6)

# judge COMMAND FILE...: what test/tools/schema.py has to say.
judge() {
	python3 test/tools/schema.py "$EZLB" "$WORK" "$@" 2>&1 || :
}

# Where the modeline of an example leads to.
modelines() {
	local file target
	for file in "$@"; do
		# shellcheck disable=SC2016 # no expansion is meant
		target=$(sed -n 's/^# yaml-language-server: \$schema=//p' "$file")
		[[ -n $target && $(dirname "$file")/$target -ef docs/service-file.schema.json ]] || echo "$file: '$target'"
	done
}

# The same after an installation.
installed() {
	local build
	build=$(dirname "$(dirname "$EZLB")")
	[[ -e $build/cmake_install.cmake ]] || build=$REPO/build
	cmake --install "$build" --component doc --prefix "$WORK/usr" >"$WORK/install.log" 2>&1 || cat "$WORK/install.log"
	(
		cd "$WORK/usr/share/doc/ezlb"
		modelines examples/services.d/*.yaml
	)
}

need_ezlb
need python3 python3
for module in jsonschema yaml; do
	python3 -c "import $module" 2>/dev/null || {
		fail "python3 has $module" "install the Debian package python3-$module"
		finish
	}
done

equal "docs/service-file.schema.json is that of this version" "" \
	"$("$EZLB" schema | diff docs/service-file.schema.json - | head -n 20)"
equal "the good files are valid, and have every field" "" \
	"$(judge good test/data/config/good/* examples/services.d/*.yaml deploy/k8s/base/services/*.yaml)"
equal "the examples name it" "" "$(modelines examples/services.d/*.yaml)"
equal "also where they are installed" "" "$(installed)"
judge bad test/data/config/bad/*.yaml | grep '^e01[0-5]' >"$WORK/bad"
equal "it refuses unknown, missing and mistyped fields, words and limits" \
	"$(cd test/data/config/bad && printf '%s\n' e01[0-5]*.yaml | grep -vxFf <(printf '%s.yaml\n' "${beyond[@]}"))" \
	"$(cat "$WORK/bad")"
equal "all values of all fields are judged alike" "" "$(judge values)"
finish
