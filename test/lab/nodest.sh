#!/usr/bin/env bash
# variants: nftables4
# also: iptables6
# net.ipv4.vs.expire_nodest_conn is one switch for the whole host. What a tcp client sees when its backend has died and
# is removed: silence without it, a reset with it; and it goes when the last udp service has gone.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
WEB=$(ep "$VIP" 80)
NODEST=net.ipv4.vs.expire_nodest_conn
service web <<END
listen: "$WEB"
full_nat: true
snat_ip: "$SNAT_IP"
health_check: {interval: 300ms, fail_count: 1, rise_count: 1}
backends:
  - address: "$(ep "${BACKEND_IP[b1]}" 80)"
END

# after_removal: what a client gets that has half a request open when its backend is removed.
after_removal() {
	local HELD HELD_PID what
	backend_start b1 80 53/udp
	eventually 20 "web answers" client_get "$WEB"
	# shellcheck disable=SC2016 # the other shell's
	coproc HELD {
		in_ns client timeout 30 bash -c 'exec 3<>"/dev/tcp/$1/80" && printf "GET / HTTP/1.0\r\n" >&3 && echo open &&
			read -r && printf "\r\n" >&3 && timeout 2 cat <&3 2>&1; echo "status $?"' bash "$VIP"
	}
	read -r -t 5 -u "${HELD[0]}" || fail "the connection is not open"
	eventually 5 "the server has it" is_taken
	# The process of the connection goes on; nobody listens any more.
	backend_stop b1
	eventually 10 "the backend is removed" no_dest
	echo go on >&"${HELD[1]}"
	what=$(cat <&"${HELD[0]}")
	wait "$HELD_PID" || :
	case $what in
	*reset*) AFTER=reset ;;
	"status 124") AFTER=silence ;;
	*) AFTER=$what ;;
	esac
}
# Of a connection that nobody has accepted yet, the bytes are still in the queue; it would end with the listener.
is_taken() { in_ns b1 grep -qE ":0050 [0-9A-F]+:[0-9A-F]+ 01 00000000:00000000 " /proc/net/tcp6; }
no_dest() { [[ $(in_ns lb ipvsadm -Sn | grep -c -- "^-a -t ") -eq 0 ]]; }
nodest_is() { [[ $(lb_sysctl $NODEST) == "$1" ]]; }

echo "# no udp service: the switch is off, and the client is told nothing"
ezlb_start
after_removal
assert_eq "expire_nodest_conn" 0 "$(lb_sysctl $NODEST)"
assert_eq "what the client gets" silence "$AFTER"

echo "# a udp service beside it: the switch is on, and the connection is reset"
service dns <<END
listen: "$(ep "$VIP2" 53)"
protocol: udp
health_check: {enabled: false}
backends:
  - address: "$(ep "${BACKEND_IP[b2]}" 53)"
END
eventually 10 "the switch is on" nodest_is 1
after_removal
assert_eq "what the client gets" reset "$AFTER"

echo "# the last udp service goes: as it was before"
rm "$SERVICES/dns.yaml"
eventually 15 "the switch is off" nodest_is 0
assert_eq "the ledger" "" "$(grep expire_nodest "$STATE/ledger" || :)"

echo "# a second time, and with the end of ezlb"
service dns <<END
listen: "$(ep "$VIP2" 53)"
protocol: udp
health_check: {enabled: false}
backends:
  - address: "$(ep "${BACKEND_IP[b2]}" 53)"
END
eventually 10 "the switch is on" nodest_is 1
ezlb_stop TERM
assert_eq "expire_nodest_conn after the end" 0 "$(lb_sysctl $NODEST)"
