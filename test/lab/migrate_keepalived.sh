#!/usr/bin/env bash
# when: all
# takes: 40
# timeout: 200
# From keepalived to ezlb and back under load, in the steps of docs/migrating.md: not one request fails, and a connection
# that stays is never interrupted. And what keepalived does to its services when it is stopped in the usual way.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/migrating.bash
. "$(dirname "$0")/migrating.bash"
command -v keepalived >/dev/null || fail "there is no keepalived: scripts/deps lab"

virtual_server() { # PORT
	cat <<-END
		virtual_server $VIP $1 {
		    delay_loop 1
		    lb_algo rr
		    lb_kind NAT
		    protocol TCP
		    real_server ${BACKEND_IP[b1]} $1 {
		        TCP_CHECK {
		        }
		    }
		    real_server ${BACKEND_IP[b2]} $1 {
		        TCP_CHECK {
		        }
		    }
		}
	END
}
vrrp() {
	cat <<-END
		vrrp_instance lab {
		    interface client
		    state MASTER
		    virtual_router_id 51
		    priority 100
		    virtual_ipaddress {
		        10.0.0.9/32
		    }
		}
	END
}
keepalived_start() {
	"$LABTOOL" in lb keepalived --dont-fork --log-console -f "$WORK/keepalived.conf" >>"$WORK/keepalived.log" 2>&1 &
	KEEPALIVED=$!
}
old_rows() { [[ $(in_ns lb ipvsadm -Sn | grep -c -- '-m -w 1$') -eq 4 ]]; }
no_rows() { [[ -z $(in_ns lb ipvsadm -Sn) ]]; }
has_vip() { ip -n lb -brief address | grep -q 10.0.0.9; }
# One that has read the new configuration.
has_new_checker() { [[ $(grep -c 'Starting Healthcheck child' "$WORK/keepalived.log") -eq 3 ]]; }
# It has reloaded: each of the four checks was activated three times.
checks() { [[ $(grep -c 'Activating healthchecker' "$WORK/keepalived.log") -ge 12 ]]; }
removed() { fails grep -qF -- "-r ${BACKEND_IP[b2]}:80 " <(in_ns lb ipvsadm -Sn); }
# vip_stays: true while the address of VRRP has not been removed since the monitor began.
vip_stays() { fails grep -q '^Deleted.*10.0.0.9' "$WORK/addresses"; }

lab_up
old_balancer
{ vrrp && virtual_server 80 && virtual_server 7; } >"$WORK/old.conf"
vrrp >"$WORK/new.conf"

echo "# stopped in the usual way keepalived removes its services"
cp "$WORK/old.conf" "$WORK/keepalived.conf"
keepalived_start
eventually 20 "keepalived has its services" old_rows
kill "$KEEPALIVED"
eventually 20 "they are gone" no_rows
wait "$KEEPALIVED" || :

echo "# with a checker that is killed they stay, and so does the address"
keepalived_start
eventually 20 "keepalived has its services" old_rows
eventually 20 "and its address" has_vip
"$LABTOOL" in lb stdbuf -oL ip monitor address >"$WORK/addresses" 2>&1 &
clients_start
traffic "keepalived"
new_files
cp "$WORK/new.conf" "$WORK/keepalived.conf"
kill -KILL "$(cat /run/checkers.pid)"
eventually 10 "there is a new checker" has_new_checker
traffic "the checker is killed"
old_rows || fail "the services are gone: $(in_ns lb ipvsadm -Sn)"

echo "# ezlb takes over, and keepalived keeps the address"
ezlb_start --cleanup-on-exit=false
eventually 20 "ezlb has both services" taken_over
traffic "ezlb has them"
old_snat -D
traffic "without the old rule"
vip_stays || fail "the address of VRRP was removed: $(cat "$WORK/addresses")"

echo "# and back"
old_snat -A
ezlb_stop
traffic "ezlb has ended"
cp "$WORK/old.conf" "$WORK/keepalived.conf"
kill -HUP "$KEEPALIVED"
eventually 20 "keepalived checks again" checks
traffic "keepalived has its services again"
vip_stays || fail "the address of VRRP was removed: $(cat "$WORK/addresses")"
assert_eq "backends in the kernel" 4 "$(in_ns lb ipvsadm -Sn | grep -c -- ' -m -w ')"
backend_stop b2
eventually 30 "keepalived removes a backend that fails" removed
