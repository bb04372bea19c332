#!/usr/bin/env bash
# timeout: 120
# The lab proves itself, without ezlb: only FullNAT carries traffic in its topology, only with
# net.ipv4.vs.conntrack=1, and the ConfigMap simulator does what kubelet does.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

# --- FullNAT by hand -------------------------------------------------------------------------

lab_up
backend_start b1
backend_start b2

assert_eq "nothing in IPVS yet" 0 "$(ipvs | grep -c '^ *->.*192' || :)"
assert_eq "no NAT rules yet" "" "$(nat_rules)"

in_ns lb ipvsadm -R <<END
-A -t $VIP:80 -s rr
-a -t $VIP:80 -r ${BACKEND_IP[b1]}:80 -m
-A -u $VIP:53 -s rr
-a -u $VIP:53 -r ${BACKEND_IP[b1]}:53 -m
END
for proto in tcp:80 udp:53; do
	in_ns lb iptables-legacy -w 5 -t nat -A POSTROUTING -d "${BACKEND_IP[b1]}" -p "${proto%:*}" \
		--dport "${proto#*:}" -j SNAT --to-source "$SNAT_IP"
done
lb_sysctl net.ipv4.ip_forward 1

assert_eq "lb starts without conntrack" 0 "$(lb_sysctl net.ipv4.vs.conntrack)"
fails client_get "$VIP:80" --max-time 1 || fail "an answer over TCP without net.ipv4.vs.conntrack"
fails client_udp "$VIP" 53 || fail "an answer over UDP without net.ipv4.vs.conntrack"

lb_sysctl net.ipv4.vs.conntrack 1
within 3000 "first TCP answer" client_get "$VIP:80"
assert_eq "TCP: the backend sees the SNAT address" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:80")"
assert_eq "UDP: the backend sees the SNAT address" "backend=b1 peer=$SNAT_IP" "$(client_udp "$VIP" 53)"
assert_eq "a static file" ok "$(client_get "http://$VIP:80/healthz")"
rm "$WORK/b1/healthz"
fails client_get "$VIP:80/healthz" || fail "/healthz answers although its file is gone"

assert_match "ipvs shows the service" "TCP +$VIP:80 rr" "$(ipvs)"
assert_match "nat_rules shows the rule" \
	"-d ${BACKEND_IP[b1]}/32 -p tcp .*--to-source $SNAT_IP" "$(nat_rules)"

# A second backend over IPv4's other port, and the first one gone.
in_ns lb ipvsadm -a -t "$VIP:80" -r "${BACKEND_IP[b2]}:8080" -m
in_ns lb iptables-legacy -w 5 -t nat -A POSTROUTING -d "${BACKEND_IP[b2]}" -p tcp --dport 8080 \
	-j MASQUERADE
backend_stop b1
answers_from() {
	[[ $(client_get "$VIP:80") == "$1" ]]
}
eventually 10 "b2 answers, masqueraded" answers_from "backend=b2 peer=192.168.10.1"
in_ns lb ipvsadm -d -t "$VIP:80" -r "${BACKEND_IP[b2]}:8080"
never 1 "b1 answers although it is stopped" client_get "$VIP:80"
backend_start b1
eventually 5 "b1 is back" answers_from "backend=b1 peer=$SNAT_IP"

# --- the lab's own client --------------------------------------------------------------------

# get_fails STATUS NS SECONDS URL: with curl's exit status, and when its time is over with that of a timeout.
get_fails() {
	local status=0
	"$LABTOOL" get "${@:2}" >"$WORK/got" 2>&1 || status=$?
	[[ $status == "$1" ]] || fail "get ${*:2}: status $status, want $1: $(cat "$WORK/got")"
}
get_fails 22 lb 3 "${BACKEND_IP[b1]}:80/no-such-file"
get_fails 7 lb 3 "${BACKEND_IP[b1]}:81"
"$LABTOOL" in b1 socat TCP-LISTEN:82,fork,reuseaddr EXEC:'sleep 60' 2>>"$WORK/b1.log" & # answers nothing
silent_listens() { grep -q ':0052 0*:0000 0A ' "/proc/$!/net/tcp"; }
eventually 10 "the silent server listens" silent_listens
start=$(now_ms)
get_fails 28 lb 1.5 "${BACKEND_IP[b1]}:82"
[[ $(elapsed_ms "$start") -ge 1500 ]] || fail "a limit of 1.5 s was over after $(elapsed_ms "$start") ms"
get_fails 28 lb 1 192.168.10.99:80 # nobody has that address
fails client_get "$VIP2:80" --max-time 0.3 2>/dev/null || fail "an answer from nobody"
fails in_ns lb false || fail "in_ns forgets the exit status"
assert_eq "in_ns" "eth0 lo" "$(in_ns b1 ls /proc/self/net/dev_snmp6 | sort | xargs)"

# IPv6, straight from lb: the addresses are there and the server says them without brackets.
assert_eq "IPv6 server" "backend=b1 peer=fd00:192::1" \
	"$(in_ns lb curl -sS -g --max-time 3 'http://[fd00:192::11]:80/')"

# --- what the four worlds have in common -----------------------------------------------------

