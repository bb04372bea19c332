#!/usr/bin/env bash
# takes: 85
# timeout: 240
# Every condition, every reason and every event is provoked once, and told by status, metrics, events and
# probe alike. What the page shows is /api/v1/status and /api/v1/events; test/page looks at the page.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1 80 {8080..8084}
backend_start b2 80
# web: NAME PORT [LINE...]: a service at the first VIP, with a quick http check.
web() {
	local name=$1 port=$2
	shift 2
	{
		echo "listen: $VIP:$port"
		printf '%s\n' "$@"
		echo "health_check: {type: http, http_path: /healthz, interval: 300ms, timeout: 3s, fail_count: 1, rise_count: 1}"
		echo "backends: [{address: '${BACKEND_IP[b1]}:80'}, {address: '${BACKEND_IP[b2]}:80'}]"
	} | service "$name"
}

declare -A reasons=() events=()
# is SERVICE TYPE STATUS REASON: all three ways to ask say so.
is() {
	eventually 10 "$1 is $2=$3 ($4)" said "$@"
	reasons[$4]=1
	local value=0
	[[ $3 != True ]] || value=1
	admin /metrics >"$WORK/metrics"
	promcheck <"$WORK/metrics"
	if [[ $3 != Unknown ]]; then
		grep "^ezlb_service_condition{service=\"$1\"," "$WORK/metrics" | grep "condition=\"$2\"" | grep -q "} $value\$" ||
			fail "/metrics does not say that $1 is $2=$3: $(grep "condition=\"$2\"" "$WORK/metrics")"
	fi
	ezlb_cmd status "$1" >"$WORK/status" || fail "ezlb status $1"
	grep -q "$2.*$3.*$4" "$WORK/status" || fail "ezlb status $1 does not say $2 $3 $4: $(cat "$WORK/status")"
}
said() { [[ $(condition "$1" "$2") == "$3 $4" ]]; }
has_event() { ezlb_cmd events >"$WORK/events" && grep -q " $1 .*$2" "$WORK/events"; }
# told EVENT TEXT: it is in `ezlb events`, and counted.
told() {
	eventually 10 "the event $1 $2" has_event "$1" "$2"
	events[$1]=1
	admin /metrics | grep "^ezlb_events_total{type=\"$1\"} [1-9]" >/dev/null || fail "/metrics does not count the event $1"
}

echo "# not ready before the first pass, with the reason as kubectl describe would show it"
mkdir "$WORK/empty"
status=0
answer=$(ezlb_cmd probe live) || status=$?
assert_eq "probe without a daemon" 1 $status
assert_match "its reason" 'admin.sock' "$answer"

echo "# a good service"
# Without this description of the kernel it loads no program; the others work.
[[ ! -d /sys/kernel/btf ]] || mount -t tmpfs none /sys/kernel/btf
web web 80
ezlb_start
eventually 10 "ready" is_ready
assert_eq "probe ready" "ok" "$(ezlb_cmd probe ready)"
assert_eq "probe live" "ok" "$(ezlb_cmd probe live)"
is web Accepted True Valid
is web Conflict False NoConflict
is web BackendsReady True AllUp
is web Programmed True Programmed
is web ClientAddress True NotAsked
told Started 0.1
told Applied service-add
told Reloaded '1 file, 0 refused'

echo "# the kernel refuses a service: that goes on to the end, when it makes ezlb not ready"
service twos <<END
listen: $VIP:84
scheduler: twos
health_check: {enabled: false}
backends: [{address: '${BACKEND_IP[b1]}:8080'}]
END
is twos Programmed False Failed
told ReconcileFailing twos
grep -q "modprobe ip_vs_twos" "$WORK/status" || fail "status does not say what to do: $(cat "$WORK/status")"
refused_at=$(now_ms)

echo "# somebody else changes what is ezlb's, once and again and again"
service fought <<END
listen: $VIP:86
health_check: {enabled: false}
backends: [{address: '${BACKEND_IP[b3]}:80'}]
END
is fought Programmed True Programmed
steal() { in_ns lb ipvsadm -d -t "$VIP:86" -r "${BACKEND_IP[b3]}:80"; }
steal
told Repaired dest-del
grep '^ezlb_drift_repairs_total{kind="dest-del"}' <(admin /metrics) | grep -qv ' 0$' || fail "the repair is not counted"
# Each theft succeeds once there is something to steal again. One that comes before ezlb has looked at its repair is
# repaired, too, but not taken for somebody else's change.
for _ in 1 2 3 4 5 6 7 8; do
	nap 0.7
	eventually 10 "it was repaired" steal
	! has_event Fight dest-del || break
