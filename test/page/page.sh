#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The page in a real browser: what an operator sees, of documents from files and of a real ezlb.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
# shellcheck source=test/page/browser.bash
. "$(dirname "$0")/browser.bash"
# shellcheck source=test/page/host.bash
. "$(dirname "$0")/host.bash"
own_net 192.0.2.2 192.0.2.3

need chromedriver chromium-driver
need chromium chromium
need jq jq
need curl curl
need busybox busybox-static

# What the page shows, as expressions.
names='[...document.querySelectorAll("#services .name")].map(n => n.textContent).join(" ")'
states='[...document.querySelectorAll("#services .service > details > summary > .mark")].map(n => n.textContent).join(" ")'
nodes='document.querySelectorAll("*").length'
points='Math.max(0, ...[...document.querySelectorAll("#services .chart path")].map(p => p.getAttribute("d")?.split("L").length - 1 || 0))'
alerts='document.getElementById("alerts").textContent'
shown='document.getElementById("services").childElementCount'
script_ms='performance.getEntriesByName("poll")[0].duration'

# row NAME: an expression for the row of that service.
row() {
	printf '[...document.querySelectorAll("#services > li")].find(n => n.querySelector(".name").textContent === "%s")' "$1"
}

# fact NAME: an expression for one of the facts at the foot.
fact() {
	printf '[...document.querySelectorAll("#facts div")].find(n => n.firstChild.textContent === "%s").lastChild.textContent' "$1"
}

# shows DESCRIPTION EXPRESSION WANT: now.
shows() {
	equal "$1" "$3" "$(js "$2")"
}

# comes DESCRIPTION EXPRESSION PATTERN [SECONDS]: within 20 s, or so many. The page rests ten times as long as a
# poll has taken, so on a busy machine it polls more rarely than every 2 s.
comes() {
	local end=$((SECONDS + ${4:-20})) got
	while got=$(js "$2"); do
		# shellcheck disable=SC2053 # it is a pattern
		[[ $got == $3 ]] && pass "$1" && return
		((SECONDS <= end)) || break
		sleep 0.1
	done
	fail "$1" "want: $3"$'\n'"got:  $got"
}

# at_most DESCRIPTION LIMIT GOT
at_most() {
	if jq -en --argjson got "$3" --argjson limit "$2" '$got <= $limit' >/dev/null; then
		pass "$1 ($3)"
	else
		fail "$1" "at most $2, got $3"
	fi
}

# quiet DESCRIPTION: the console has nothing.
quiet() {
	equal "$1" "" "$(console)"
}

# press EXPRESSION: of an element.
press() {
	js "($1).click()" >/dev/null
}

# key NAME TEXT CODE: on the keyboard.
key() {
	local type
	for type in keyDown keyUp; do
		cdp Input.dispatchKeyEvent "$(jq -n --arg type "$type" --arg key "$1" --arg text "$2" --argjson code "$3" \
			'{$type, $key, windowsVirtualKeyCode: $code} + if $type == "keyDown" then {$text} else {} end')" >/dev/null
	done
}

# filter WORDS: types them.
filter() {
	js "((f) => { f.value = $(jq -n --arg words "$1" '$words'); f.dispatchEvent(new Event('input')); })(document.getElementById('filter'))" >/dev/null
}