assert_eq "ep" "10.0.0.1:80 [fd00:10::1]:80" "$(ep "$VIP" 80) $(ep fd00:10::1 80)"
in_ns lb ipvsadm -R <<END
-A -u [fd00:10::1]:53 -s rr
-a -u [fd00:10::1]:53 -r [fd00:192::11]:5353 -m -w 7
END
"$LABTOOL" in lb sleep 60 &
EZLB_PID=$! # whose view of the kernel is read
seen() { [[ -n $(kernel_rows) ]]; }
eventually 5 "a process in lb sees its services" seen
assert_eq "kernel_rows" "tcp 10.0.0.1:80 192.168.10.11:80 1
tcp 10.0.0.1:80 rr
udp 10.0.0.1:53 192.168.10.11:53 1
udp 10.0.0.1:53 rr
udp [fd00:10::1]:53 [fd00:192::11]:5353 7
udp [fd00:10::1]:53 rr" "$(kernel_rows | sort)"
EZLB_PID=

in_ns lb ip6tables-legacy-restore <<END
*nat
:EZLB-SNAT - [0:0]
-A EZLB-SNAT -d fd00:192::11/128 -p tcp -m tcp --dport 80 -j SNAT --to-source fd00:10::3
-A EZLB-SNAT -d fd00:192::12/128 -p udp -m udp --dport 53 -j MASQUERADE
-A EZLB-SNAT -j RETURN
COMMIT
END
in_ns lb nft -f - <<END
table ip ezlb {
	map m { type ipv4_addr . inet_proto . inet_service : ipv4_addr; elements = { $VIP . tcp . 80 : $SNAT_IP }; }
}
table ip6 ezlb {
	map m {
		type ipv6_addr . inet_proto . inet_service : interval ipv6_addr; counter
		elements = { fd00:10::1 . tcp . 80 : fd00:10::3/128, fd00:10::1 . tcp . 81 : fd00:10::3-fd00:10::6 }
	}
	set s { type ipv6_addr . inet_proto . inet_service; counter; elements = { fd00:10::1 . udp . 53 }; }
}
END
# in_world VARIANT COMMAND...
in_world() {
	EZLB_SNAT_BACKEND=${1%[46]} FAMILY=${1: -1} "${@:2}"
}
assert_eq "rows of iptables4" "" "$(in_world iptables4 snat_rows)"
assert_eq "rows of nftables4" "tcp $VIP:80 to $SNAT_IP" "$(in_world nftables4 snat_rows)"
assert_eq "rows of iptables6, a strange one as it is" "-A EZLB-SNAT -j RETURN
tcp [fd00:192::11]:80 to fd00:10::3
udp [fd00:192::12]:53 to masquerade" "$(in_world iptables6 snat_rows | LC_ALL=C sort)"
assert_eq "rows of nftables6" "tcp [fd00:10::1]:80 to fd00:10::3
tcp [fd00:10::1]:81 to fd00:10::3-fd00:10::6
udp [fd00:10::1]:53 to masquerade" "$(in_world nftables6 snat_rows)"
two=('[fd00:192::11]:80' '[fd00:192::12]:80')
assert_eq "wanted with iptables" "tcp ${two[0]} to x"$'\n'"tcp ${two[1]} to x" \
	"$(in_world iptables6 snat_want tcp '[fd00:10::1]:80' x "${two[@]}")"
assert_eq "wanted with nftables" "tcp [fd00:10::1]:80 to x" \
	"$(in_world nftables6 snat_want tcp '[fd00:10::1]:80' x "${two[@]}")"
in_world nftables6 snat_is "udp [fd00:10::1]:53 to masquerade" "tcp [fd00:10::1]:80 to fd00:10::3" \
	"tcp [fd00:10::1]:81 to fd00:10::3-fd00:10::6" ||
	fail "snat_is minds the order"
fails in_world nftables6 snat_is "tcp [fd00:10::1]:80 to fd00:10::3" || fail "snat_is overlooks a row"
assert_match "snat_all: both" "EZLB-SNAT -j RETURN.*table ip6 ezlb.*tcp . 80" "$(snat_all)"

# A repository of a few cases that only say what they are.
mkdir -p "$WORK/repo/scripts" "$WORK/repo/test/lab"
cp "$LAB_REPO/scripts/lab" "$WORK/repo/scripts/"
cases=$WORK/repo/test/lab
touch "$cases"/{lib,bench_x,plain}.sh
echo '# variants: nftables4 nftables6' >"$cases/two.sh"
printf '# also: iptables4 iptables6\n# variants: nftables4\n' >"$cases/also.sh"
lab_list() { "$WORK/repo/scripts/lab" --list "$@" 2>&1 | paste -sd' '; }
assert_eq "cases of CI" "also@nftables4 plain two@nftables4 two@nftables6" "$(lab_list)"
assert_eq "all cases" "also@nftables4 also@iptables4 also@iptables6 plain two@nftables4 two@nftables6" \
	"$(lab_list --all)"
