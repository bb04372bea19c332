#!/usr/bin/env bash
# when: all
# takes: 480
# timeout: 1200
# variants: nftables4
# deploy/prometheus with Debian's Prometheus and two real balancers, the files as they stand: nothing fires while all is well; then
# nearly everything breaks at once, and each alert fires where it should; every query of rules and dashboard has data. Alerts
# that take more than 5 minutes, or that the lab has no cause for, have their tests in test/long/prometheus.sh.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/balancers.bash
. "$LAB_REPO/test/lab/balancers.bash"
# shellcheck source=test/lab/toa.bash
. "$LAB_REPO/test/lab/toa.bash"

[[ ${LAB_PLACE:-} == guest ]] || fail "the limit of conntrack may be changed in the guest only"
PROMETHEUS=192.168.10.13:9090 # in b3
RULES=("$LAB_REPO"/deploy/prometheus/ezlb.{rules,alerts}.yml)
# Of these only unit tests say that they fire.
UNIT_ONLY="EzlbAbsent EzlbNoSpare EzlbDrainForgotten EzlbCountersUnreadable EzlbLogLost EzlbToaLost EzlbWorkerEnds EzlbServiceNotAsItsFile"

rules() { python3 "$LAB_REPO/test/lib/rules.py" "$@"; }
prometheus() { in_ns b3 curl -sS -f -g --max-time 30 "http://$PROMETHEUS$1" "${@:2}"; }
# alerts STATE: "NAME BALANCER SERVICE" of each alert in this state.
alerts() {
	prometheus /api/v1/alerts | jq -r --arg state "$1" '.data.alerts[] | select(.state == $state) | .labels |
		[.alertname, (.instance // "-" | sub(":.*"; "")), (.service // "-")] | join(" ")' | sort
}
fires() {
	alerts firing >"$WORK/firing"
	while [[ $# -gt 0 ]]; do
		grep -q "^$1 " "$WORK/firing" || {
			echo "$1 does not fire, but: $(paste -sd, "$WORK/firing")"
			nap 3
			return 1
		}
		shift
	done
}
# empty: of "NAME<tab>QUERY" on stdin, those without data.
cat >"$WORK/ask.py" <<'END'
import json, sys, urllib.parse, urllib.request
for line in sys.stdin:
    name, query = line.rstrip("\n").split("\t")
    url = f"http://{sys.argv[1]}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(url, timeout=60) as answer:
        if not json.load(answer)["data"]["result"]:
            print(f"{name}: {query}")
END
empty() { in_ns b3 python3 "$WORK/ask.py" $PROMETHEUS; }
has_data() { # what is left after the last time is in $WORK/empty
	empty <"$WORK/queries" >"$WORK/empty"
	[[ ! -s $WORK/empty ]]
}
# shut NAMESPACE HOOK MATCH: drops such packets.
shut() {
	in_ns "$1" nft -f - <<-END
		table ip shut {
			chain shut {
				type filter hook $2 priority 0
				$3 drop
			}
		}
	END
}
scraped() { [[ $(prometheus /api/v1/query -G --data-urlencode "query=sum(ezlb_ready)" | jq -r '.data.result[0].value[1]') == 2 ]]; }

# --- all is well -------------------------------------------------------------------------------

balancers_up 2
backend_start b1 80
backend_start b2 80
toa_mounts
mkdir "$WORK/more"
CHECK='{type: http, http_path: /healthz, interval: 2s, timeout: 1500ms}'
# Without snat_ip: the files of both are the same, and so is their revision.
web() {
	services web <<-END
		listen: $VIP:80
		full_nat: true
		connection_log: true
		health_check: $CHECK
		backends: [{address: "192.168.10.11:80", weight: $1}, {address: "192.168.10.12:80"}]
	END
}
web 1
services open <<END
listen: $VIP:81
min_healthy: 100%
health_check: $CHECK
backends: [{address: "192.168.10.11:80"}]
END
services gone <<END
listen: $VIP2:80
vip: serving
health_check: $CHECK
backends: [{address: "192.168.10.11:80"}]
END
services dns <<END
listen: $VIP:53
protocol: udp
full_nat: true
health_check: {enabled: false}
backends: [{address: "192.168.10.12:53"}]
END
services toa <<END
listen: $VIP:82
full_nat: true
client_address: toa
health_check: {enabled: false}
backends: [{address: "192.168.10.11:80"}]
END
modprobe -a ip_vs nf_conntrack nf_conntrack_netlink
nsenter --net=/dev/shm/first-netns sysctl -qw net.netfilter.nf_conntrack_max=262144
# IPVS forgets a flow of UDP after 300 s, and conntrack then, too: the flows below must live longer.
on lb1 ezlb_start --config-dir "$WORK/more" --admin-address 192.168.10.1:9106 --vip-device ezlb0 --vip-hold 1s \
	--ipvs-timeout-udp 900s
on lb2 ezlb_start --config-dir "$WORK/more" --admin-address 192.168.10.2:9106 --vip-device ezlb0 --vip-hold 1s \
	--connection-log /dev/full
eventually 60 "lb1 is ready" on lb1 is_ready
eventually 60 "lb2 is ready" on lb2 is_ready
ip -n router route add 10.0.0.0/24 via 172.17.0.1
eventually 30 "web answers" client_get "$VIP:80"
"$LABTOOL" in b3 prometheus --config.file="$LAB_REPO/deploy/prometheus/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" \
	--web.listen-address=$PROMETHEUS --log.level=warn >"$WORK/prometheus.log" 2>&1 &
start=$(now_ms)
eventually 120 "Prometheus has asked both" scraped
echo "after $(elapsed_ms "$start") ms"
# A revision that comes later than a minute after the start is an edit.
quiet() { [[ $(elapsed_ms "$start") -lt 90000 ]] && client_get "$VIP:80" && nap 1; }
while quiet >/dev/null; do :; done
assert_eq "alerts on a quiet minute" "" "$(alerts firing)"
assert_eq "balancers that are behind" 0 "$(prometheus /api/v1/query -G \
	--data-urlencode 'query=sum(instance:ezlb_config_behind:bool)' | jq -r '.data.result[0].value[1]')"

# --- nearly everything breaks -------------------------------------------------------------------

echo "# lines that cannot be written, a theft, after $(elapsed_ms "$start") ms"
ip -n router route replace 10.0.0.0/24 via 172.17.0.2
eventually 20 "lb2 serves" client_get "$VIP:80"
in_ns lb2 conntrack -F 2>/dev/null # now they end
ip -n router route replace 10.0.0.0/24 via 172.17.0.1
for _ in 1 2; do
	in_ns lb1 ipvsadm -C
	eventually 20 "it is repaired" client_get "$VIP:80"
done

echo "# files and health"
mv "$WORK/more" "$WORK/away"
services wrong <<<"listen: nonsense"
shut b3 input "tcp dport 81"
services late <<END
listen: 10.0.0.9:81
health_check: {type: tcp, interval: 1s, timeout: 10s}
backends: [{address: "192.168.10.13:81"}]
END
services twos <<END
listen: 10.0.0.9:84
scheduler: twos
health_check: {enabled: false}
backends: [{address: "192.168.10.11:80"}]
END
has_twos() { admin /api/v1/status | grep -q '"name":"twos"'; }
eventually 20 "lb2 has these" on lb2 has_twos
sed 's/weight: 1/weight: 3/' "$WORK/lb1/services.d/web.yaml" | on lb1 service web # and not on lb2
rm "$WORK/b1/healthz"
shut lb2 output "ip daddr 192.168.10.12 tcp dport 80"

echo "# many flows of UDP, after $(elapsed_ms "$start") ms"
shut b2 input "udp dport 53"
on lb1 lb_sysctl net.netfilter.nf_conntrack_udp_timeout 900
# A datagram from each of so many ports. No program is behind them.
cat >"$WORK/flows.py" <<'END'
import socket, struct
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
ends = socket.inet_aton("172.16.0.2"), socket.inet_aton("10.0.0.1")
head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 29, 0, 0x4000, 64, 17, 0, *ends)
for port in range(1024, 1024 + 52300):
    raw.sendto(head + struct.pack("!HHHH", port, 53, 9, 0) + b"q", ("10.0.0.1", 0))
END
in_ns client python3 "$WORK/flows.py"
nsenter --net=/dev/shm/first-netns sysctl -qw net.netfilter.nf_conntrack_max=63000

echo "# what fires within two minutes, after $(elapsed_ms "$start") ms"
eventually 180 "alerts of a minute" fires EzlbServiceDown EzlbServiceEmergency EzlbVipNotAnnounced EzlbDrift EzlbConnectionLogLost
tee "$WORK/fired" <"$WORK/firing"

echo "# data for every query, after $(elapsed_ms "$start") ms"
{
	rules filled "$LAB_REPO/deploy/grafana/ezlb.json"
	rules records "$LAB_REPO/deploy/prometheus/ezlb.rules.yml" | sed 's/.*/&\t&/'
	rules selectors "$LAB_REPO/deploy/prometheus/ezlb.alerts.yml"
} >"$WORK/queries"
[[ $(wc -l <"$WORK/queries") -gt 70 ]] || fail "only $(wc -l <"$WORK/queries") queries"
eventually 60 "every query has data: $(cat "$WORK/empty" 2>/dev/null || :)" has_data

echo "# what fires within five, after $(elapsed_ms "$start") ms"
eventually 300 "alerts of three minutes" fires EzlbRevisionBehind EzlbHealthDisagrees EzlbReconcileFailing EzlbNotReady
cat "$WORK/firing" >>"$WORK/fired"
echo "# lb2 is killed, after $(elapsed_ms "$start") ms"
on lb2 ezlb_stop KILL
eventually 400 "the others" fires EzlbDown EzlbDirectoryFrozen EzlbProbesOverdue EzlbConntrackFull EzlbSourcePortsLow
cat "$WORK/firing" >>"$WORK/fired"
echo "after $(elapsed_ms "$start") ms"

# --- which, and of whom -------------------------------------------------------------------------

sort -u "$WORK/fired"
assert_eq "alerts that have fired" "$(rules alerts "${RULES[@]}" | sed 's/ .*//' | grep -vxE "${UNIT_ONLY// /|}" | sort)" \
	"$(cut -d' ' -f1 "$WORK/fired" | sort -u)"
# of NAME: the balancers and services for which it has fired.
of() { sed -n "s/^$1 //p" "$WORK/fired" | sort -u | paste -sd,; }
assert_eq "who is behind" "192.168.10.2 -" "$(of EzlbRevisionBehind)"
assert_eq "who disagrees" "192.168.10.2 -" "$(of EzlbHealthDisagrees)"
assert_eq "whose conntrack table is full" "192.168.10.1 -" "$(of EzlbConntrackFull)"
assert_eq "who has few source ports" "192.168.10.1 dns" "$(of EzlbSourcePortsLow)"
assert_eq "who lacks lines" "192.168.10.2 -" "$(of EzlbConnectionLogLost)"
assert_eq "who does not answer" "192.168.10.2 -" "$(of EzlbDown)"
assert_eq "which service fails open" "192.168.10.1 open,192.168.10.2 open" "$(of EzlbServiceEmergency)"
assert_eq "whose address nobody has" "- gone" "$(of EzlbVipNotAnnounced)"
assert_eq "texts with a hole" "" "$(prometheus /api/v1/alerts | jq -r '.data.alerts[].annotations[]' | grep -E '<no value>|error expanding' || :)"
assert_eq "rules that Prometheus could not evaluate" "ok" "$(prometheus /api/v1/rules |
	jq -r '[.data.groups[].rules[].health] | unique | join(" ")')"
grep -v 'level=warn' "$WORK/prometheus.log" || :