problems_first() {
	fixture shop
	visit /
	comes "problems come first, the worst of them before" "$names" \
		"checkout mail search web metrics-push api dns images postgres-ro redis session"
	shows "each says its state in a word" "$states" "down refused stale degraded pending ok ok ok ok ok ok"
	shows "and in a shape" \
		'[...document.querySelectorAll("#services .service > details > summary > .mark use")].map(u => u.getAttribute("href")).slice(0, 5).join(" ")' \
		"#i-down #i-refused #i-stale #i-degraded #i-pending"
	shows "every shape is there" \
		'[...document.querySelectorAll("use")].filter(u => !document.querySelector(u.getAttribute("href"))).length' 0
	shows "the tab counts the problems" document.title "4 problems - ezlb lb-1"
	shows "the head says who, and whether it is ready" \
		'["host", "version", "ready", "summary"].map(id => document.getElementById(id).textContent).join("|")' \
		"lb-1|ezlb 0.1.0|Ready|11 services, 10 applied"
	shows "and what is wrong" '[...document.querySelectorAll("#problems .mark")].map(n => n.textContent).join(", ")' \
		"1 down, 1 refused, 1 stale, 1 degraded"
	shows "each in the colour of its state" '[...document.querySelectorAll("#problems .mark")].map(n => n.dataset.tone).join(" ")' "bad bad warn warn"
	shows "no word has a second one" 'document.body.innerText.includes("rejected")' false
	shows "an error in a file is told where the files are" \
		'document.querySelector("#files").textContent.includes("port 70025 is out of range")' true
	shows "and not again with its service" "$(row mail).textContent.includes('70025')" false
	shows "which points to it" "$(row mail).querySelector('.why').firstChild.textContent" "its file has an error: see above"
	shows "what a state means is told" '[...document.querySelectorAll(".chip")].find(n => n.textContent.startsWith("stale")).title' \
		"its file has an error or a conflict: an older version serves"
	shows "all of it in what a screen reader is told of" '["ready", "problems", "summary"].every(id => document.querySelector("[aria-live=polite] #" + id))' true
	shows "a row has the cause" "$(row checkout).querySelector('.why').firstChild.textContent" \
		"none of 3 backends serves: 192.168.30.21:8443 (http_status 503)"
	shows "and since when" "$(row checkout).querySelector('.why time').textContent" "6 min"
	shows "and where, how and from which file" "$(row web).querySelector('.meta').textContent.replaceAll('\\u00a0', ' ')" \
		"tcp 10.20.0.10:443 · wrr · SNAT 10.20.0.5 · web.yaml:2"
	shows "and how many serve" "$(row web).querySelectorAll('.figure')[0].textContent" "3 of 4"
	shows "no alert without a cause" "$alerts" ""
}

files_with_errors() {
	shows "both refused files are listed" 'document.querySelectorAll("#files > li").length' 2
	shows "with the caret under the place" 'document.querySelector("#files pre").textContent' \
		"/etc/ezlb/services.d/mail.yaml:4:16: error[E014]: port 70025 is out of range: 1-65535
    4 |   - address: 192.168.25.11:70025
      |                ^"
	shows "and what is applied" 'document.querySelectorAll("#files .soft")[1].textContent' "An older version of it serves"
}

details() {
	shows "a closed service has no backends in the document" 'document.querySelectorAll(".backends").length' 0
	press "$(row web).querySelector('summary')"
	comes "an open one has" "$(row web).querySelectorAll('.backends tbody tr').length" 4
	shows "those that are down first, with the reason" \
		"[...$(row web).querySelectorAll('.backends tbody tr')[0].children].slice(0, 2).map(c => c.textContent).join('|')" \
		"192.168.10.13:8443|downhttp_status 502"
	shows "the weight wanted, and none in the kernel" \
		"$(row web).querySelectorAll('.backends tbody tr')[0].children[4].textContent" "20, –"
	shows "the conditions" "[...$(row web).querySelectorAll('table:not(.backends) tbody tr')].map(r => [...r.children].slice(0, 3).map(c => c.textContent).join(' ')).join('|')" \
		"File applied yes Valid|In the kernel yes Programmed|Backends ready yes SomeDown|Conflict none NoConflict|Packets get through yes NoObstacle|Client address yes NotAsked"
	shows "no hash is shown" "$(row web).textContent.includes('08f4b6f3c2e0a1d7')" false
	shows "but what is applied" "[...$(row web).querySelectorAll('.facts div')].find(n => n.firstChild.textContent === 'Applied').lastChild.textContent" \
		"the file as it is now"
	shows "the last events of it" "$(row web).querySelectorAll('.events li').length" 1
	js "$(row mail).querySelector('summary').focus()" >/dev/null
	key Enter $'\r' 13
	comes "a refused one has its diagnostics" "$(row mail).querySelector('pre').textContent" '*error\[E014\]*'
	shows "no tick stands beside what is not so" "[...$(row mail).querySelectorAll('table:not(.backends) tbody tr')].map(r => r.children[1].querySelector('use').getAttribute('href') + ' ' + r.children[1].textContent).join('|')" \
		"#i-failed no|#i-unchecked no|#i-unchecked no|#i-ok none|#i-unchecked no|#i-unchecked no"
}