done
told Fight dest-del
is fought Programmed False Fight

echo "# one backend down, then both"
backend_stop b2
is web BackendsReady True SomeDown
told BackendDown "${BACKEND_IP[b2]}:80.*connect_refused"
rm "$WORK/b1/healthz"
is web BackendsReady False NoneUp
told BackendDown "${BACKEND_IP[b1]}:80.*http_status 404"
told ConditionChanged 'web BackendsReady False, NoneUp'
echo ok >"$WORK/b1/healthz"
backend_start b2 80
is web BackendsReady True AllUp
told BackendUp "${BACKEND_IP[b2]}:80"
assert_eq "dead backends do not make it not ready" ok "$(ezlb_cmd probe ready)"

echo "# every backend has weight 0: no new connection is served, though both are up"
service idle <<END
listen: $VIP:87
health_check: {interval: 300ms, fail_count: 1, rise_count: 1}
backends: [{address: '${BACKEND_IP[b1]}:80', weight: 0}, {address: '${BACKEND_IP[b2]}:80', weight: 0}]
END
is idle BackendsReady False NoneServing
assert_eq "its state" down "$(admin /api/v1/status | jq -r '.services[] | select(.name == "idle") | .state')"
rm "$SERVICES/idle.yaml"
told FileGone idle.yaml

echo "# a backend without a verdict yet"
# slow BACKEND...
slow() {
	service slow <<-END
		listen: $VIP:81
		health_check: {interval: 5m, timeout: 1m}
		backends:
		$(printf '  - address: "%s"\n' "$@")
	END
}
slow "10.99.99.99:80"
ip -n lb route add 10.99.99.99 via 192.168.10.99
ip -n lb neigh replace 192.168.10.99 lladdr 02:00:00:00:00:99 dev backends
is slow BackendsReady Unknown Pending
slow "10.99.99.99:80" "${BACKEND_IP[b1]}:80"
is slow BackendsReady True SomeUnknown
rm "$SERVICES/slow.yaml"
told FileGone slow.yaml

echo "# a file with an error: the last good version stays; a new one is not in force"
web web 80 "full_natt: true"
is web Accepted False LastGoodKept
told FileRefused 'web.yaml.*E010'
ezlb_cmd status >"$WORK/status" || :
grep -q "did you mean 'full_nat'" "$WORK/status" || fail "status has no help: $(cat "$WORK/status")"
assert_eq "refused files do not make it not ready" ok "$(ezlb_cmd probe ready)"
web web 80
is web Accepted True Valid
told FileAccepted web.yaml
web new 82 "scheduler: quickest"
is new Accepted False Refused
is new Programmed False NotInForce

echo "# three kinds of conflict between files"
web new 80
is new Conflict True ListenerTaken
web new 82 "name: web"
name_taken() { admin /api/v1/status | grep -q NameTaken; }
eventually 10 "the name is taken" name_taken
reasons[NameTaken]=1
web new 82 "full_nat: true" "snat_ip: $SNAT_IP"
web other 83 "full_nat: true" "snat_ip: $VIP2"
is other Conflict True SnatConflict
rm "$SERVICES/other.yaml" "$SERVICES/new.yaml"
told FileGone new.yaml
no_rules() { [[ -z $(snat_rows) ]]; }
eventually 5 "their SNAT rules are gone" no_rules

echo "# web waits for the lock of iptables"
# late0 is there so that the chain is, too.
echo ok >"$WORK/b1/late0"
for n in 0 1 2 3 4; do
	service "late$n" <<-END
		listen: $VIP:9$n
		full_nat: true
		snat_ip: $SNAT_IP
		health_check: {type: http, http_path: /late$n, interval: 300ms, fail_count: 1, rise_count: 1}
		backends: [{address: '${BACKEND_IP[b1]}:808$n'}]
	END
done
is late0 BackendsReady True AllUp
is late0 Programmed True Programmed
for n in 1 2 3 4; do
	is "late$n" BackendsReady False NoneUp
	is "late$n" Programmed True Programmed
done
"$LABTOOL" in lb flock -o /run/xtables.lock sleep 120 &
lock=$!
nap 0.3
web web 80 "full_nat: true" "snat_ip: $SNAT_IP"
is web Programmed False Failed
grep -q 'xtables.lock' "$WORK/status" || fail "status does not name the lock: $(cat "$WORK/status")"
# What a probe asks for waits for the next of ezlb's tries. These get rarer: when one comes while we look, there is
# another service, for which none will.
for n in 1 2 3 4; do
	echo ok >"$WORK/b1/late$n"
	if (is "late$n" Programmed False Held) >"$WORK/waits" 2>&1; then
		reasons[Held]=1
		break
	fi