assert_eq "a case by name" "also@nftables4 also@iptables4 also@iptables6 bench_x" "$(lab_list also bench_x)"
assert_eq "one of the others" also@iptables6 "$(lab_list also@iptables6)"
for bad in "also@nftables6: has no variant" "plain@nftables4: it has none" "nobody: no such case" "--all also: usage:"; do
	# shellcheck disable=SC2086 # arguments
	said=$(lab_list ${bad%%: *}) && fail "scripts/lab passes ${bad%%: *}"
	assert_match "scripts/lab ${bad%%: *}" "${bad#*: }" "$said"
done
for bad in "also: nftables4: none" "variants: nftables5: there is no variant" "variants: iptables4 iptables4: twice"; do
	echo "# ${bad%: *}" >"$cases/bad.sh"
	assert_match "a case that says ${bad%: *}" "test/lab/bad.sh: .*${bad##*: }" "$(lab_list bad || :)"
done

# --- the ConfigMap simulator -----------------------------------------------------------------

src=$WORK/src
cm=$WORK/configmap
mkdir "$src"
# A payload's files, one "v1" each: files v1 web.yaml dns.yaml
files() {
	local name
	for name in "${@:2}"; do
		echo "$1" >"$src/$name"
	done
}
# The volume's visible keys, and what each links to.
keys() {
	local path
	for path in "$cm"/*; do
		echo -n "${path##*/}->$(readlink "$path")=$(<"$path") "
	done
}
stamps() {
	ls -d "$cm"/..2*
}

for KUBELET in old new; do
	rm -rf "$cm"
	files v1 web.yaml dns.yaml
	configmap_init "$cm" "$src/web.yaml" "$src/dns.yaml"
	first=$(stamps)
	assert_match "$KUBELET: directory name" \
		'/\.\.20[0-9]{2}(_[0-9]{2}){5}\.[0-9A-Za-z]+$' "$first"
	assert_eq "$KUBELET: ..data" "${first##*/}" "$(readlink "$cm/..data")"
	assert_eq "$KUBELET: keys" \
		"dns.yaml->..data/dns.yaml=v1 web.yaml->..data/web.yaml=v1 " "$(keys)"

	configmap_update "$cm" "$src/web.yaml" "$src/dns.yaml"
	assert_eq "$KUBELET: no change, no write" "$first" "$(stamps)"

	files v2 web.yaml api.yaml
	configmap_update "$cm" "$src/web.yaml" "$src/api.yaml"
	assert_eq "$KUBELET: one key added, one changed, one gone" \
		"api.yaml->..data/api.yaml=v2 web.yaml->..data/web.yaml=v2 " "$(keys)"
	[[ $(stamps) != "$first" ]] || fail "$KUBELET: still the old directory"
	assert_eq "$KUBELET: one directory left" 1 "$(stamps | wc -l)"
	assert_eq "$KUBELET: no ..data_tmp left" "" "$(find "$cm" -name '..data_tmp')"
done

# --- starting and stopping, with a stand-in for ezlb -----------------------------------------

EZLB=$WORK/stub
cat >"$EZLB" <<'END'
#!/bin/bash
trap 'exit "${STUB_STATUS:-0}"' TERM # before whoever waits for the next line sends it
echo "args: $*"
[[ $1 == run ]] || exit 0
while :; do
	sleep 0.1
done
END
chmod 755 "$EZLB"
started() {
	grep -q "^args: run --config-dir $SERVICES --state-dir $STATE --flag" "$EZLB_LOG"
}
ezlb_start --flag
eventually 5 "the stub logs" started
ezlb_stop
ezlb_start
ezlb_stop KILL
assert_eq "status after SIGKILL" 137 "$EZLB_STATUS"
assert_match "ezlb_cmd passes the directories" "^args: plan --config-dir $SERVICES" "$(ezlb_cmd plan)"
rm "$EZLB_LOG"
EZLB_WRAP="strace -D -f -o $WORK/trace -e trace=execve" STUB_STATUS=3 ezlb_start --flag
eventually 10 "the traced stub logs" started
ezlb_stop && fail "ezlb_stop passes exit status 3"
assert_eq "strace -D leaves status and signals alone" 3 "$EZLB_STATUS"
service web <<<"listen: 10.0.0.1:80"
assert_eq "a drop-in" "listen: 10.0.0.1:80" "$(<"$SERVICES/web.yaml")"

# --- the library's own promises --------------------------------------------------------------

late() {
	nap 0.3
}
(eventually 1 "what cannot be" false) 2>/dev/null && fail "eventually passes a command that fails"
(never 1 "what is" true) 2>/dev/null && fail "never passes a command that succeeds"
(within 100 "late" late) 2>/dev/null && fail "within passes a command that is late"
(assert_eq "differs" a b) 2>/dev/null && fail "assert_eq passes different strings"
assert_eq "turns" "1 0 2" "$(LAB_TURN=1 turn 2) $(LAB_TURN=4 turn 2) $(LAB_TURN=5 turn 3)"
assert_match "today's turn" '^[01]$' "$(unset LAB_TURN && turn 2)"
(LAB_ALL=1 thorough) || fail "LAB_ALL=1 is not thorough"
(unset LAB_ALL && thorough) && fail "thorough without LAB_ALL"
echo "selftest done"
