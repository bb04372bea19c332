# SPDX-License-Identifier: GPL-2.0-or-later
# Documents as docs/admin.md describes them, for a page without a daemon.
#   jq -n -f fixture.jq --argjson step N --arg scene shop|healthy|roles|hostile|many|full|memory|empty|drained
#     -> {status, events}
# A step is one poll: 2 s later, and other rates.

def at($s): 1795395723 + $s | todate | sub("Z$"; ".000Z");
def now_s: 2 * $step;
# Between 0 and 1, smooth over the steps, another curve for each seed.
def wave($seed): (($step / (5 + $seed % 4) + $seed) | sin) * 0.3 + (($step * 7 + $seed * 13) % 11) / 55 + 0.5;
def rate($mean; $seed): $mean * wave($seed) | round;

def traffic($mean; $seed):
	rate($mean; $seed) as $cps |
	{active: ($cps * 3), inactive: ($cps * 11), connections: ($mean * (5000 + 2 * $step)),
	 packets_in: 9000, packets_out: 8000, bytes_in: 800000, bytes_out: 16000000,
	 connection_rate: $cps, packet_rate_in: ($cps * 8), packet_rate_out: ($cps * 9),
	 byte_rate_in: rate($mean * 2100; $seed + 1), byte_rate_out: rate($mean * 30400; $seed + 2)};

def up($address; $mean; $seed):
	{address: $address, line: 12, verdict: "up", reason: "ok", code: 0, latency_ms: (1.1 + wave($seed)),
	 since: at(-86400 * 3), weight: 10, kernel_weight: 10, traffic: traffic($mean; $seed)};
def down($address; $reason; $code; $ago):
	{address: $address, line: 13, verdict: "down", reason: $reason, code: $code, latency_ms: 0.21,
	 since: at(-$ago), weight: 10, kernel_weight: null, traffic: null};

def condition($type; $status; $reason; $message; $ago):
	{type: $type, status: $status, reason: $reason, message: $message, since: at(-$ago)};
def conditions: [
	condition("Accepted"; "True"; "Valid"; ""; 260000), condition("Programmed"; "True"; "Programmed"; ""; 260000),
	condition("BackendsReady"; "True"; "AllUp"; ""; 260000), condition("Conflict"; "False"; "NoConflict"; ""; 260000),
	condition("Deliverable"; "True"; "NoObstacle"; ""; 260000), condition("ClientAddress"; "True"; "NotAsked"; ""; 260000)];
def but($type; $status; $reason; $message; $ago):
	.conditions |= map(if .type == $type then condition($type; $status; $reason; $message; $ago) else . end);

