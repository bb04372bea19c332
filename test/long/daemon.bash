# shellcheck shell=bash
# One life of the daemon with the in-memory data plane: probes by tcp, http and https, edits, admin requests, a reload,
# the end of its worker. For what sources it, after own_net 192.0.2.1: wrap[] is put before ezlb, and name is in the
# names of the tests.

unset "${!EZLB_@}" NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID # the caller's
wrap=()
name=
daemon=
servers=()
state=

stop_all() {
	local status=$? pid
	for pid in $daemon "${servers[@]}"; do
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	(exit "$status") || : # for leave, which looks at it
	leave
}
trap stop_all EXIT

# comes DESCRIPTION COMMAND...: within two minutes; under valgrind everything is some 30 times slower.
comes() {
	local end=$((SECONDS + 120))
	while [[ $SECONDS -lt $end ]]; do
		if "${@:2}" >"$WORK/tried" 2>&1; then
			pass "$name: $1"
			return
		fi
		sleep 0.1
	done
	fail "$name: $1" "not within two minutes: ${*:2}"$'\n'"$(tail -n 20 "$WORK/tried" "$WORK/log")"
}

has_status() {
	"$EZLB" status -o json --state-dir "$state" | jq -e "$1"
}

serves() { # SERVICE BACKENDS
	has_status ".services[] | select(.name == \"$1\").serving == $2"
}

logged() {
	grep -q "$1" "$WORK/log"
}

# service NAME TYPE PORT WEIGHT: as an editor or a deployment writes it, in one step.
service() {
	cat >"$WORK/new" <<-END
		name: $1
		listen: 10.0.0.1:$3
		full_nat: true
		snat_ip: 10.0.0.3
		health_check: {type: $2, interval: 500ms, timeout: 30s, fail_count: 1, rise_count: 1}
		backends:
		  - {address: "192.0.2.1:$3", weight: $4}
	END
	[[ $2 == tcp ]] || sed -i 's|rise_count: 1|&, http_path: /ok|' "$WORK/new"
	mv "$WORK/new" "$WORK/services/$1.yaml"
}

backends() {
	mkdir "$WORK/www"
	echo fine >"$WORK/www/ok"
	busybox httpd -f -p 192.0.2.1:20080 -h "$WORK/www" &
	servers+=($!)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=backend \
		-keyout "$WORK/key" -out "$WORK/cert" 2>"$WORK/openssl.log"
	openssl s_server -quiet -www -accept 192.0.2.1:20443 -key "$WORK/key" -cert "$WORK/cert" \
		>"$WORK/openssl.log" 2>&1 &
	servers+=($!)
}

start() { # SANDBOX: with the command wrap[] before it
	state=$WORK/state-$name
	mkdir -p "$WORK/services" "$WORK/$name"
	chmod 0711 "$WORK"
	chmod 1777 "$WORK/$name" # the worker is another user
	rm -f "$WORK"/services/*
	service web http 20080 1
	service safe https 20443 1
	service plain tcp 20080 1
	sed -i 's/10.0.0.1:20080/10.0.0.2:20080/' "$WORK/services/plain.yaml"
	: >"$WORK/log"
	"${wrap[@]}" "$EZLB" run --dataplane memory --probe --sandbox "$1" \
		--config-dir "$WORK/services" --state-dir "$state" >"$WORK/log" 2>&1 &
	daemon=$!
	comes "it is ready" "$EZLB" probe ready --state-dir "$state"
	for service in web safe plain; do
		comes "the backend of $service is up" serves "$service" 1
	done
}

requests() {
	local path
	for path in / /metrics /health /livez /readyz /api/v1/status /api/v1/events /api/v1/services/web /nothing; do
		comes "GET $path" curl -s --max-time 60 --compressed --unix-socket "$state/admin.sock" "http://ezlb$path"
	done
	comes "a method that it does not know" curl -s --max-time 60 -X BREW --unix-socket "$state/admin.sock" http://ezlb/
	printf 'GET /metrics HT' | timeout 60 socat -t 0.1 - "UNIX-CONNECT:$state/admin.sock" || :
	printf '\0\377 \r\n\r\n' | timeout 60 socat -t 1 - "UNIX-CONNECT:$state/admin.sock" >"$WORK/tried" || :
	comes "it still answers" "$EZLB" probe live --state-dir "$state"
	comes "log-level" "$EZLB" log-level debug --state-dir "$state"
}

edits() {
	service web http 20080 7
	comes "a weight is edited" has_status '.services[] | select(.name == "web").backends[0].weight == 7'
	echo "backends: [{" >>"$WORK/services/web.yaml"
	comes "a broken file is refused" has_status '.services[] | select(.name == "web").conditions[] | select(.type == "Accepted").status == "False"'
	service web http 20080 9
	comes "the file is well again" has_status '.services[] | select(.name == "web").backends[0].weight == 9'
	rm "$WORK/services/plain.yaml"
	comes "a service is deleted" has_status '[.services[].name] == ["safe", "web"]'
	mv "$WORK/www/ok" "$WORK/www/no"
	comes "a backend goes down" serves web 0
	mv "$WORK/www/no" "$WORK/www/ok"
	comes "and comes back" serves web 1
	comes "a reload" "$EZLB" reload --state-dir "$state"
	comes "drain" "$EZLB" drain --state-dir "$state"
	comes "undrain" "$EZLB" undrain --state-dir "$state"
}

worker_of() {
	pgrep -f -P "$(pgrep -P "$daemon" | head -n 1)" .
}

worker_ends() {
	kill -KILL "$(worker_of | head -n 1)"
	comes "the worker is started again" logged "the worker process has ended: it was started again"
	comes "and answers" "$EZLB" probe ready --state-dir "$state"
	mv "$WORK/www/ok" "$WORK/www/no"
	comes "and probes: down" serves web 0
	mv "$WORK/www/no" "$WORK/www/ok"
	comes "and up" serves web 1
}