charts() {
	local step
	for step in 1 2 3; do
		fixture shop "$step"
		sleep 2.1
	done
	comes "charts have grown with the polls" "$points >= 3" true
	shows "one of a service that is not counted is hidden" "$(row mail).querySelector('.chart').hasAttribute('hidden')" true
}

changes() {
	local scrolled
	key / / 191
	shows "the key / goes to the filter, and is not typed" 'document.activeElement.id + document.activeElement.value' filter
	js "$(row web).querySelector('summary').focus()" >/dev/null
	js 'window.witness = 1' >/dev/null
	js 'scrollTo(0, 120)' >/dev/null
	scrolled=$(js scrollY)
	fixture healthy 4
	comes "a service goes down, and the page shows it" "$(row web).querySelector('.mark').textContent" down
	shows "first in the list" "$names" \
		"web mail search metrics-push api checkout dns images postgres-ro redis session"
	shows "without a reload" window.witness 1
	shows "what was open is open" "$(row web).querySelector('details').open" true
	shows "the focus has gone with its row" 'document.activeElement.querySelector(".name")?.textContent' web
	shows "and the place" scrollY "$scrolled"
	comes "the event is the first of the list" 'document.querySelector("#events li .type").textContent + " " + document.querySelector("#events li .mono").textContent' \
		"Backend down 192.168.10.11:8443"
	shows "the others were not repeated" 'document.querySelectorAll("#events li").length' 11
}

# What ezlb does all the time does not stand before what has gone wrong.
important_events() {
	shows "important events only" '[...document.querySelectorAll("#events .type")].map(n => n.textContent).join("|")' \
		"Backend down|File accepted|Backend down|Service down|Backend down|Backend down|Backend down|File refused|File refused|Repaired|ezlb started"
	shows "a condition in plain words" '[...document.querySelectorAll("#events li")][3].lastChild.textContent' "checkout none of 3 backends serves"
	shows "and what the API calls it" '[...document.querySelectorAll("#events .type")][3].title' "ConditionChanged, BackendsReady NoneUp"
	press 'document.getElementById("all")'
	shows "all of them on request" '[...document.querySelectorAll("#events .type")].map(n => n.textContent).slice(0, 3).join("|")' \
		"Backend down|Some backends down|Kernel changed"
	shows "all of them" 'document.querySelectorAll("#events li").length' 15
	shows "that is in the address" location.hash "#log=all"
	press 'document.getElementById("important")'
	shows "and back" 'document.querySelectorAll("#events li").length + location.hash' 11
}

filters() {
	filter "192.168.17 images"
	shows "a filter by address and name" "$names" images
	shows "is in the address" location.hash "#q=192.168.17+images"
	filter "web.yaml"
	shows "by file" "$names" web
	comes "what was open before is open again" 'document.querySelectorAll(".backends tbody tr").length' 4
	filter "no such thing"
	shows "that finds nothing says so" 'document.getElementById("none").textContent' "No service matches the filter."
	filter ""
	press '[...document.querySelectorAll(".chip")].find(n => n.textContent.startsWith("refused"))'
	shows "a filter by state" "$names" mail
	shows "the button says that it is pressed" '[...document.querySelectorAll("#chips [aria-pressed=true]")].map(n => n.textContent).join()' refused1
	press '[...document.querySelectorAll("#events .link")].find(n => n.textContent === "checkout")'
	shows "events of one service" 'document.querySelectorAll("#events li").length' 4
	shows "all of it is in the address" location.hash "#state=refused&events=checkout"
	visit "/#q=yaml&state=down+refused&events=web"
	comes "an address with a filter shows the same" "$names" "web mail"
	comes "and the same events" 'document.querySelectorAll("#events li").length' 2
	press 'document.getElementById("only")'
	comes "until those of all are asked for" 'document.querySelectorAll("#events li").length' 11
}

