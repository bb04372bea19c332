#!/usr/bin/env bash
# variants: nftables4
# also: iptables4 iptables6 nftables6
# timeout: 120
# takes: 15
# `ezlb who` names the client behind the address that a backend's server saw, and `ezlb connections` lists
# them, both also while ezlb is stopped. LAB_ALL=1 has more lists.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

CTTOOL=$(dirname "$EZLB")/cttool
lab_up
modprobe -a ip_vs nf_conntrack nf_conntrack_netlink
WEB=$(ep "$VIP" 80)
MORE=$(ep "$VIP2" 80)
DNS=$(ep "$VIP" 53)
PLAIN=$(ep "$VIP2" 81)

# serve NAME: servers that say who their client is, and keep the connection. As many servers do, they show an IPv4
# client on a socket of IPv6 as ::ffff:ADDRESS.
cat >"$WORK/say" <<'END'
echo "$SOCAT_PEERADDR:$SOCAT_PEERPORT"
[[ $1 == udp ]] || exec sleep 600
END
serve() {
	"$LABTOOL" in "$1" socat TCP6-LISTEN:80,ipv6only=0,fork,reuseaddr EXEC:"bash $WORK/say tcp" 2>>"$WORK/$1.log" &
	"$LABTOOL" in "$1" socat "UDP$FAMILY-RECVFROM:53,fork" EXEC:"bash $WORK/say udp" 2>>"$WORK/$1.log" &
	eventually 10 "$1 serves" backend_listens "$1" 80
	eventually 10 "$1 serves UDP" backend_listens "$1" 53/udp
}
for b in b1 b2; do serve "$b"; done
B1=$(ep "${BACKEND_IP[b1]}" 80)
B2=$(ep "${BACKEND_IP[b2]}" 80)

# define NAME LISTEN PROTOCOL BACKEND [LINE]
define() {
	service "$1" <<-END
		listen: "$2"
		protocol: $3
		health_check: {enabled: false}
		${5-full_nat: true
		snat_ip: "$SNAT_IP"}
		backends: [{address: "$4"}]
	END
}
define web "$WEB" tcp "$B1"
define more "$MORE" tcp "$B2"
define dns "$DNS" udp "$(ep "${BACKEND_IP[b1]}" 53)"
# Nobody listens there. With iptables source NAT is for all connections to a backend, so it has one of its own.
NOBODY=$(ep "${BACKEND_IP[b1]}" 79)
define plain "$PLAIN" tcp "$NOBODY" ""
# The other family, which has no clients here.
OTHER=(fd00:10::2 fd00:10::3 fd00:192::12)
[[ $FAMILY == 4 ]] || OTHER=(10.0.0.2 10.0.0.3 192.168.10.12)
define other "$(ep "${OTHER[0]}" 80)" tcp "$(ep "${OTHER[2]}" 80)" $'full_nat: true\nsnat_ip: "'"${OTHER[1]}"'"'
ezlb_start --log-level debug
all_in() { [[ $(in_ns lb ipvsadm -Sn 2>/dev/null | grep -c -- '^-a ') -eq 5 ]]; }
eventually 30 "all services are in force" all_in
in_force() { [[ $(lb_sysctl net.ipv4.vs.conntrack) == 1 ]]; }
eventually 10 "conntrack is in force" in_force

# connect NAME VIP PORT FROM: a client that stays; $WORK/NAME has what the server saw.
connect() {
	"$LABTOOL" in client socat -u "TCP:$(ep "$2" "$3"),sourceport=$4,reuseaddr" "OPEN:$WORK/$1,creat" 2>>"$WORK/$1.log" &
	eventually 10 "$1 is connected" test -s "$WORK/$1"
}
# run STATUS COMMAND...: its stdout is in $OUT, its stderr in $ERR.
run() {
	local status=0
	ezlb_cmd "${@:2}" >"$WORK/out" 2>"$WORK/err" || status=$?
	OUT=$(<"$WORK/out")
	ERR=$(<"$WORK/err")
	[[ $status -eq $1 ]] || fail "ezlb ${*:2}: exit status $status, not $1"$'\n'"$OUT"$'\n'"$ERR"
}
# are FILTER WANT: of the JSON in $OUT.
are() { assert_eq "$1" "$2" "$(jq -c "$1" <<<"$OUT")"; }

