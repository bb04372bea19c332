#!/usr/bin/env bash
# timeout: 180
# Many objects in few system calls: requests are packed, iptables is committed once.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
SERVICES_N=100 BACKENDS_N=10
for ((i = 1; i <= SERVICES_N; i++)); do
	{
		echo "listen: $VIP:$((1000 + i))"
		echo "full_nat: true"
		echo "snat_ip: $SNAT_IP"
		echo "health_check: {enabled: false}"
		echo "backends:"
		for ((k = 1; k <= BACKENDS_N; k++)); do
			echo "  - {address: '192.168.10.$((10 + k)):$((1000 + i))', weight: $k}"
		done
	} >"$SERVICES/s$i.yaml"
done

# traced NAME: `ezlb once` under strace; its sends and commits are then in $WORK/NAME.
traced() {
	in_ns lb strace -f -e trace=sendmsg,sendto,setsockopt -o "$WORK/$1" \
		"$EZLB" once -o json --config-dir "$SERVICES" --state-dir "$STATE" | op_lines >"$WORK/$1.ops"
}
commits() { grep -c IPT_SO_SET_REPLACE "$WORK/$1" || :; }
# GET_DEST dumps are one send for each service: not more than one dump at a time on a socket. Questions to
# nf_tables, where it is loaded, do not grow with the services.
sends() { grep -E 'send(msg|to)\(' "$WORK/$1" | grep -vcE 'nlmsg_type=(NFNL_SUBSYS_NFTABLES|0xa)' || :; }

traced add
# Modules that other cases have loaded are not among them.
assert_eq "ops" $((SERVICES_N + 2 * SERVICES_N * BACKENDS_N + 4)) "$(grep -vc 'host-set module' "$WORK/add.ops")"
assert_eq "services in the kernel" $SERVICES_N "$(in_ns lb ipvsadm -Sn | grep -c '^-A')"
assert_eq "dests in the kernel" $((SERVICES_N * BACKENDS_N)) "$(in_ns lb ipvsadm -Sn | grep -c '^-a')"
assert_eq "rules" $((SERVICES_N * BACKENDS_N)) "$(nat_rules | grep -c -- '-A EZLB-SNAT')"
echo "adding: $(sends add) sends for 1,100 objects, $(commits add) commits for 1,000 rules"
[[ $(sends add) -lt 20 ]] || fail "1,100 objects took $(sends add) sends"
assert_eq "commits of 1,000 rules" 1 "$(commits add)"

traced again
assert_eq "ops of a second pass" 0 "$(wc -l <"$WORK/again.ops")"
assert_eq "commits of a second pass" 0 "$(commits again)"
[[ $(sends again) -le $((SERVICES_N + 10)) ]] || fail "reading took $(sends again) sends"

echo "# everything edited in place"
sed -i 's/weight: \(.*\)}/weight: 1\1}/; s/^full_nat/scheduler: rr\nfull_nat/' "$SERVICES"/*.yaml
traced edit
assert_eq "ops of the edit" $((SERVICES_N + SERVICES_N * BACKENDS_N)) "$(grep -c -- '-set ' "$WORK/edit.ops")"
assert_eq "ops of another kind" 0 "$(grep -vc -- '-set ' "$WORK/edit.ops" || :)"
assert_eq "commits of an edit that leaves SNAT alone" 0 "$(commits edit)"
[[ $(sends edit) -le $((SERVICES_N + 20)) ]] || fail "editing took $(sends edit) sends"

echo "# removed"
rm "$SERVICES"/*.yaml
traced remove
assert_eq "the kernel" "" "$(in_ns lb ipvsadm -Sn)$(nat_rules | grep EZLB || :)"
assert_eq "commits of the removal" 1 "$(commits remove)"
