#!/usr/bin/env bash
# timeout: 150
# What scripts/demo shows: the main job, told to somebody who sees ezlb for the first time. Whatever
# it says it also asserts, so the demo cannot drift from the truth.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

# Short and relative (a case starts in $WORK), because the commands are printed.
SERVICES=services.d
STATE=state
mkdir bin
ln -s "$EZLB" bin/ezlb
PATH=$WORK/bin:$PATH

bold='' green='' dim='' plain=''
if [[ ${LAB_COLOUR:-0} == 1 ]]; then
	bold=$'\e[1m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
fi

# --- telling ---------------------------------------------------------------------------------

steps=0
step() {
	steps=$((steps + 1))
	printf '\n%s== %s. %s%s\n' "$bold" "$steps" "$1" "$plain"
}

say() {
	printf '%s\n' "$@"
}

typed() {
	printf '\n  %s%s$ %s%s\n' "$green" "$1" "$2" "$plain"
}

# on MACHINE COMMAND: shows the command as typed there, runs it, shows what it printed; that is then $got.
on() {
	typed "$1" "$2"
	got=$(in_ns "$1" sh -c "$2" 2>&1) || :
	[[ -z $got ]] || printf '  %s\n' "${got//$'\n'/$'\n'  }"
}

# --- ezlb's log ------------------------------------------------------------------------------