stale() {
	rm "$WWW/api/v1/events"
	comes "an answer that is an error is a warning" "$alerts" "*Old data, of 01:02:11 UTC: ezlb answered api/v1/events?since=16 with HTTP status 404.*"
	echo '{"half":' >"$WWW/api/v1/events"
	comes "one that is cut, too" "$alerts" "*the answer of ezlb is not JSON*"
	fixture healthy 5
	comes "the warning goes with its cause" "$alerts" ""
	shows "the charts have a gap there" 'document.querySelector("#totals path").getAttribute("d").match(/M/g).length' 2
	kill -STOP "$server"
	comes "no answer in time is a warning" "$alerts" "*ezlb has not answered within 10 s*" 40
	shows "what was so is not said to be so" 'document.getElementById("ready").textContent' "Was ready"
	kill -CONT "$server"
	comes "which goes, too" "$alerts" ""
	shows "and it is ready again" 'document.getElementById("ready").textContent' Ready
	console >/dev/null # the browser itself notes a 404
	site_stop
	comes "no server is a warning, with since when" "$alerts" "*Old data, of 01:02:13 UTC: ezlb cannot be reached* s)"
	shows "the tab says it" document.title "no data - ezlb lb-1"
	shows "what was known stays" "$names" "web mail"
	go about:blank
	console >/dev/null
}

hostile() {
	fixture hostile
	visit /
	comes "a hostile name is shown" "$names" "odd <img src=x onerror=alert(1)>*"
	press "document.querySelectorAll('#services summary')[1]"
	press "document.querySelector('#files summary')"
	press "document.querySelector('#events .link')"
	comes "all of it, the open parts too" 'document.querySelectorAll(".backends tbody tr").length' 2
	shows "as text: no element was made of it" 'document.querySelectorAll("img").length + document.querySelectorAll("script").length' 1
	shows "no attribute is a handler" '[...document.querySelectorAll("*")].flatMap(n => [...n.attributes]).filter(a => a.name.startsWith("on")).length' 0
	shows "the title is text" 'document.title.endsWith("- ezlb <img src=x onerror=alert(1)>\"'"'"'</script><script>alert(2)</script>&amp;")' true
	shows "diagnostics are text" 'document.querySelector("#files pre").textContent.includes("error[<img src=x onerror=alert(1)>")' true
	shows "events are text" 'document.querySelector("#events .type").textContent.startsWith("<img src=x")' true
	shows "not ready, and why" 'document.getElementById("ready").textContent.startsWith("Not ready: <img")' true
	shows "what is wrong beyond services are alerts" '[...document.querySelectorAll("#alerts li")].map(n => n.textContent.slice(0, 16)).join("|")' \
		"The kernel does |The directory /e|Traffic is not c|2 probes of 2 ov|The conntrack ta"
	equal "nobody has called alert" "no such alert" "$(curl -sS -m 20 "$session/alert/text" | jq -r .value.error)"
	quiet "the console is quiet"
}

# The tab is red only where something is.
worst_colour() {
	fixture full
	jq -c '.conntrack.entries = 5' "$WWW/api/v1/status" >"$WORK/calm.json"
	mv "$WORK/calm.json" "$WWW/api/v1/status"
	visit /
	comes "degraded is not counted in red" 'document.getElementById("favicon").getAttribute("href").includes("b36b00")' true
	shows "nor shown in it" 'document.querySelector("#problems").textContent + document.querySelector("#problems .mark").dataset.tone' "1 degradedwarn"
}

# cells SERVICE ADDRESS: an expression for state, note and weights of a backend.
cells() {
	printf '((row) => [row[1].firstChild.textContent, row[1].lastChild.textContent, row[4].textContent].join("|"))([...%s.querySelectorAll(".backends tbody tr")].find(n => n.firstChild.textContent === "%s").children)' "$(row "$1")" "$2"
}