done
[[ -n ${reasons[Held]:-} ]] || fail "nothing waits: $(cat "$WORK/waits")"
kill $lock
wait $lock || :
eventually 30 "the next try" said web Programmed True Programmed
is web Programmed True Programmed
eventually 10 "and what waited" said "late$n" Programmed True Programmed
rm "$SERVICES"/late*.yaml

echo "# the conntrack table is full"
# The limit is the host's, which a case may change in the guest only, and only from the first network namespace.
# web has full_nat now, so its probes are tracked.
conntrack_limit() { nsenter --net=/dev/shm/first-netns sysctl -qw net.netfilter.nf_conntrack_max="$1"; }
if [[ ${LAB_PLACE:-} == guest ]]; then
	limit=$(sysctl -n net.netfilter.nf_conntrack_max)
	conntrack_limit 1
	told ConntrackFull 'of 1 entries'
	assert_match "status says so" "conntrack table full" "$(ezlb_cmd status | head -n 2)"
	assert_eq "it is told to be degraded" "true true" "$(admin /api/v1/status | jq -r '"\(.conntrack.full) \(.degraded)"')"
	conntrack_limit "$limit"
	told ConntrackRecovered 'entries'
else
	events[ConntrackFull]=1 events[ConntrackRecovered]=1
fi

echo "# the directory cannot be read"
mv "$SERVICES" "$SERVICES.away"
told DirectoryFrozen services.d
grep -q '^ezlb_config_source_available.* 0$' <(admin /metrics) || fail "/metrics does not say that the directory is frozen"
mv "$SERVICES.away" "$SERVICES"
told DirectoryBack services.d

echo "# not ready, with the reason as kubectl describe would show it"
not_ready() {
	! ezlb_cmd probe ready >"$WORK/probe" && grep -q 'modprobe ip_vs_twos' "$WORK/probe"
}
limit=$(((61000 - $(elapsed_ms "$refused_at")) / 1000))
eventually $((limit > 0 ? limit + 5 : 5)) "a minute of failing is not ready" not_ready
head -n 1 "$WORK/probe"
grep -q '^ezlb_ready 0$' <(admin /metrics) || fail "/metrics says that it is ready"
assert_eq "/health" unhealthy "$(admin /health | jq -r .status)"
ezlb_cmd status >"$WORK/status" || :
grep -q 'not ready' <(head -n 2 "$WORK/status") || fail "status does not say so: $(head -n 2 "$WORK/status")"
assert_eq "it lives all the same" ok "$(ezlb_cmd probe live)"
rm "$SERVICES/twos.yaml"
told ReconcileRecovered ''
# The last theft was not long after that minute began.
eventually 30 "a minute of peace" has_event FightOver ''
told FightOver ''
is fought Programmed True Programmed
eventually 5 "ready again" is_ready

echo "# a host that cannot tell backends the client's address: the service works without"
service told <<END
listen: $VIP:83
full_nat: true
snat_ip: $SNAT_IP
client_address: toa
connection_log: true
health_check: {enabled: false}
backends: [{address: '${BACKEND_IP[b1]}:8081'}]
END
is told ClientAddress False Unsupported
told ConditionChanged 'told ClientAddress False, Unsupported'
assert_eq "its state" ok "$(admin /api/v1/status | jq -r '.services[] | select(.name == "told") | .state')"
assert_eq "it works" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:83")"
rm "$SERVICES/told.yaml"
told FileGone told.yaml

echo "# too few are up, the fallback serves, a backend drains, and starts slowly when it is back"
# more NAME PORT [LINE...]: a service of b1 with the check of web.
more() {
	local name=$1 port=$2
	shift 2
	{
		echo "listen: $VIP:$port"
		printf '%s\n' "$@"
		echo "health_check: {type: http, http_path: /healthz, interval: 300ms, timeout: 3s, fail_count: 1, rise_count: 1}"
	} | service "$name"
}
both="backends: [{address: '${BACKEND_IP[b1]}:80'}, {address: '${BACKEND_IP[b2]}:80'}]"
more few 88 "$both" "min_healthy: 2"
more slowly 89 "$both" "scheduler: wrr" "slow_start: 1s"
more spare 78 "backends: [{address: '${BACKEND_IP[b1]}:80'}]" "fallback: [{address: '${BACKEND_IP[b2]}:80'}]"
for name in few slowly spare; do is "$name" BackendsReady True AllUp; done
rm "$WORK/b1/healthz"
is few BackendsReady True FailOpen
told FailOpenStarted 'few - fewer than min_healthy'
is spare BackendsReady True FallbackServes
told FallbackStarted 'spare - no backend is up'
assert_match "the summary" "1 failing open \(few\), 1 served by the fallback \(spare\)" "$(ezlb_cmd status | head -n 2)"
told DrainStarted "slowly ${BACKEND_IP[b1]}:80 it is down"
told DrainEnded "slowly ${BACKEND_IP[b1]}:80 no connections are left"
echo ok >"$WORK/b1/healthz"
told FailOpenEnded few
told FallbackEnded spare
told SlowStartStarted "slowly ${BACKEND_IP[b1]}:80"
told SlowStartEnded "slowly ${BACKEND_IP[b1]}:80 it has its full weight"
rm "$SERVICES"/{few,slowly,spare}.yaml
told FileGone spare.yaml

