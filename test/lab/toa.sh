#!/usr/bin/env bash
# takes: 20
# variants: nftables4
# also: nftables6
# client_address: toa, from end to end: with the balancer's program and ezlb-toa an unmodified server sees the client, with
# one of them the balancer; a backend that has a kernel module's parser gets it right, one that has nothing is undisturbed;
# nobody can forge an address. What takes longer is in toa_hard.sh.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/toa.bash
. "$(dirname "$0")/toa.bash"

lab_up
toa_mounts
toa_quiet client b2
# web and plain have the same server on b1, which has ezlb-toa; bare is on b2, which has nothing.
toa_service web 80 b1 80 "client_address: toa"
toa_service python 81 b1 81 "client_address: toa"
toa_service plain 82 b1 80
toa_service bare 83 b2 80 "client_address: toa"
toa_serve b1 80
toa_serve b2 80
toa_watch b1 80
toa_watch b2 80
PORT=80
ezlb_start
eventually 60 "web answers" toa_ask 1
added() { [[ $(condition web ClientAddress) == "True Added" ]]; }
eventually 10 "the condition says that it works" added
toa_attached backends || fail "the program is not attached"

echo "# no ezlb-toa: the server sees the balancer"
asked 5 "$SNAT_IP"

echo "# with ezlb-toa: the client, also at a listener that is older, and where a kernel module would read"
: >"$WORK/b1.seen"
toa_receiver b1 "$SNAT_IP"
asked 300 client
eventually 5 "what a kernel module reads is what the client says" modules_read b1

echo "# the same in Python, in a socket for this family alone"
toa_start "python" "$WORK/python" b1 "$LABTOOL" in b1 /usr/bin/python3 "$LAB_REPO/test/tools/toa_server.py" "$FAMILY" 81
PORT=81 asked 10 client

echo "# 1 MB both ways"
asked 3 client up=1000000 down=1000000

echo "# while ezlb does not run, the program goes on"
ezlb_stop KILL
asked 5 client
ezlb_start

echo "# a backend without ezlb-toa is undisturbed, and a kernel module there reads the client"
PORT=83 asked 100 "$SNAT_IP"
eventually 5 "what a kernel module on b2 reads" modules_read b2

echo "# forged options: of both kinds, in each packet, once and twice"
: >"$WORK/b1.seen"
me=$(ep "$CLIENT_IP" "")
port=5000
for kind in 254 253; do
	for where in s a d sad; do
		port=$((port + 1))
		assert_eq "a forged $kind at '$where'" "$me$port $me$port" "$(forge $port $kind $where)"
	done
done
echo "# ... and in data beyond a gap that completes the handshake: not believed, whatever the server sees then"
answer=$(forge 5019 254 o)
[[ $answer == "${me}5019 "* || $answer == "$(ep "$SNAT_IP" "")"* ]] || fail "beyond a gap: $answer"
[[ $FAMILY == 6 ]] || assert_eq "the same option twice" "${me}5020 ${me}5020" "$(forge 5020 254 sadt)"
echo "# the same through a service without client_address: removed, and the server sees the balancer"
answer=$(forge 5021 254 sad 82)
[[ $answer == "$(ep "$SNAT_IP" "")"* ]] || fail "a lie to plain: $answer"
if [[ $FAMILY == 4 ]]; then
	echo "# an option behind the end of a fragment: the balancer drops the fragment"
	fails forge 5023 254 sai >"$WORK/answer" 2>&1 || fail "in fragments: $(<"$WORK/answer")"
fi
assert_eq "lies that reached the backend" "" "$(grep -F "$LIED" "$WORK/b1.seen" || :)"

echo "# an option from an address that is no balancer: it arrives, and is not believed"
neighbour=$(ep "${BACKEND_IP[b2]}" 5022)
assert_eq "a lie of a neighbour" "$neighbour $neighbour" \
	"$("$TOATOOL" forge b2 "${BACKEND_IP[b2]}" 5022 "${BACKEND_IP[b1]}" 80 254 "$LIE" 666 sad)"
eventually 5 "the lie arrived" grep -qF "option ACK $neighbour 254/$([[ $FAMILY == 4 ]] && echo 8 || echo 20) $LIED" \
	"$WORK/b1.seen"

echo "# without the option: the server sees the balancer, and nothing of TOA is left"
for name in web:80:b1 python:81:b1 bare:83:b2; do
	IFS=: read -r name listen backend <<<"$name"
	toa_service "$name" "$listen" "$backend" $((listen == 81 ? 81 : 80))
done
eventually 10 "no program is left" fails toa_attached backends
asked 5 "$SNAT_IP"
ezlb_stop
