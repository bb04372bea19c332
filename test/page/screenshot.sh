#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes docs/page.png, or FILE, from the fixture of a shop:
#   screenshot.sh [FILE [WIDTH [HEIGHT [light|dark [SCENE [JAVASCRIPT]]]]]]
# Two minutes of charts take ten seconds: the page gets a clock that is twenty times as quick.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/page/browser.bash
. "$(dirname "$0")/browser.bash"

need pngquant pngquant

file=${1:-$REPO/docs/page.png}
scene=${5:-shop}
open='[...document.querySelectorAll("details")].filter(d => /^web$|mail\.yaml$/.test(d.querySelector(".name")?.textContent)).forEach(d => d.open = true)'
quick='{
	const now = performance.now.bind(performance), later = setTimeout;
	performance.now = () => 20 * now();
	globalThis.setTimeout = (work, ms) => later(work, ms / 20);
}'

site_start
fixture "$scene"
browser_start
size "${2:-1280}" "${3:-1000}"
scheme "${4:-light}"
cdp Page.addScriptToEvaluateOnNewDocument "$(jq -n --arg source "$quick" '{$source}')" >/dev/null
visit /
for ((step = 1; SECONDS < 12; step++)); do
	fixture "$scene" "$step"
done
js "${6:-$open}" >/dev/null
sleep 0.3
shot "$file"
pngquant --force --strip --output "$file" 128 "$file" # an eighth of the bytes
ls -l "$file"
console
finished=1