echo "# this balancer drains"
ezlb_cmd drain >/dev/null
told BalancerDrained 'by .ezlb drain.'
assert_eq "/metrics" "ezlb_draining 1" "$(admin /metrics | grep '^ezlb_draining ')"
assert_match "the head of status" '^DRAINED .*, revision [0-9a-f]{16}' "$(ezlb_cmd status | head -n 1)"
ezlb_cmd undrain >/dev/null
told BalancerUndrained ''
is_ready || fail "not ready after it"

echo "# a virtual service of somebody else's"
ezlb_stop
[[ ! -d /sys/kernel/btf ]] || umount /sys/kernel/btf
in_ns lb ipvsadm -A -t "$VIP:85" -s rr
web foreign 85
ezlb_start --adopt never
eventually 10 "ready" is_ready
is foreign Conflict True Foreign
ezlb_stop
# As systemd does at boot. In its sandbox ezlb has no right to do it.
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
ezlb_start --vip-device ezlb0 --vip-hold 1s
eventually 10 "ready" is_ready
is foreign Conflict False NoConflict
service told <<END
listen: $VIP:83
full_nat: true
snat_ip: $SNAT_IP
client_address: toa
health_check: {enabled: false}
backends: [{address: '${BACKEND_IP[b1]}:8081'}]
END
is told ClientAddress True Added
told Adopted "$VIP:85"

echo "# an address is withdrawn, and returns"
# vip STATE: that of the service away.
vip() { [[ $(admin /api/v1/status | jq -r '.services[] | select(.name == "away").listeners[0].vip') == "$1" ]]; }
announced() { admin /metrics | sed -n "s/^ezlb_vip_announced{service=\"$1\",.* //p"; }
service away <<END
listen: 10.0.0.99:80
vip: serving
health_check: {type: http, http_path: /healthz, interval: 300ms, timeout: 3s, fail_count: 1, rise_count: 1}
backends: [{address: '${BACKEND_IP[b1]}:80'}]
END
eventually 10 "its address is on the link" vip announced
assert_eq "/metrics" 1 "$(announced away)"
rm "$WORK/b1/healthz"
told VipWithdrawn 'away 10.0.0.99 no backend of away serves'
vip withdrawn || fail "its address is not withdrawn"
assert_eq "/metrics" 0 "$(announced away)"
assert_match "ezlb status" '10.0.0.99 is not on ezlb0: no backend of a service on it serves' "$(ezlb_cmd status)"
echo ok >"$WORK/b1/healthz"
told VipAnnounced 'away 10.0.0.99 a backend of away serves'
vip announced || fail "its address is not back"
assert_eq "those of another link have no sample" "" "$(announced web)"
rm "$SERVICES/away.yaml"

echo "# the kernel cannot be read"
if [[ ${LAB_PLACE:-} == guest ]]; then
	kill -STOP "$EZLB_PID"
	in_ns lb ipvsadm -C
	ipvs_unload
	kill -CONT "$EZLB_PID"
	is web Programmed Unknown Unreadable
	modprobe ip_vs
	is web Programmed True Programmed
fi

echo "# all of them were seen"
for reason in Valid Refused LastGoodKept Programmed Pending NotInForce Failed Held AllUp SomeDown SomeUnknown FailOpen FallbackServes \
	NoneUp NoneServing \
	NoConflict NameTaken ListenerTaken SnatConflict Foreign Fight NotAsked Unsupported Added; do
	[[ -n ${reasons[$reason]:-} ]] || fail "the reason $reason was not provoked"
done
for event in $(admin /metrics | sed -n 's/^ezlb_events_total{type="\([^"]*\)"}.*/\1/p'); do
	[[ -n ${events[$event]:-} ]] || fail "the event $event was not provoked"
done
ezlb_stop
