#!/usr/bin/env bash
# when: all
# takes: 16
# keepalived itself reads a configuration, then ezlb what `ezlb import` made of it: IPVS is the same.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

command -v keepalived >/dev/null || fail "keepalived is missing: scripts/deps lab"
lab_up
for backend in b1 b2 b3; do
	backend_start $backend 80
done
cat >"$WORK/keepalived.conf" <<'END'
$POOL= \
real_server 192.168.10.11 80 { \
    weight 3 \
    $CHECK \
} \
real_server 192.168.10.12 80 { \
    $CHECK \
}
$CHECK=TCP_CHECK { connect_timeout 5 }

virtual_server 10.0.0.1 80 {
    delay_loop 5
    lb_algo wrr
    lb_kind NAT
    persistence_timeout 120
    persistence_granularity 255.255.255.0
    protocol TCP
    alpha
    sorry_server 192.168.10.13 80
    real_server 192.168.10.11 80 {
        weight 2
        uthreshold 500
        lthreshold 400
        HTTP_GET {
            url { path / }
        }
    }
    real_server 192.168.10.12 80 {
        HTTP_GET {
            url { path / }
        }
    }
}
virtual_server 10.0.0.1 8080 { # no scheduler: wlc
    lvs_method DR
    protocol TCP
    real_server 192.168.10.11 8080 {
        TCP_CHECK { connect_port 80 }
    }
    real_server 192.168.10.12 9999 {
        TCP_CHECK { connect_port 80 }
    }
}
virtual_server 10.0.0.1 81 {
    lb_algo sh
    flag-1
    sh-port
    lvs_method TUN type gue port 6080 csum
    protocol TCP
    real_server 192.168.10.13 81 {
        TCP_CHECK { connect_port 80 }
    }
}
virtual_server 10.0.0.1 82 {
    lb_algo mh
    mh-fallback
    protocol TCP
    persistence_timeout
    $POOL
}
virtual_server 10.0.0.2 514 {
    lb_algo rr
    ops
    protocol UDP
    real_server 192.168.10.11 514 {
        weight 9
    }
}
virtual_server 10.0.0.2 5060 {
    lb_algo rr
    persistence_timeout 77
    persistence_engine sip
    real_server 192.168.10.11 5060 {
    }
}
virtual_server_group MANY {
    10.0.0.2 80
    10.0.0.4-6 80
    10.0.1.0/30 443
    fwmark 7
}
virtual_server group MANY {
    lb_algo lc
    protocol TCP
    $POOL
}
virtual_server_group DIRECT {
    10.0.0.2 8001
    10.0.0.2 8002
    fwmark 8
}
virtual_server group DIRECT {
    lb_algo lc
    lb_kind DR
    protocol TCP
    real_server 192.168.10.11 80 {
        TCP_CHECK { connect_port 80 }
    }
}
virtual_server fwmark 9 {
    lb_algo sed
    persistence_timeout 60
    real_server 192.168.10.11 80 {
        TCP_CHECK {
        }
    }
    real_server 192.168.10.12 {
        TCP_CHECK { connect_port 80 }
    }
}
virtual_server fwmark 10 {
    lb_algo rr
    protocol UDP
    ops
    real_server 192.168.10.11 514 {
    }
}
virtual_server fwmark 11 {
    lb_algo rr
    protocol UDP
    persistence_timeout 60
    persistence_engine sip
    real_server 192.168.10.11 5060 {
    }
}
virtual_server fd00:10::1 80 {
    lb_algo wlc
    protocol TCP
    persistence_timeout 50
    persistence_granularity 64
    real_server fd00:192::11 80 {
    }
}
END

# The rows in the order of their text: the order of IPVS is that of its hash.
rows() { in_ns lb ipvsadm -Sn | sort; }
count() { rows | wc -l; }
WANT=57

echo "# keepalived"
in_ns lb keepalived --dont-fork --log-console --no-syslog --check --use-file "$WORK/keepalived.conf" \
	--pid "$WORK/keepalived.pid" --checkers_pid "$WORK/checkers.pid" >"$WORK/keepalived.log" 2>&1 &
has_all() { [[ $(count) -eq $WANT ]]; }
eventually 60 "keepalived has its services" has_all
rows >"$WORK/before"
kill "$(cat "$WORK/keepalived.pid")"
has_none() { [[ $(count) -eq 0 ]]; }
eventually 60 "keepalived has removed its services" has_none

echo "# ezlb"
"$EZLB" import --output-dir "$SERVICES" "$WORK/keepalived.conf" 2>"$WORK/notes" ||
	fail "import: $(cat "$WORK/notes")"
ezlb_cmd once 2>>"$EZLB_LOG" || fail "once: $?"
rows >"$WORK/after"
diff "$WORK/before" "$WORK/after" || fail "IPVS is not as with keepalived"
assert_eq "rows" "$WANT" "$(wc -l <"$WORK/after")"