echo "# without the settings: the client, and that the rest is not known"
connect first "$VIP" 80 5001
SAW=$(<"$WORK/first")
run 0 who "$SAW"
plain_text() { tr -d '[]'; }
assert_match "who" "^$SNAT_IP:[0-9]+ +$CLIENT_IP:5001 +web +$VIP:80 +${BACKEND_IP[b1]}:80 +tcp +ESTABLISHED +unknown " \
	"$(tail -1 <<<"$OUT" | plain_text)"
assert_match "the reason" "unknown ages: net.netfilter.nf_conntrack_timestamp is 0" "$ERR"
assert_match "and of the bytes" "unknown bytes: net.netfilter.nf_conntrack_acct is 0" "$ERR"

lb_sysctl net.netfilter.nf_conntrack_acct 1
lb_sysctl net.netfilter.nf_conntrack_timestamp 1

echo "# followed: begun before the next ones"
: >"$WORK/events"
"$LABTOOL" in lb "$EZLB" connections -f -o json --config-dir "$SERVICES" --state-dir "$STATE" >"$WORK/events" 2>"$WORK/follow.log" &
FOLLOWERS=($!)
# Of one service, as text; the kernel selects by its address.
"$LABTOOL" in lb "$EZLB" connections more -f --config-dir "$SERVICES" --state-dir "$STATE" >"$WORK/more" 2>"$WORK/more.log" &
FOLLOWERS+=($!)
seen() { jq -e -s "any(.[]; $1)" <"$WORK/events" >/dev/null 2>&1; }
eventually 10 "the follower lists what there is" seen '.event == "open" and .service == "web"'
eventually 10 "the other one has nothing to list" grep -q "no connections" "$WORK/more.log"

echo "# one source address and port towards two backends"
connect second "$VIP" 80 5002
connect third "$VIP2" 80 5002
in_ns lb "$CTTOOL" fill 1 "$VIP" 80 "$SNAT_IP" "${BACKEND_IP[b1]}" 80
in_ns lb "$CTTOOL" fill 1 "$VIP2" 80 "$SNAT_IP" "${BACKEND_IP[b2]}" 80
run 0 who "$(ep "$SNAT_IP" 10000)" "$(<"$WORK/second")" -o json
are '[.addresses[0].connections[] | [.service, .backend]] | sort' "[[\"more\",\"$B2\"],[\"web\",\"$B1\"]]"
are '[.addresses[1].connections[] | .service, .client, .backend]' "[\"web\",\"$(ep "$CLIENT_IP" 5002)\",\"$B1\"]"
are '[.addresses[1].connections[] | (.age_s < 100 and .since != null and .packets_in > 0)] | all' true

echo "# the other family, beside entries with the same ports"
in_ns lb "$CTTOOL" fill 3 "${OTHER[0]}" 80 "${OTHER[1]}" "${OTHER[2]}" 80
run 0 who "$(ep "${OTHER[1]}" 10001)" -o json
are '[.addresses[0].connections[].service]' '["other"]'

echo "# UDP, and a service without full_nat, whose server sees the client itself"
"$LABTOOL" udp client 2 "$VIP" 53 5003 >"$WORK/udp"
run 0 who "$(<"$WORK/udp")" -o json
are '[.addresses[0].connections[] | .service, .protocol, .client, .state]' \
	"[\"dns\",\"udp\",\"$(ep "$CLIENT_IP" 5003)\",\"REPLIED\"]"
# Its answers do not come back, so the entry stays at the first packet.
"$LABTOOL" get client 0.3 "$(ep "$VIP2" 81)" >/dev/null 2>&1 || :
run 0 connections plain -o json
are '[.total, .connections[0].backend, .connections[0].client == .connections[0].source]' "[1,\"$NOBODY\",true]"

