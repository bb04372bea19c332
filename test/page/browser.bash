# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A headless Chromium by the WebDriver protocol, and a web server of plain files. Needs $WORK.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
WWW=$WORK/www
SITE=    # http://127.0.0.1:PORT of the web server
server=  # its pid
driver=  # that of chromedriver
session= # http://127.0.0.1:PORT/session/ID

# site_start: serves $WWW: the page, and the documents of a fixture.
site_start() {
	local port try
	mkdir -p "$WWW/api/v1"
	cp "$HERE/../../pkg/page/page.html" "$WWW/index.html"
	for ((try = 0; try < 20; try++)); do
		port=$((20000 + RANDOM % 10000))
		busybox httpd -f -p "127.0.0.1:$port" -h "$WWW" 2>/dev/null &
		server=$!
		SITE=http://127.0.0.1:$port
		answers "$SITE/" && return
	done
	echo "no free port for a web server" >&2
	return 1
}

# answers URL: within 10 s. Not so where $server has ended: its port was taken.
answers() {
	local try
	for ((try = 0; try < 100; try++)); do
		sleep 0.1
		kill -0 "$server" 2>/dev/null || return 1
		curl -sf -m 5 -o "$WORK/answer" "$1" && return
	done
	return 1
}

site_stop() {
	[[ -z $server ]] || kill "$server" 2>/dev/null || :
	[[ -z $server ]] || wait "$server" 2>/dev/null || :
	server=
}

# fixture SCENE [STEP]: the documents are these from now on; never half of one.
fixture() {
	jq -n -f "$HERE/fixture.jq" --arg scene "$1" --argjson step "${2:-0}" >"$WORK/both.json"
	jq -c .status "$WORK/both.json" >"$WORK/status.json"
	jq -c .events "$WORK/both.json" >"$WORK/events.json"
	mv "$WORK/events.json" "$WWW/api/v1/events"
	mv "$WORK/status.json" "$WWW/api/v1/status"
}

# browser_start [CHROMIUM-ARGUMENT...]
browser_start() {
	local port='' try log=$WORK/driver.log capabilities
	mkdir -p "$WORK/home" "$WORK/profile"
	: >"$log"
	HOME=$WORK/home chromedriver --port=0 >"$log" 2>&1 &
	driver=$!
	for ((try = 0; try < 100; try++)); do
		port=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$log")
		[[ -z $port ]] || break
		sleep 0.1
	done
	capabilities=$(jq -n --arg profile "$WORK/profile" '{capabilities: {alwaysMatch: {browserName: "chrome",
		"goog:loggingPrefs": {browser: "ALL"}, unhandledPromptBehavior: "ignore",
		"goog:chromeOptions": {args: (["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
			"--hide-scrollbars", "--window-size=1280,900", "--user-data-dir=\($profile)"] + $ARGS.positional)}}}}' --args "$@")
	session=$(curl -sS -m 60 -d "$capabilities" "http://127.0.0.1:$port/session" | jq -r '.value.sessionId // empty')
	[[ -n $session ]] || {
		cat "$log" >&2
		return 1
	}
	session=http://127.0.0.1:$port/session/$session
}

browser_stop() {
	[[ -z $session ]] || curl -sS -m 20 -X DELETE "$session" >/dev/null || :
	[[ -z $driver ]] || kill "$driver" 2>/dev/null || :
	[[ -z $driver ]] || wait "$driver" 2>/dev/null || :
	session=
	driver=
}

# wd PATH [JSON]: a command; prints its value.
wd() {
	curl -sS -m 60 -d "${2:-{\}}" "$session/$1" | jq -c .value
}

# cdp METHOD PARAMETERS: one of Chromium's own protocol.
cdp() {
	wd goog/cdp/execute "$(jq -n --arg cmd "$1" --argjson params "$2" '{$cmd, $params}')"
}

# js EXPRESSION: its value in the page; text without quotes.
js() {
	wd execute/sync "$(jq -n --arg script "return ($1);" '{$script, args: []}')" | jq -r 'if type == "object" and .error then .message else . end'
}

go() {
	wd url "$(jq -n --arg url "$1" '{$url}')" >/dev/null
}

# visit PATH: as in a new tab, also where only the part behind # is another.
visit() {
	go about:blank
	go "$SITE$1"
}

# size WIDTH HEIGHT [SCALE]: of the page itself.
size() {
	cdp Emulation.setDeviceMetricsOverride "{\"width\": $1, \"height\": $2, \"deviceScaleFactor\": ${3:-1}, \"mobile\": false}" >/dev/null
}

# scheme light|dark
scheme() {
	cdp Emulation.setEmulatedMedia "{\"features\": [{\"name\": \"prefers-color-scheme\", \"value\": \"$1\"}]}" >/dev/null
}

# shot FILE: a PNG of what the window shows.
shot() {
	curl -sS -m 60 "$session/screenshot" | jq -r .value | base64 -d >"$1"
}

# console: what the page has complained about since the last call, one a line.
# Not what the browser says of its own pages.
console() {
	wd se/log '{"type": "browser"}' | jq -r '.[]? | .level + " " + .message' | grep -vF ' chrome://' || :
}

page_leave() {
	local status=$?
	set +e
	browser_stop
	jobs -p | xargs -r kill 2>/dev/null
	wait 2>/dev/null
	(exit "$status")
	leave
}
trap page_leave EXIT