roles() {
	fixture roles
	visit /
	comes "fail open comes first of what is degraded" "$names" "api shop web"
	shows "in words of its own" "$states" "fail open fallback ok"
	shows "and in red" "$(row api).dataset.tone" bad
	shows "in the head as well" '[...document.querySelectorAll("#problems .mark")].map(n => n.textContent + " " + n.dataset.tone).join(", ")' \
		"1 fail open bad, 1 fallback warn"
	shows "and in the tab" 'document.getElementById("favicon").getAttribute("href").includes("c5221f")' true
	shows "with the cause" "$(row api).querySelector('.why').firstChild.textContent" "fewer than min_healthy (2): 1 of 2 backends is up"
	shows "a fallback that is not needed is not missed" "$(row web).querySelectorAll('.figure')[0].textContent" "2 of 2"
	js '[...document.querySelectorAll("#services details")].forEach(d => d.open = true)' >/dev/null
	comes "the backends are shown" 'document.querySelectorAll(".backends tbody tr").length' 8
	shows "one that is down and serves all the same" "$(cells api 192.168.11.2:8443)" "fail open|connect_refused|10, 10"
	comes "one that drains, with what is left" "$(cells shop 192.168.12.1:8443)" "draining|http_status 503, 12 connections, 1? s left|10, 0"
	comes "one that has left its file" "$(cells web 192.168.10.13:8443)" "draining|left the file, 1 connection, [23]? s left|0, 0"
	comes "one in slow start" "$(cells web 192.168.10.12:8443)" "starting|30% of its weight, all in * s|1, 30%"
	shows "the others have the weight of the file then" "$(cells web 192.168.10.11:8443)" "up||1, 1"
	shows "a fallback that serves" "$(cells shop 192.168.12.9:8443)" "fallback||10, 10"
	shows "and one that does not" "$(cells web 192.168.10.19:8443)" "standby||10, –"
	shows "events in plain words, each once" '[...document.querySelectorAll("#events .type")].map(n => n.textContent).join("|")' \
		"Backend drains|Fail open"
	quiet "the console is quiet with all roles"
}

# Where the events come after all services.
jump() {
	size 360 800
	fixture shop
	visit /
	comes "a phone has a link to the events" 'document.getElementById("jump").innerText' "Events: 8 warnings"
	shows "which are below all services" 'document.getElementById("events-title").getBoundingClientRect().top > 800' true
	press 'document.getElementById("jump")'
	comes "that leads there" 'Math.abs(document.getElementById("events-title").getBoundingClientRect().top - 400) <= 400' true
	shows "the focus, too" document.activeElement.id events-title
	shows "the filter is as it was" location.hash ""
	size 1280 900
	shows "beside the services there is no need of it" 'getComputedStyle(document.getElementById("jump")).display' none
}

# Of 1,000 services with 10 backends each, after some polls.
many() {
	fixture many
	visit /
	comes "1,000 services: the 10 that are down come first" "$names" "svc-0990 svc-0991 * svc-0999 svc-0000 *"
	shows "100 rows are shown" "$shown" 100
	at_most "nodes in the document are bounded" 8000 "$(js "$nodes")"
	fixture many 1
	comes "the next poll comes" "performance.getEntriesByName('poll')[0].startTime > 2000" true 30
	# Others may be busy on this machine: one quick poll proves that it can be.
	comes "a poll takes at most 50 ms of our own time" "$script_ms <= 50" true 60
	echo "     it took $(js "Math.round($script_ms)") ms, for a document of $(stat -c %s "$WWW/api/v1/status") bytes"
	cdp Emulation.setCPUThrottlingRate '{"rate": 10}' >/dev/null
	comes "where it takes much, polls are rarer" "parseInt($(fact "Read every")) > 2" true 60
	cdp Emulation.setCPUThrottlingRate '{"rate": 1}' >/dev/null
	press 'document.getElementById("more")'
	shows "100 more on request" "$shown" 200
	filter "svc-0777"
	shows "each can be found" "$names" svc-0777
	press "document.querySelector('#services summary')"
	comes "one of 130 backends shows 100" 'document.querySelectorAll(".backends tbody tr").length' 100
	press 'document.querySelector(".body .more")'
	shows "and the others on request" 'document.querySelectorAll(".backends tbody tr").length' 130
	quiet "the console is quiet with 1,000"
}

sizes() {
	local width
	fixture shop
	size "$1" 800
	visit /
	comes "$1 px wide: it shows" "$names" "checkout *"
	js '[...document.querySelectorAll("details")].forEach(d => d.open = true)' >/dev/null
	comes "all open" 'document.querySelectorAll(".backends tbody tr").length >= 30' true
	width=$(js document.documentElement.scrollWidth)
	at_most "the page does not scroll sideways" "$1" "$width"
}

# luminance: of the page's ground, 0 to 255.
luminance='getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0) / 3'