echo "# a list, with other words on the lines; one has no connection, one is no address"
{
	echo "$(<"$WORK/first") - GET /"
	echo
	echo "$(ep "$SNAT_IP" 1) - GET /"
	echo "- nobody"
} >"$WORK/list"
status=0
ezlb_cmd who - <"$WORK/list" >"$WORK/out" 2>"$WORK/err" || status=$?
assert_eq "status" 1 $status
assert_eq "lines" 2 "$(wc -l <"$WORK/out")"
assert_match "the one that is not there" "$SNAT_IP:1: no connection of a service has this source address now" "$(plain_text <"$WORK/err")"
assert_match "the line that is none" "line 4: .*'-' is no address" "$(<"$WORK/err")"

echo "# lists by service, client, backend, listener; sorted; limited"
# total WANT ARGUMENT: so many lines, without the head.
total() {
	local lines
	run 0 connections "$2"
	mapfile -t lines <<<"$OUT"
	assert_eq "connections of $2" "$1" $((${#lines[@]} - 1))
}
run 0 connections -o json
are '[.connections[].service] | sort | map(select(. != "other"))' '["dns","more","more","plain","web","web","web"]'
total 3 web
total 5 "$CLIENT_IP"
total 3 "$B1"
if thorough; then
	total 2 "$(ep "$CLIENT_IP" 5002)"
	total 5 "${BACKEND_IP[b1]}"
	total 1 "$DNS"
	total 4 "$VIP"
	total 3 "${OTHER[0]}"
	run 1 connections plian
	assert_match "no such service" "no service 'plian'; did you mean plain" "$ERR"
fi
run 0 connections --limit 1 -o json
are '[.shown, .total, .connections[0].client, .notes[0]]' \
	"[1,10,\"$(ep "$CLIENT_IP" 5002)\",\"1 of 10 connections, by age; --limit shows more\"]"
run 0 connections --sort bytes -o json
are '[.connections[] | (.bytes_in // -1) + (.bytes_out // 0)] | . == (sort | reverse)' true

echo "# the follower has seen them begin, and sees one end"
eventually 10 "the new ones" seen ".event == \"new\" and .client == \"$(ep "$CLIENT_IP" 5002)\" and .service == \"more\""
eventually 10 "those of the other family" seen '.event == "new" and .service == "other"'
eventually 10 "the UDP one" seen '.event == "new" and .service == "dns"'
assert_eq "ended by hand" 2 "$(in_ns lb "$CTTOOL" end "$VIP2" 80)"
eventually 10 "its end" seen '.event == "ended" and .service == "more" and .bytes_in > 0 and .age_s != null'
ended_as_text() { grep -Eq "Z  ended  more  tcp .*$CLIENT_IP.*5002 -> .*, after .*, [0-9.k]+B in, [0-9.k]+B out\$" "$WORK/more"; }
eventually 10 "its end as text" ended_as_text
assert_eq "lines: two began and ended" 4 "$(wc -l <"$WORK/more")"
run 1 who "$(<"$WORK/third")" -o json
are '[.addresses[0].connections[].service]' '[]'
assert_eq "and no stranger" true "$(jq -s 'all(.[]; .service != null)' <"$WORK/events")"

echo "# a backend that has left its file: its connections are still found"
define other "$(ep "${OTHER[0]}" 80)" tcp "$(ep "${OTHER[2]}" 81)" $'full_nat: true\nsnat_ip: "'"${OTHER[1]}"'"'
run 0 who "$(ep "${OTHER[1]}" 10002)" "$(<"$WORK/first")" -o json
are '[.addresses[].connections[].service]' '["other","web"]'

echo "# without a running ezlb, and without a file that can be read"
ezlb_stop KILL
echo "listen: [" >"$SERVICES/web.yaml"
run 0 who "$SAW"
assert_match "by the last good version" " web " "$OUT"
kill "${FOLLOWERS[@]}"