def sum($name): map(.traffic // {} | .[$name] // 0) | add;
def total: (.[0].traffic // {active: 0, connections: 0} | keys) as $names | . as $all |
	reduce $names[] as $name ({}; .[$name] = ($all | sum($name)));
def service($name; $listen; $backends):
	{name: $name, state: "ok", file: "/etc/ezlb/services.d/\($name).yaml", line: 2, in_force: true, protocol: "tcp",
	 listen: $listen, listeners: [{protocol: "tcp", listen: $listen}], scheduler: "wrr", forward: "masq", full_nat: true, snat: "10.20.0.5",
	 check: {type: "http", interval_ms: 5000, timeout_ms: 3000, fail_count: 3, rise_count: 2, path: "/healthz", expected_status: "200"},
	 traffic_log: false, observed_hash: "08f4b6f3c2e0a1d7", applied_hash: "08f4b6f3c2e0a1d7", conditions: conditions,
	 serving: ($backends | map(select(.verdict != "down")) | length), snat_connections: 120734,
	 traffic: ($backends | map(select(.traffic)) | if length > 0 then total else null end), backends: $backends};

def none_up($ago; $words): .state = "down" | but("BackendsReady"; "False"; "NoneUp"; $words; $ago);
def some_down($ago; $words): .state = "degraded" | but("BackendsReady"; "True"; "SomeDown"; $words; $ago);
def not_in_force($state): .state = $state | .in_force = false | .line = 1 | .backends = [] | .serving = 0 | .snat_connections = null |
	.protocol = null | .listen = null | .listeners = [] | .scheduler = null | .forward = null | .snat = null | .check = null |
	.applied_hash = null | .traffic = null | but("Programmed"; "False"; "NotInForce"; ""; 1) | but("BackendsReady"; "False"; "NotInForce"; ""; 1) |
	but("Deliverable"; "False"; "NotInForce"; ""; 1) | but("ClientAddress"; "False"; "NotInForce"; ""; 1);

def diagnostic($path; $line; $col; $code; $message; $source; $help):
	{line: $line, column: $col, code: $code, message: $message, source: $source, help: $help,
	 text: ("\($path):\($line):\($col): error[\($code)]: \($message)\n    \($line) | \($source)\n      | " + " " * ($col - 1) + "^\n"
		+ if $help then "  help: \($help)\n" else "" end)};
def file($path; $state; $in_force; $diags): {path: $path, state: $state, in_force: $in_force, diagnostics: $diags};

def event($seq; $ago; $level; $type; $service; $object; $message):
	{seq: $seq, time: at(-$ago), level: $level, type: $type, service: $service, object: $object, message: $message};

def status($summary; $services; $files):
	{version: "0.1.0", host: "lb-1", pid: 4711, now: at(now_s), started: at(-266400), dataplane: "kernel", snat_backend: "nftables",
	 summary: $summary, ready: true, not_ready: "", degraded: false,
	 config: {watch: "inotify", dirs: [{path: "/etc/ezlb/services.d", configmap: false, problem: null}], reloads: 14,
		last_reload_ok: true, last_reload: at(-1860), last_reload_success: at(-1860)},
	 reconcile: {passes: 41, errors: 0, last: at(-40), last_success: at(-40), failing_since: null, error: "", repairs: 2},
	 probes: {targets: ([$services[].backends | length] | add), overdue: 0},
	 conntrack: {entries: 48211, max: 262144, full: false}, traffic_error: "", services: ($services | sort_by(.name, .file)),
	 files: ($files + [$services[] | select(.in_force) | file(.file; "ok"; true; [])] | unique_by(.path))};

# A shop at three in the morning: a thing of each kind.
def shop:
	"/etc/ezlb/services.d/mail.yaml" as $mail | "/etc/ezlb/services.d/search.yaml" as $search |
	{status: status("10 services, 2 files refused (mail.yaml:4 and 1 more), 1 down (checkout)"; [
		service("checkout"; "10.20.0.16:443"; [
			down("192.168.30.21:8443"; "http_status"; 503; 412), down("192.168.30.22:8443"; "connect_timeout"; 0; 388),
			down("192.168.30.23:8443"; "connect_refused"; 0; 371)]) | none_up(371; "none of 3 backends serves: 192.168.30.21:8443 (http_status 503)"),
		(service("mail"; "10.20.0.25:25"; []) | not_in_force("refused") |
			but("Accepted"; "False"; "Refused"; "mail.yaml:4:16: port 70025 is out of range: 1-65535 [E014]"; 1860)),
		(service("search"; "10.20.0.12:9200"; [range(1; 4) | up("192.168.12.1\(.):9200"; 14; .)]) | .state = "stale" |
			.observed_hash = "77e1c05b9aa0d3f2" |
			but("Accepted"; "False"; "LastGoodKept"; "search.yaml:9:1: unknown key 'ful_nat' [E010]; the version before it serves"; 5400)),
		(service("web"; "10.20.0.10:443"; [up("192.168.10.11:8443"; 60; 1), up("192.168.10.12:8443"; 58; 2),
			(down("192.168.10.13:8443"; "http_status"; 502; 96) | .weight = 20), up("192.168.10.14:8443"; 61; 4)]) |
			some_down(96; "1 of 4 backends is down: 192.168.10.13:8443 (http_status 502)")),
		(service("metrics-push"; "10.20.0.31:9091"; [up("192.168.31.10:9091"; 0; 3) |
			.verdict = "unknown" | .reason = null | .kernel_weight = null | .traffic = null | .since = null]) | .state = "pending" | .serving = 0 |
			but("BackendsReady"; "Unknown"; "Pending"; "no backend has a verdict yet"; 4)),
		service("api"; "10.20.0.11:443"; [range(1; 7) | up("192.168.11.1\(.):8443"; 41; .)]),
		(service("dns"; "10.20.0.53:53"; [range(1; 4) | up("192.168.53.\(.):53"; 220; .)]) | .protocol = "udp" | .scheduler = "rr" | .snat = "masquerade"),
		(service("images"; "10.20.0.17:443"; [range(1; 4) | up("192.168.17.\(.):8080"; 33; .)]) | .scheduler = "sh"),
		(service("postgres-ro"; "10.20.0.20:5432"; [range(1; 3) | up("192.168.20.\(.):5432"; 3; .)]) | .scheduler = "lc" | .check.type = "tcp" | .check.path = null),
		(service("redis"; "[fd00:20::21]:6379"; [range(1; 3) | up("[fd00:21::\(.)]:6379"; 9; .)]) | .snat = null),
		service("session"; "10.20.0.22:8080"; [range(1; 4) | up("192.168.22.\(.):8080"; 17; .)])
	]; [file($mail; "refused"; false; [diagnostic($mail; 4; 16; "E014"; "port 70025 is out of range: 1-65535"; "  - address: 192.168.25.11:70025"; null)]),
	    file($search; "refused"; true; [diagnostic($search; 9; 1; "E010"; "unknown key 'ful_nat'"; "ful_nat: true"; "did you mean 'full_nat'?")])]),
	 events: {next: 15, events: [
		event(1; 266400; "normal"; "Started"; ""; ""; "ezlb 0.1.0, 9 services"),
		event(2; 266399; "normal"; "Applied"; ""; ""; "27 operations"),
		event(3; 31000; "warning"; "Repaired"; "api"; "192.168.11.14:8443"; "somebody had removed it from the kernel"),
		event(4; 5400; "warning"; "FileRefused"; "search"; "search.yaml"; "9:1: unknown key 'ful_nat' [E010]"),
		event(5; 1860; "warning"; "FileRefused"; "mail"; "mail.yaml"; "4:16: port 70025 is out of range: 1-65535 [E014]"),
		event(6; 1860; "normal"; "Reloaded"; ""; ""; "1 file is new"),
		event(7; 412; "warning"; "BackendDown"; "checkout"; "192.168.30.21:8443"; "http_status 503"),
		event(8; 388; "warning"; "BackendDown"; "checkout"; "192.168.30.22:8443"; "connect_timeout"),
		event(9; 371; "warning"; "BackendDown"; "checkout"; "192.168.30.23:8443"; "connect_refused"),
		event(10; 371; "warning"; "ConditionChanged"; "checkout"; "BackendsReady"; "False, NoneUp: none of 3 backends serves"),
		event(11; 96; "warning"; "BackendDown"; "web"; "192.168.10.13:8443"; "http_status 502"),
		event(12; 4; "normal"; "FileAccepted"; "metrics-push"; "/etc/ezlb/services.d/metrics-push.yaml"; ""),
		event(13; 4; "normal"; "Applied"; ""; ""; "4 operations, the first: snat-add 10.20.0.5"),
		event(14; 96; "warning"; "ConditionChanged"; "web"; "BackendsReady"; "True, SomeDown: 1 of 4 backends is down")]}};

# What backends can do besides serving.
def role($role): .role = $role | .dest_weight = .weight;
def drains($cause; $left; $active): role("draining") | .kernel_weight = 0 | .dest_weight = 0 |
	.drain = {cause: $cause, until: at(now_s + $left), active: $active} | .traffic = (traffic(1; 1) | .active = $active);
def roles:
	{status: status("3 services"; [
		(service("api"; "10.20.0.11:443"; [(up("192.168.11.1:8443"; 41; 1) | role("serving")),
			(down("192.168.11.2:8443"; "connect_refused"; 0; 90) | role("fail_open") | .kernel_weight = 10)]) |
			.state = "degraded" | .serving = 2 | .serving_of = 2 | but("BackendsReady"; "True"; "FailOpen"; "fewer than min_healthy (2): 1 of 2 backends is up"; 90)),
		(service("shop"; "10.20.0.12:443"; [(down("192.168.12.1:8443"; "http_status"; 503; 90) | drains("down"; 18; 12)),
			(up("192.168.12.9:8443"; 41; 1) | role("fallback") | .fallback = true)]) |
			.state = "degraded" | .serving = 1 | .serving_of = 2 | but("BackendsReady"; "True"; "FallbackServes"; "no backend is up: the fallback serves"; 90)),
		(service("web"; "10.20.0.10:443"; [(up("192.168.10.11:8443"; 60; 1) | .weight = 1 | role("serving") | .dest_weight = 10),
			(up("192.168.10.12:8443"; 9; 2) | .weight = 1 | role("starting") | .kernel_weight = 3 | .dest_weight = 3 |
				.slow_start = {until: at(now_s + 12), full_weight: 10}),
			(up("192.168.10.19:8443"; 0; 3) | role("standby") | .dest_weight = null | .kernel_weight = null | .traffic = null | .fallback = true),
			(up("192.168.10.13:8443"; 1; 4) | .weight = 0 | drains("removed"; 30; 1) | .verdict = "unchecked" | .reason = null | .removed = true)]) |
			.serving = 2 | .serving_of = 2)
	]; []),
	 events: {next: 4, events: [
		event(1; 90; "warning"; "ConditionChanged"; "api"; "BackendsReady"; "True, FailOpen: 1 of 2 backends is up"),
		event(2; 90; "warning"; "FailOpenStarted"; "api"; ""; "1 of 2 backends is up"),
		event(3; 5; "normal"; "DrainStarted"; "web"; "192.168.10.13:8443"; "it left the file")]}};

# The same shop after somebody has repaired checkout, and web has lost all.
def healthy:
	shop | .status.summary = "10 services, 2 files refused (mail.yaml:4 and 1 more), 1 down (web)" | .status.services |= map(
		if .name == "web" then none_up(0; "none of 4 backends serves") | .serving = 0
		elif .name == "checkout" then .state = "ok" | .conditions = conditions else . end) |
	.events.next = 16 | .events.events += [event(15; 0; "warning"; "BackendDown"; "web"; "192.168.10.11:8443"; "connect_refused")];

# Text that wants to be markup, wherever ezlb passes on what others have written.
def evil: "<img src=x onerror=alert(1)>\"'</script><script>alert(2)</script>&amp;";
def hostile:
	{status: (status(evil; [
		(service(evil; "10.0.0.1:80"; [down(evil; evil; 500; 3), up("10.0.0.3:80"; 3; 1)]) | .file = evil | .scheduler = evil | .snat = evil |
			none_up(3; evil)),
		(service("odd"; "10.0.0.2:80"; []) | .state = "constructor" | .conditions[0].reason = evil)
	]; [file(evil; "refused"; true; [diagnostic(evil; 1; 3; evil; evil; evil; evil)])]) |
		.host = evil | .version = evil | .ready = false | .not_ready = evil | .traffic_error = evil | .dataplane = evil |
		.reconcile.error = evil | .reconcile.failing_since = at(-9) | .config.dirs[0].problem = evil | .probes.overdue = 2 | .conntrack.entries = 250000 | .config.watch = evil),
	 events: {next: 2, events: [event(1; 3; evil; evil; evil; evil; evil)]}};

# 1,000 services of 10 backends, one of 130; the last 10 are down.
def many:
	{status: status("1000 services"; [range(1000) | . as $i |
		service("svc-\("000\(.)"[-4:])"; "10.\(. / 250 | floor).\(. % 250).1:80"; [range(if $i == 777 then 130 else 10 end) | up("192.168.\($i % 250).\(1 + .):80"; 20; .)]) |
		if $i < 990 then . else none_up(60; "none of 10 backends serves") end]; []),
	 events: {next: 1001, events: [range(1; 1001) | event(.; 2000 - .; "normal"; "BackendUp"; "svc-0001"; "192.168.1.1:80"; "ok after \(.) ms")]}};

# The table is full, and so is the worst that can be said: some backends are down. Source ports are low, too, and clients are
# not told.
def ports_low: .source_ports = {source: "10.20.0.5", protocol: "tcp", backend: "192.168.10.11:8443", used: 54000, available: 64512,
	percent: 83, counted_by: "conntrack", fullest: "10.20.0.5", fullest_used: 54000} |
	but("Deliverable"; "True"; "SourcePortsLow"; "54000 of 64512 source ports to 192.168.10.11:8443 are used"; 60);
def untold: .client_address = "toa" | .connection_log = true | but("ClientAddress"; "False"; "Unsupported"; "this kernel has no BTF"; 60);
def full: shop | .status.services |= map(select(.state == "ok" or .state == "degraded") |
	if .name == "web" then ports_low elif .name == "api" then untold else . end) |
	.status.toa = {added: 1200, stripped: 3, no_room: 4, too_long: 5, no_entry: 0, failed: 0} |
	.status.connection_log = {lines: 90, lost: 10, problem: ""} |
	.status.conntrack = {entries: 262140, max: 262144, full: true} | .status.degraded = true;
# Nothing is in a kernel, so nothing is counted.
def memory: shop | .status.dataplane = "memory" |
	.status.services |= map(.traffic = null | .snat_connections = null | .backends |= map(.traffic = null));
# Another balancer has the traffic. All services are fine.
def placed($state; $where): .listeners[0] |= . + {vip: $state, where: "\(.listen | sub(":[0-9]*$"; "")) \($where)"};
def drained: shop | .status.services |= map(select(.state == "ok")) | .status.files = [] |
	.status.ready = false | .status.not_ready = "this balancer drains: by `ezlb drain`; `ezlb undrain` puts it back" |
	.status.vip_device = "ezlb0" | .status.sync = {interface: "eth1", id: 1, master: true, backup: true, problem: ""} | .status.revision = "0a3c51d07be24f68" | .status.revision_since = at(-1860) |
	.status.services |= map(placed("drained"; "is on ezlb0-drain: this balancer drains") |
		if .name == "dns" then placed("withdrawn"; "is not on ezlb0: no backend serves") | none_up(60; "no backend is up")
		elif .name == "redis" then placed("held"; "is not on ezlb0 yet") else . end |
		.listeners += [.listeners[0] | .listen = "10.20.0.99:5"]) |
	.status.draining = {kind: "drained", since: at(now_s - 600), device: "ezlb0-drain",
		where: "its addresses are on ezlb0-drain"} |
	.events = {next: 2, events: [event(1; 600; "normal"; "BalancerDrained"; ""; ""; "by `ezlb drain`, until `ezlb undrain`")]};
def empty: shop | .events = {next: 2, events: [event(1; 40; "normal"; "Applied"; ""; ""; "27 operations")]} | .status.services = [] | .status.files = [] |
	.status.config.dirs = [{path: "/etc/ezlb/services.d", configmap: false, problem: null}, {path: "/srv/ezlb", configmap: false, problem: null}];

if $scene == "shop" then shop
elif $scene == "healthy" then healthy
elif $scene == "roles" then roles
elif $scene == "hostile" then hostile
elif $scene == "full" then full
elif $scene == "memory" then memory
elif $scene == "empty" then empty
elif $scene == "drained" then drained
else many end
