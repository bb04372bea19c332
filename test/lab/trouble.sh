#!/usr/bin/env bash
# The kernel refuses, or somebody else is in the way: one service waits, the others work, it heals by
# itself, and the log tells it once.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1 80 8080
service good <<END
listen: $VIP:8080
health_check: {interval: 1s}
backends:
  - address: ${BACKEND_IP[b1]}:8080
END
# web SCHEDULER
web() {
	service web <<-END
		listen: $VIP:80
		scheduler: $1
		full_nat: true
		snat_ip: $SNAT_IP
		health_check: {interval: 1s}
		backends:
		  - address: ${BACKEND_IP[b1]}:80
	END
}
rows() { kernel_rows | sort; }
good_is_in() { [[ $(rows) == *"tcp $VIP:8080 ${BACKEND_IP[b1]}:8080 1"* ]]; }
web_has_a_dest() { [[ $(rows) == *"tcp $VIP:80 ${BACKEND_IP[b1]}:80"* ]]; }
times() { grep -c "$1" "$EZLB_LOG" || :; }

echo "# a scheduler that this kernel does not have"
web twos
ezlb_start
eventually 10 "the other service is in" good_is_in
eventually 5 "the log says what is missing" \
	grep -q "op=\"service-add tcp $VIP:80 scheduler twos\".*no scheduler 'twos' (modprobe ip_vs_twos)" "$EZLB_LOG"
nap 4
assert_eq "how often it was told" 1 "$(times "no scheduler 'twos'")"
web wrr
eventually 3 "a better file helps" web_has_a_dest
eventually 3 "the log says that it is over" grep -q 'earlier failures are resolved' "$EZLB_LOG"
assert_eq "web answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:80")"
rm "$SERVICES/web.yaml"
eventually 4 "web is gone" fails web_has_a_dest
eventually 4 "and then its rule" snat_is

echo "# the xtables lock is held: no dest before its SNAT rule"
flock -F /run/xtables.lock sleep infinity &
lock=$!
eventually 5 "the lock is held" fails flock -n /run/xtables.lock true
web wrr
eventually 5 "the log names the lock" grep -q 'layer=snat err=.*/run/xtables.lock' "$EZLB_LOG"
web_has_a_dest && fail "a dest of a full_nat service without its rule"
# Not nat_rules: iptables -S waits for the lock, iptables-save does not.
assert_eq "rules" "" "$(in_ns lb iptables-legacy-save -t nat | grep -e '-A EZLB-SNAT' || :)"
good_is_in || fail "the other service suffers"
kill $lock || fail "the lock is free already: the test proves nothing"
wait $lock || :
eventually 10 "it heals" web_has_a_dest
assert_eq "web answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:80")"

echo "# ip_vs unloaded and loaded again under the daemon"
if [[ ${LAB_PLACE:-} == guest ]]; then
	kill -STOP "$EZLB_PID"
	in_ns lb ipvsadm -C
	ipvs_unload
	kill -CONT "$EZLB_PID"
	eventually 5 "the log says what to do" grep -q 'layer=ipvs err=.*modprobe ip_vs' "$EZLB_LOG"
	modprobe ip_vs
	eventually 5 "it heals" web_has_a_dest
	eventually 5 "web answers" client_get "$VIP:80"
fi
ezlb_stop