# What the texts of the page have of contrast with what is behind them; below 4.5 WCAG's AA fails.
contrast='(() => {
	const part = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
	const rgb = c => c.match(/[\d.]+/g).map(Number);
	const light = c => .2126 * part(c[0]) + .7152 * part(c[1]) + .0722 * part(c[2]);
	const ground = n => { for (; n; n = n.parentElement) { const c = rgb(getComputedStyle(n).backgroundColor); if (c[3] !== 0) return c; } return [255, 255, 255]; };
	const leaves = [...document.querySelectorAll("body *")].filter(n => !n.closest("svg, script, noscript") && [...n.childNodes].some(c => c.nodeType === 3 && c.data.trim()));
	const ratios = leaves.map(n => [light(rgb(getComputedStyle(n).color)), light(ground(n))].sort((a, b) => b - a)).map(([a, b]) => (a + .05) / (b + .05));
	return ratios.length > 100 && Math.min(...ratios) >= 4.5 ? "enough" : "least " + Math.min(...ratios) + " of " + ratios.length;
})()'

schemes() {
	shows "light: the contrast is enough" "$contrast" enough
	at_most "and the ground is light" 0 "$(js "240 - ($luminance)")"
	scheme dark
	comes "dark: the contrast is enough" "$contrast" enough
	at_most "and the ground is dark" 40 "$(js "$luminance")"
}

# --- a real ezlb, without a kernel ---

backends=() # pids

# backends_start PORT: two web servers, on 192.0.2.2 and on 192.0.2.3.
backends_start() {
	local host
	mkdir -p "$WORK/backend"
	echo well >"$WORK/backend/healthz"
	for host in 192.0.2.2 192.0.2.3; do
		busybox httpd -f -p "$host:$1" -h "$WORK/backend" &
		backends+=($!)
	done
}

# web_file PORT LISTEN
web_file() {
	cat <<-END
		listen: $2
		health_check: {type: http, http_path: /healthz, interval: 100ms, timeout: 2s, fail_count: 2, rise_count: 2}
		backends:
		  - address: 192.0.2.2:$1
		  - address: 192.0.2.3:$1
	END
}

ezlb_start() {
	"$EZLB" run --dataplane memory --probe --config-dir "$WORK/services" --state-dir "$WORK/state" \
		--admin-address "${SITE#http://}" 2>>"$WORK/ezlb.log" &
	server=$!
}

real() {
	local port=$((20000 + RANDOM % 10000))
	need_ezlb
	mkdir -p "$WORK/services" "$WORK/state"
	backends_start "$port"
	web_file "$port" 10.0.0.1:80 >"$WORK/services/web.yaml"
	go about:blank
	site_stop # its port is free again
	ezlb_start
	answers "$SITE/livez"
	visit /
	comes "ezlb serves the page: both backends are up" "$states" ok
	shows "the head is true" 'document.getElementById("version").textContent' "$("$EZLB" version)"
	press "document.querySelector('#services summary')"
	kill "${backends[1]}"
	comes "a backend dies, and the page shows it" "$states" degraded
	shows "which one, and why" "[...document.querySelectorAll('.backends tbody tr')[0].children].slice(0, 2).map(c => c.textContent).join('|')" \
		"192.0.2.3:$port|downconnect_refused"
	comes "as an event, too" 'document.querySelector("#events").textContent' "*Backend down*192.0.2.3:$port*connect_refused*"
	web_file "$port" 10.0.0.2:70000 >"$WORK/services/bad.yaml"
	comes "a file with an error is refused, with the place" 'document.querySelector("#files pre")?.textContent' \
		"*bad.yaml:1:9: error\[E014\]*10.0.0.2:70000*^*"
	comes "and is a service" "$states" "refused degraded"
	site_stop
	comes "ezlb stops: old data" "$alerts" "*ezlb cannot be reached*"
	ezlb_start
	comes "it starts again: new data" "$alerts" "Nothing is programmed: in-memory data plane. No traffic is balanced."
	console >/dev/null # the browser itself has noted that
	comes "and the new one's events" '[...document.querySelectorAll("#events .type")].filter(n => n.textContent === "ezlb started").length' 2
	quiet "the console is quiet with a real ezlb"
	kill "${backends[0]}"
	comes "the last backend dies: down" "$states" "down refused"
}

site_start
browser_start
problems_first
files_with_errors
details
charts
changes
quiet "the console is quiet"
important_events
filters
stale
site_start
hostile
whole_host
drained
worst_colour
roles
jump
many
sizes 360
schemes
sizes 1280
quiet "the console is quiet to the end"
real
finish
