#!/usr/bin/env bash
# variants: nftables4
# also: nftables6 iptables4
# client_address: toa, the program on the interfaces: where it is, who may remove it, and that ezlb removes exactly its own.
# LAB_ALL=1 has also what is rare: pins that are removed, routes with two nexthops.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
mount -t bpf bpf /sys/fs/bpf
BITS=32
[[ $VIP != *:* ]] || BITS=128
BACKEND=${BACKEND_IP[b1]}

lb_tc() { in_ns lb tc "$@"; }
hooks() {
	local link
	for link in $(clsacts); do
		[[ $(lb_tc filter show dev "$link" egress 2>&1) != *ezlb_toa* ]] || echo "$link"
	done | sort | paste -sd' '
}
# One process, so that it does not use up the 2 s that a repair may take.
hook_on() { [[ $(lb_tc filter show dev "$1" egress 2>&1) == *ezlb_toa* ]]; }
hooks_are() { [[ $(hooks) == "$*" ]]; }
clsacts() { lb_tc qdisc show | sed -n 's/^qdisc clsact ffff: dev \([^ ]*\) .*/\1/p' | sort | paste -sd' '; }
program() { lb_tc filter show dev "$1" egress | sed -n 's/.* ezlb_toa .* id \([0-9]*\) .*/\1/p'; }
pins() { find /sys/fs/bpf -path '*/netns-*' -prune -printf '%f\n' | paste -sd' '; }
rows() { in_ns lb bpftool -j map dump pinned "/sys/fs/bpf/ezlb/$(pins)/services" | jq length; }
have_rows() { [[ $(rows) == "$1" ]]; }
programs() { bpftool -j prog | jq '[.[] | select((.name // "") | startswith("toa_"))] | length'; }
one_program() { [[ $(programs) == 1 ]]; }
no_program() { [[ $(programs) == 0 ]]; }
ledger() { sed -n 's/^clsact //p' "$STATE/ledger" | paste -sd' '; }

# The guest's own: a clsact with filters on both sides, one without a preference, and one on an interface of ezlb's.
ip -n lb link add lan type dummy
ip -n lb link set lan up
lb_tc qdisc add dev client clsact
lb_tc filter add dev client egress matchall action ok
lb_tc filter add dev client egress pref 5 protocol ip u32 match u32 0 0 action ok
lb_tc filter add dev client ingress matchall action ok
theirs() { lb_tc qdisc show dev client && lb_tc filter show dev client egress && lb_tc filter show dev client ingress; }
THEIRS=$(theirs)

web() {
	service web <<-END
		listen: "$(ep "$VIP" 80)"
		full_nat: true
		client_address: $1
		snat_ip: "$SNAT_IP"
		backends:
		  - address: "$(ep "$BACKEND" 80)"
	END
}
service other <<END
listen: "$(ep "$VIP" 81)"
full_nat: true
snat_ip: "$SNAT_IP"
backends: [{address: "$(ep "$BACKEND" 81)"}]
END

echo "# without such a service there is nothing"
web none
ezlb_start --log-level debug
eventually 20 "ezlb is ready" is_ready
assert_eq "pins" "" "$(pins)"
assert_eq "clsacts" client "$(clsacts)"

echo "# with one, the program is on the interface to the backends, and knows both services"
web toa
eventually 10 "the program is attached" hooks_are backends
eventually 5 "both services are in the map" have_rows 2
assert_eq "clsact in the ledger" backends "$(ledger)"
FIRST=$(program backends)

# again: ezlb is killed, the program stays, and the next ezlb finds it and changes nothing. That one has seen nobody who
# undoes its changes again and again, so it repairs at once.
again() {
	local program
	program=$(program backends)
	ezlb_stop KILL
	hooks_are backends || fail "hooks: $(hooks)"
	: >"$EZLB_LOG"
	ezlb_start --log-level debug
	eventually 20 "ezlb is ready" is_ready
	assert_eq "the program" "$program" "$(program backends)"
	assert_eq "operations" "" "$(ops | grep -E 'toa|hook' || :)"
}
another_program() { hooks_are backends && [[ $(program backends) != "$FIRST" ]] && have_rows 2; }

