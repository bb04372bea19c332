#!/usr/bin/env bash
# takes: 15
# variants: nftables4
# also: nftables6
# Two balancers that both serve and tell each other their connections: `ezlb drain --wait` and --drain-on-exit wait for those that
# began on the drained one, and not for those that it has learned. Each has its own snat_ip, and both have the same revision.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/balancers.bash
. "$LAB_REPO/test/lab/balancers.bash"

balancers_up 2
backend_start b1 80
# The first balancer gets the packets to VIP, the second one those to VIP2.
ip -n router route add "$VIP/$BITS" via "${FRONT_IP[lb1]}"
ip -n router route add "$VIP2/$BITS" via "${FRONT_IP[lb2]}"
services web <<END
listen: "$(ep "$VIP" 80)"
full_nat: true
snat_ip: "SNAT_IP"
backends: [{address: "$(ep "${BACKEND_IP[b1]}" 80)"}]
END
services other <<END
listen: "$(ep "$VIP2" 80)"
full_nat: true
snat_ip: "SNAT_IP"
backends: [{address: "$(ep "${BACKEND_IP[b1]}" 80)"}]
END
sed -i 's/^full_nat/# of the first\n&/' "$WORK/lb1/services.d/web.yaml"

# open ADDRESS: a connection in the background, with the three packets after which IPVS tells of it.
open() {
	# shellcheck disable=SC2016 # the inner shell's
	"$LABTOOL" in client bash -c 'exec 3<>"/dev/tcp/$0/80"; printf "GET / HTTP/1.1\r\n" >&3; read -r -u 3' "$1" &
}
active() { in_ns "$1" ipvsadm -Ln | awk '$1 == "->" && $3 == "Masq" { n += $5 } END { print n + 0 }'; }
active_are() { [[ $(active "$1") == "$2" ]]; }
revision() { admin /api/v1/status | jq -r .revision; }

for lb in lb1 lb2; do
	on "$lb" ezlb_start --vip-device vips --sync-interface back --sync-id 3 --cleanup-on-exit=false --drain-on-exit 60s
done
for lb in lb1 lb2; do eventually 20 "$lb is ready" on "$lb" is_ready; done
eventually 10 "web answers" client_get "$(ep "$VIP" 80)"
eventually 10 "other answers" client_get "$(ep "$VIP2" 80)"
assert_eq "the revision of both" "$(on lb1 revision)" "$(on lb2 revision)"

echo "# each has a connection, and learns that of the other"
open "$VIP"
OWN=$!
open "$VIP2"
eventually 20 "lb1 counts both" active_are lb1 2
eventually 20 "lb2 counts both" active_are lb2 2

echo "# drain --wait: for one"
rc=0
on lb1 ezlb_cmd drain --wait 2s >/dev/null 2>"$WORK/limit" || rc=$?
assert_eq "the status at the limit" 1 "$rc"
assert_eq "what it says" "ezlb: after 2s: 1 active connection: 1 of web" "$(tail -n 1 "$WORK/limit")"
kill "$OWN"
on lb1 ezlb_cmd drain --wait 60s >/dev/null 2>"$WORK/wait"
assert_eq "what it says at the end" "no connection is active" "$(tail -n 1 "$WORK/wait")"
assert_eq "that of the other one is still there" 1 "$(active lb1)"

echo "# --drain-on-exit: for none"
on lb1 ezlb_cmd undrain >/dev/null
on lb1 ezlb_stop
assert_eq "its last line" 1 "$(tail -n 1 "$WORK/lb1/ezlb.log" | grep -c 'msg="ending; no connection is active"')"
assert_eq "that of the other one is still there" 1 "$(active lb1)"
on lb2 ezlb_stop KILL
