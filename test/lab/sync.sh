#!/usr/bin/env bash
# The sync daemon of IPVS: started in both roles, kept, repaired, changed and removed; one of somebody else
# is left alone. A second balancer learns the connections of the first. sync_link has what happens to its interface.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
ip netns add lb2
ip -n lb2 link set lo up
ip link add sync0 netns lb type veth peer name sync0 netns lb2
ip -n lb2 addr add 10.99.0.2/24 dev sync0
ip -n lb2 link set sync0 up
ip -n lb addr add 10.99.0.1/24 dev sync0
ip -n lb link set sync0 up
service web <<END
listen: "$VIP:80"
full_nat: true
snat_ip: "$SNAT_IP"
health_check: {enabled: false}
backends: [{address: "${BACKEND_IP[b1]}:80"}]
END
# daemons [NAMESPACE]: "master sync0 7,backup sync0 7"
daemons() {
	in_ns "${1:-lb}" ipvsadm -L --daemon |
		sed -n 's/^\([a-z]*\) sync daemon (mcast=\([^,]*\), syncid=\([0-9]*\),.*/\1 \2 \3/p' | paste -sd,
}
daemons_are() { [[ $(daemons "${@:2}") == "$1" ]]; }
owned() { sed -n 's/^sync //p' "$STATE/ledger" | paste -sd,; }

echo "# both roles, without a word about them in a service file"
ezlb_start --sync-interface sync0 --sync-id 7
eventually 10 "both run" daemons_are "master sync0 7,backup sync0 7"
assert_eq "the ledger" "master sync0 7,backup sync0 7" "$(owned)"
mkdir "$WORK/state2"
"$LABTOOL" in lb2 "$EZLB" run --config-dir "$SERVICES" --state-dir "$WORK/state2" --sync-interface sync0 \
	--sync-id 7 >>"$WORK/ezlb2.log" 2>&1 &
eventually 10 "those of the second balancer run" daemons_are "master sync0 7,backup sync0 7" lb2

echo "# a connection of the first balancer is known to the second"
eventually 10 "web answers" client_get "$VIP:80"
# shellcheck disable=SC2016 # the inner shell's
in_ns client bash -c 'exec 3<>"/dev/tcp/$0/80"; printf "GET / HTTP/1.1\r\n" >&3; read -r -u 3' "$VIP" &
learned() { in_ns lb2 ipvsadm -Lnc | grep -q "ESTABLISHED $CLIENT_IP:.* $VIP:80 *${BACKEND_IP[b1]}:80"; }
eventually 20 "the second knows it" learned

echo "# killed and started again: nothing is to do"
ezlb_stop KILL
: >"$EZLB_LOG"
assert_eq "daemons of a dead ezlb" "master sync0 7,backup sync0 7" "$(daemons)"
ezlb_start --sync-interface sync0 --sync-id 7
eventually 10 "ready" is_ready
assert_eq "what is to do" "$NO_CHANGES" "$(ezlb_cmd plan --sync-interface sync0 --sync-id 7)"
assert_eq "changes" "" "$(grep 'applied changes' "$EZLB_LOG" || :)"

echo "# somebody stops one: it comes back"
in_ns lb ipvsadm --stop-daemon backup
eventually 5 "both run" daemons_are "master sync0 7,backup sync0 7"
eventually 5 "the log tells" grep -q 'change="sync-del backup on sync0, id 7"' "$EZLB_LOG"

echo "# other flags: both are changed"
ezlb_stop TERM
ezlb_start --sync-interface sync0 --sync-id 8
eventually 10 "both have the other id" daemons_are "master sync0 8,backup sync0 8"
assert_eq "the ledger" "master sync0 8,backup sync0 8" "$(owned)"

echo "# cleanup removes them; one of somebody else stays, and the other role is ezlb's"
ezlb_stop TERM
ezlb_cmd cleanup >/dev/null
assert_eq "daemons" "" "$(daemons)"
in_ns lb ipvsadm --start-daemon master --mcast-interface sync0 --syncid 9
: >"$EZLB_LOG"
ezlb_start --sync-interface sync0 --sync-id 8 --cleanup-on-exit
eventually 10 "one of each" daemons_are "master sync0 9,backup sync0 8"
eventually 5 "the log tells" grep -q 'another program has started the sync daemon of IPVS' "$EZLB_LOG"
eventually 5 "ready" is_ready
assert_match "plan" "ipvs sync daemon master on sync0, id 9, not changed: another program started it" \
	"$(ezlb_cmd plan --sync-interface sync0 --sync-id 8)"
in_ns lb ipvsadm --stop-daemon master
eventually 5 "then it is ezlb's" daemons_are "master sync0 8,backup sync0 8"
ezlb_stop TERM
assert_eq "daemons after --cleanup-on-exit" "" "$(daemons)"