echo "# ezlb is killed; then somebody removes the qdisc, a row, a pin"
again
lb_tc qdisc del dev backends clsact
within 2000 "the program is there again" hook_on backends
eventually 5 "it is nowhere else" hooks_are backends
key=$(in_ns lb bpftool -j map dump pinned "/sys/fs/bpf/ezlb/$(pins)/services" | jq -r '.[0].key | map(ltrimstr("0x")) | join(" ")')
# shellcheck disable=SC2086
in_ns lb bpftool map delete pinned "/sys/fs/bpf/ezlb/$(pins)/services" key hex $key
within 2000 "the row is there again" have_rows 2
if thorough; then
	in_ns lb bpftool map update pinned "/sys/fs/bpf/ezlb/$(pins)/services" \
		key hex 0a 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 50 02 77 00 00 00 00 value hex 01 fe 00 00
	eventually 10 "what is no row is removed" have_rows 2
	rm "/sys/fs/bpf/ezlb/$(pins)/services"
	eventually 10 "another program with its own map" another_program # loading takes its time

	echo "# again; and the filter alone, and all pins"
	again
	FIRST=$(program backends)
	lb_tc filter del dev backends egress pref 3617
	within 2000 "the program is there again" hook_on backends
	eventually 5 "it is nowhere else" hooks_are backends
	rm -r "/sys/fs/bpf/ezlb/$(pins)"
	eventually 10 "another program with its own pins" another_program
	eventually 5 "one program is left" one_program
fi

echo "# the backend moves to another interface, and the interface disappears and comes back"
ip -n lb route add "$BACKEND/$BITS" dev lan
within 2000 "the program is on the other interface" hook_on lan
eventually 5 "it is nowhere else" hooks_are lan
assert_eq "clsacts" "client lan" "$(clsacts)"
assert_eq "clsact in the ledger" lan "$(ledger)"
ip -n lb link del lan
within 2000 "the program is back" hook_on backends
eventually 5 "it is nowhere else" hooks_are backends
ip -n lb link add lan type dummy
ip -n lb link set lan up
ip -n lb route add "$BACKEND/$BITS" dev lan
within 2000 "the program is on the new one" hook_on lan
eventually 5 "it is nowhere else" hooks_are lan

echo "# it moves to an interface that has filters of others, and away: these are as before"
ip -n lb route replace "$BACKEND/$BITS" dev client
within 2000 "the program is beside them" hook_on client
eventually 5 "it is nowhere else" hooks_are client
ezlb_cmd plan | grep -q "^No changes" || fail "plan: $(ezlb_cmd plan)"
ip -n lb route del "$BACKEND/$BITS" dev client
within 2000 "the program is back" hook_on backends
eventually 5 "it is nowhere else" hooks_are backends
assert_eq "filters of others" "$THEIRS" "$(theirs)"

if thorough; then
	echo "# two ways at once"
	ip -n lb route add "$BACKEND/$BITS" nexthop dev client nexthop dev lan
	within 2000 "the program is on both" hook_on client
	eventually 5 "it is nowhere else" hooks_are client lan
	ip -n lb route del "$BACKEND/$BITS"
	within 2000 "the program is back" hook_on backends
	eventually 5 "it is nowhere else" hooks_are backends

	echo "# one of two ways has the qdisc ingress: the other has the program, and the condition says why"
	client_address() {
		ezlb_cmd status -o json | jq -r '.services[] | select(.name == "web").conditions[] | select(.type == "ClientAddress") | "\(.reason) \(.message)"'
	}
	says_ingress() { [[ $(client_address) == "Unsupported the interface lan has the qdisc ingress"* ]]; }
	says_added() { [[ $(client_address) == "Added " ]]; }
	lb_tc qdisc add dev lan ingress
	ip -n lb route add "$BACKEND/$BITS" nexthop dev client nexthop dev lan
	within 2000 "the program is on one" hook_on client
	eventually 10 "the condition names the other" says_ingress
	ezlb_cmd plan | grep -q "^No changes" || fail "plan: $(ezlb_cmd plan)"
	lb_tc qdisc del dev lan ingress
	within 2000 "the program is on it, too" hook_on lan
	eventually 10 "the condition is as before" says_added
	ip -n lb route del "$BACKEND/$BITS"
	eventually 5 "the program is back" hooks_are backends

	echo "# without such a service there is nothing again"
	web none
	eventually 5 "no program" no_program
	assert_eq "hooks" "" "$(hooks)"
	assert_eq "pins" "" "$(pins)"
	assert_eq "clsacts" client "$(clsacts)"
fi

echo "# cleanup after a kill leaves nothing"
web toa
eventually 10 "the program is attached" hooks_are backends
ezlb_stop KILL
ezlb_cmd cleanup
no_program || fail "programs: $(bpftool prog)"
assert_eq "hooks" "" "$(hooks)"
assert_eq "pins" "" "$(pins)"
assert_eq "clsacts" client "$(clsacts)"
assert_eq "filters of others" "$THEIRS" "$(theirs)"
quiet() { grep -E 'level=(warn|error)' "$EZLB_LOG" | grep -vE 'pkg=health|another program changed|repaired' || :; }
assert_eq "other warnings" "" "$(quiet)"
