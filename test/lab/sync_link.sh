#!/usr/bin/env bash
# when: all
# The interface of the sync daemon of IPVS is missing, comes, is down, goes, and comes again with the same name.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
wire() {
	ip -n lb link add sync0 type veth peer name sync1
	ip -n lb link set sync1 up
	ip -n lb addr add 10.99.0.1/24 dev sync0
}
service web <<END
listen: "$VIP:80"
full_nat: true
snat_ip: "$SNAT_IP"
health_check: {enabled: false}
backends: [{address: "${BACKEND_IP[b1]}:80"}]
END
# daemons: "master sync0 7,backup sync0 7"
daemons() {
	in_ns lb ipvsadm -L --daemon |
		sed -n 's/^\([a-z]*\) sync daemon (mcast=\([^,]*\), syncid=\([0-9]*\),.*/\1 \2 \3/p' | paste -sd,
}
daemons_are() { [[ $(daemons) == "$1" ]]; }
# tells WHAT: the log has it. serves: nothing of it matters for the services.
tells() { grep -qF "$1" "$EZLB_LOG"; }
serves() { is_ready && client_get "$VIP:80" && [[ $(condition web Programmed) == "True Programmed" ]]; }
listens() { in_ns lb cat /proc/net/igmp | grep -q 510000E0; }

echo "# there is no such interface"
ezlb_start --sync-interface sync0 --sync-id 7
eventually 10 "the log tells" tells 'op="sync-add master on sync0, id 7" err="there is no interface sync0"'
eventually 10 "it serves" serves
assert_eq "daemons" "" "$(daemons)"
assert_eq "the ledger" "" "$(grep '^sync' "$STATE/ledger" || :)"
assert_match "doctor" "warn  sync-daemon      there is no interface sync0" \
	"$(ezlb_cmd doctor --sync-interface sync0 --sync-id 7 || :)"

echo "# it comes, and is down; then it is up"
wire
eventually 10 "the log tells" tells 'op="sync-add master on sync0, id 7" err="the interface sync0 is down"'
serves
ip -n lb link set sync0 up
eventually 10 "both run" daemons_are "master sync0 7,backup sync0 7"
eventually 5 "it has joined the group" listens

echo "# down and up: the same daemons go on"
ip -n lb link set sync0 down
nap 1
ip -n lb link set sync0 up
eventually 5 "it is in the group" listens
assert_eq "what is to do" "$NO_CHANGES" "$(ezlb_cmd plan --sync-interface sync0 --sync-id 7)"

echo "# it goes; one of the same name comes: both are started on it"
: >"$EZLB_LOG"
ip -n lb link del sync0
eventually 10 "the log tells" tells 'err="there is no interface sync0"'
serves
wire
ip -n lb link set sync0 up
eventually 10 "both run" daemons_are "master sync0 7,backup sync0 7"
eventually 5 "it has joined the group" listens

echo "# so fast that nobody has seen it go"
ip -n lb -batch - <<-END
	link del sync0
	link add sync0 type veth peer name sync1
	link set sync1 up
	addr add 10.99.0.1/24 dev sync0
	link set sync0 up
END
eventually 10 "it has joined the group" listens
eventually 5 "both run" daemons_are "master sync0 7,backup sync0 7"
ezlb_stop TERM
assert_eq "daemons after --cleanup-on-exit" "" "$(daemons)"
