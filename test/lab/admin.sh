#!/usr/bin/env bash
# timeout: 150
# Clients that drip, idle, flood or talk garbage do not keep ezlb from its work, nor an honest client from
# its answer. Nothing that comes by TCP changes anything.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
ADDRESS=127.0.0.1:9106
# web WEIGHT
web() {
	service web <<-END
		listen: $VIP:80
		health_check: {enabled: false}
		backends:
		  - {address: 192.168.10.11:80, weight: $1}
	END
}
weight_is() { [[ $(kernel_rows) == *"tcp $VIP:80 192.168.10.11:80 $1"* ]]; }
get() { in_ns lb curl -sS --max-time 5 "http://$ADDRESS$1" "${@:2}"; }
code() { get "$1" -o "$WORK/body" -w '%{http_code}' "${@:2}"; }
# five NAME: five edits of the file, each within its limit.
five() {
	local i
	for i in 1 2 3 4 5; do
		weight=$((weight + 1))
		web $weight
		within 2000 "an edit, $1" weight_is $weight
	done
}
descriptors() { find "/proc/$EZLB_PID/fd" -mindepth 1 | wc -l; }

weight=1
web $weight
ezlb_start --admin-address 9106
eventually 10 "ready" is_ready

echo "# every path"
assert_eq "the socket's mode" "660" "$(stat -c %a "$STATE/admin.sock")"
for path in / /livez /readyz /health /metrics /api/v1/status /api/v1/events; do
	assert_eq "GET $path" 200 "$(code "$path")"
done
assert_match "the page" '<html' "$(get / | head -c 500)"
assert_eq "the type of /metrics" 'text/plain; version=0.0.4; charset=utf-8' "$(get /metrics -o "$WORK/body" -w '%{content_type}')"
assert_eq "GET /nothing" 404 "$(code /nothing)"
assert_eq "GET /-/reload" 405 "$(code /-/reload)"
assert_eq "POST /metrics" 405 "$(code /metrics -X POST)"
assert_eq "DELETE /" 405 "$(code / -X DELETE)"
assert_eq "POST /-/reload by TCP" 403 "$(code /-/reload -X POST)"
assert_eq "POST /-/log-level by TCP" 403 "$(code '/-/log-level?level=debug' -X POST)"
assert_eq "POST /-/log-level, a word that is none" 400 \
	"$(admin '/-/log-level?level=loud' -X POST -o "$WORK/body" -w '%{http_code}')"
assert_eq "POST /-/reload of another web page" 403 \
	"$(admin /-/reload -X POST -H 'Origin: http://example.com' -o "$WORK/body" -w '%{http_code}')"
assert_eq "a name that was made to resolve to ssh -L" 421 \
	"$(admin /livez -H 'Host: example.com:9106' -o "$WORK/body" -w '%{http_code}')"
listens=$(in_ns lb ss -Hltn | awk '{ print $4 }')
assert_eq "where it listens" "$ADDRESS" "$listens"

echo "# reload and log level, by the commands"
ezlb_cmd log-level debug
web 7
eventually 5 "the file is in" weight_is 7
weight=7
# The kernel has it before the log tells of it.
eventually 5 "the log level has changed" grep -q 'level=debug' "$EZLB_LOG"
ezlb_cmd log-level info
ezlb_cmd reload
ezlb_cmd log-level loud && fail "a level that is none was taken"

echo "# before"
five "alone"
before=$(descriptors)

echo "# 200 idle connections and ten that drip"
# shellcheck disable=SC2016
"$LABTOOL" in lb bash -c '
	for ((i = 0; i < 200; i++)); do exec {fd}<>/dev/tcp/127.0.0.1/9106; done
	for ((i = 0; i < 10; i++)); do exec {fd}<>/dev/tcp/127.0.0.1/9106; drips+=($fd); done
	echo open >"$1"
	while :; do
		for fd in "${drips[@]}"; do printf G >&$fd; done
		read -r -t 0.5 <> <(:)
	done' bash "$WORK/flood" 2>/dev/null &
flood=$!
eventually 20 "the connections are open" test -s "$WORK/flood"
five "under idle connections"
assert_eq "an honest client" 200 "$(code /readyz)"
[[ $(descriptors) -lt $((before + 100)) ]] || fail "$(descriptors) descriptors, $before before"
kill $flood 2>/dev/null || : # it ends by itself when ezlb cuts it off
wait $flood 2>/dev/null || :

echo "# a header of 1 MB, garbage, a request that never ends"
head -c 1000000 /dev/zero | tr '\0' a >"$WORK/big"
status=$(code / -H "X-Big: $(head -c 100000 "$WORK/big")" 2>/dev/null || :)
assert_match "a header of 100 KB" '^(431|413|400|000)' "$status"
in_ns lb bash -c "exec 3<>/dev/tcp/127.0.0.1/9106; { printf 'GET / HTTP/1.1\r\nX: '; cat '$WORK/big'; } >&3; timeout 3 cat <&3" \
	>"$WORK/answer" 2>/dev/null || :
in_ns lb bash -c 'exec 3<>/dev/tcp/127.0.0.1/9106; head -c 100000 /dev/urandom >&3; timeout 3 cat <&3' \
	>"$WORK/answer" 2>/dev/null || :
five "after garbage"
assert_eq "an honest client" 200 "$(code /livez)"
gone() { [[ $(descriptors) -le $((before + 2)) ]]; }
eventually 15 "all connections are closed" gone

echo "# the socket's file is taken away: it comes back"
rm "$STATE/admin.sock"
eventually 5 "ready, by the socket" is_ready
ezlb_stop
[[ ! -e $STATE/admin.sock ]] || fail "the socket was left"