seen=0
# From here on: log_has and log_shows look only at what is logged after this.
mark() {
	local log
	log=$(<"$EZLB_LOG")
	seen=${#log}
}

log_has() {
	local log
	log=$(<"$EZLB_LOG")
	while read -r line; do
		[[ ! $line =~ $1 ]] || return 0
	done <<<"${log:seen}"
	return 1
}

# log_shows SECONDS DESCRIPTION REGEX: waits for that line, which is then $line, and shows it.
log_shows() {
	eventually "$1" "$2" log_has "$3"
	log_has "$3"
	printf '\n  %sezlb: %s%s\n' "$dim" "${line#ts=*T}" "$plain"
}

# edit FILE SED-SCRIPT: edits it on lb, waits until the kernel has it, and tells how long that took.
edit() {
	local file=$SERVICES/$1.yaml saved applied
	mark
	on lb "sed -i '$2' $file"
	# mv keeps the time of the write, so this is just before the file took its place.
	saved=$(date -r "$file" +%s%3N)
	log_shows 10 "ezlb applies the edit of $file" 'why=files ops=[1-9][0-9]* failed=0 '
	applied=${line#ts=}
	applied=$(date -d "${applied%% *}" +%s%3N)
	say "" "From the save to the kernel: ${bold}$((applied - saved)) ms${plain}."
}

# --- asserting -------------------------------------------------------------------------------

# has_rows ROW...: kernel_rows has all of these.
has_rows() {
	local rows row
	rows=$'\n'$(kernel_rows)$'\n'
	for row in "$@"; do
		[[ $rows == *$'\n'$row$'\n'* ]] || return 1
	done
}

# count TEXT WORD: how many lines of TEXT have the WORD.
count() {
	grep -cwF -- "$2" <<<"$1" || :
}

all_in() {
	has_rows "tcp $VIP:80 wrr" "tcp $VIP:8080 wlc" "udp $VIP:53 wrr" "tcp $VIP2:9000 rr" \
		"tcp $VIP:80 ${BACKEND_IP[b1]}:80 2" "tcp $VIP:80 ${BACKEND_IP[b2]}:80 1" \
		"tcp $VIP:80 ${BACKEND_IP[b3]}:80 1" "tcp $VIP:8080 ${BACKEND_IP[b1]}:8080 1" \
		"tcp $VIP:8080 ${BACKEND_IP[b2]}:8080 1" "tcp $VIP:8080 ${BACKEND_IP[b3]}:8080 1" \
		"udp $VIP:53 ${BACKEND_IP[b1]}:53 1" "udp $VIP:53 ${BACKEND_IP[b2]}:53 1" \
		"tcp $VIP2:9000 ${BACKEND_IP[b1]}:9000 1" "tcp $VIP2:9000 ${BACKEND_IP[b2]}:9000 1"
}

b2_serves_web() {
	has_rows "tcp $VIP:80 ${BACKEND_IP[b2]}:80 1"
}

b2_has_a_rule() {
	[[ $(nat_rules) == *"-d ${BACKEND_IP[b2]}/32 -p tcp -m tcp --dport 80 "* ]]
}

# --- the demo --------------------------------------------------------------------------------

step "Five machines"
say "Network namespaces of Linux $(uname -r): each has its own addresses, routes and kernel tables." "" \
	"   client                    lb                             b1  192.168.10.11" \
	"   172.16.0.2  ---------  172.16.0.1 / 192.168.10.1  -----  b2  192.168.10.12" \
	"                                                            b3  192.168.10.13" \
	"                          10.0.0.1  where clients connect (VIP)" \
	"                          10.0.0.3  what the backends will see (snat_ip)" "" \
	"The client reaches 10.0.0.x through lb. ezlb will run on lb. Each backend has servers that answer" \
	"with their own name and with the address that the request came from (peer)."
lab_up
for b in b1 b2 b3; do
	backend_start "$b" 80 8080 9000 53/udp
done

step "The backends have no way back to the client"
say "No default route, and none to 172.16.0.0/24. They can answer lb and nobody else:"
on b1 "ip route"
assert_match "routes of b1" "^$SNAT_IP via 192\.168\.10\.1 [^"$'\n'"]*"$'\n'"192\.168\.10\.0/24 dev [^"$'\n'"]*$" "$got"
on b1 "ip route get $CLIENT_IP"
assert_match "b1 and the client" "unreachable" "$got"
say "" "With plain IPVS NAT the client's own address would arrive here, and the answer would be lost."

step "One file, one service"
say "These are the files of examples/services.d as they are:"
cp "$LAB_REPO"/examples/services.d/*.yaml "$SERVICES/"
on lb "ls $SERVICES"
on lb "cat $SERVICES/web.yaml"
assert_match "web.yaml" "full_nat: true" "$got"
say "" "ezlb check reads files as ezlb would, and touches nothing:"
on lb "ezlb check $SERVICES"
assert_eq "ezlb check" "4 files checked, 0 errors" "$got"

step "Start ezlb"
typed lb "ezlb run --config-dir $SERVICES --state-dir $STATE &"
start=$(now_ms)
ezlb_start
eventually 15 "all four services and their backends are in the kernel" all_in
say "" "After $(elapsed_ms "$start") ms the backends have passed their first checks and the kernel has it all." \
	"IPVS changes the destination, from the VIP to a backend:"
on lb "ipvsadm -Ln"
say "" "And one netfilter rule a backend changes the source, for the services with full_nat: to snat_ip" \
	"(web, dns) or, without one, to lb's own address (api: MASQUERADE). \"internal\" is plain NAT: no rule." \
	"The two together are FullNAT."
on lb "iptables-legacy -t nat -S EZLB-SNAT"
assert_eq "rules with snat_ip" 5 "$(count "$got" "SNAT --to-source $SNAT_IP")"
assert_eq "rules without snat_ip" 3 "$(count "$got" MASQUERADE)"

step "Send requests"
say "Eight through web. All backends see them come from $SNAT_IP; b1 has weight 2, twice the share:"
on client "for i in 1 2 3 4 5 6 7 8; do curl -s -m 3 http://$VIP/; done"
assert_eq "answers by b1" 4 "$(count "$got" "backend=b1 peer=$SNAT_IP")"
assert_eq "answers by b2" 2 "$(count "$got" "backend=b2 peer=$SNAT_IP")"
assert_eq "answers by b3" 2 "$(count "$got" "backend=b3 peer=$SNAT_IP")"
say "" "api has no snat_ip, so the backend sees lb's address on its side:"
on client "curl -s -m 3 http://$VIP:8080/"
assert_match "api" "^backend=b[123] peer=192\.168\.10\.1$" "$got"
say "" "dns is UDP:"
on client "echo question | socat -t 2 - udp:$VIP:53"
assert_match "dns" "^backend=b[12] peer=$SNAT_IP$" "$got"

step "Edit a file: FullNAT off, and on again"
say "ezlb watches the directory. A save is all it takes:"
edit api 's/full_nat: true/full_nat: false/'
on lb "iptables-legacy -t nat -S EZLB-SNAT | grep -c 8080"
assert_eq "rules of api" 0 "$got"
say "" "api's rules are gone, and with them the answers. The backend got the request, but from $CLIENT_IP:"
on client "curl -sS -m 2 http://$VIP:8080/"
assert_match "api without FullNAT" "^curl: \(28\)" "$got"
say "" "Back on:"
edit api 's/full_nat: false/full_nat: true/'
on client "curl -s -m 3 http://$VIP:8080/"
assert_match "api with FullNAT again" "^backend=b[123] peer=192\.168\.10\.1$" "$got"

step "A backend fails"
say "web checks /healthz every 2 s; two failures in a row take a backend out. Until then a request that" \
	"goes to b2 is refused. Now the servers on b2 end:"
mark
backend_stop b2
log_shows 15 "the health check finds b2 down" "svc=web dst=${BACKEND_IP[b2]}:80 from=up to=down reason=connect_refused"
eventually 5 "b2 is out of web" fails b2_serves_web
on lb "ipvsadm -Ln -t $VIP:80"
assert_eq "b2 in web" 0 "$(count "$got" "${BACKEND_IP[b2]}:80")"
say "" "Its SNAT rule went with it. b1 and b3 answer:"
# Break comes last: the rule goes after the dest.
eventually 5 "the rule of b2 is gone" fails b2_has_a_rule
on client "for i in 1 2 3 4; do curl -s -m 3 http://$VIP/; done"
assert_eq "answers" 4 "$(count "$got" "peer=$SNAT_IP")"
assert_eq "answers by b2" 0 "$(count "$got" backend=b2)"
say "" "The servers on b2 start again, and nobody has to tell ezlb:"
mark
backend_start b2 80 8080 9000 53/udp
log_shows 15 "the health check finds b2 up" "svc=web dst=${BACKEND_IP[b2]}:80 from=down to=up"
eventually 5 "b2 is in web again" b2_serves_web
on client "for i in 1 2 3 4; do curl -s -m 3 http://$VIP/; done"
assert_eq "answers" 4 "$(count "$got" "peer=$SNAT_IP")"
assert_eq "answers by b2" 1 "$(count "$got" backend=b2)"
# The other services take b2 back at their own pace, and a pass for that would take the next edit along.
eventually 30 "b2 is back in all services" all_in

step "Edit a file: scheduler and weight"
say "Only what differs is changed, in place: connections go on."
edit web 's/scheduler: wrr/scheduler: wlc/; s/weight: 2/weight: 5/'
on lb "ipvsadm -Ln -t $VIP:80"
has_rows "tcp $VIP:80 wlc" "tcp $VIP:80 ${BACKEND_IP[b1]}:80 5" "tcp $VIP:80 ${BACKEND_IP[b2]}:80 1" ||
	fail "web in the kernel is not as in its file: $got"

step "Stop ezlb"
say "On SIGTERM it takes away all that it made (with --cleanup-on-exit=false traffic would flow on):"
typed lb "kill -TERM $EZLB_PID"
ezlb_stop
assert_eq "errors in ezlb's log" "" "$(grep level=error "$EZLB_LOG" || :)"
on lb "ipvsadm -Ln"
assert_eq "services that are left" 0 "$(grep -cE '^(TCP|UDP)' <<<"$got" || :)"
on lb "iptables-legacy -t nat -S"
assert_eq "rules that are left" "" "$(grep -vE '^-P ' <<<"$got" || :)"
