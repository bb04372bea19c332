#!/usr/bin/env bash
# when: all
# timeout: 60
# variants: nftables4 iptables4
# What docs/service-file.md says of one client port for two services with one backend: IPVS finds the connection of an
# answer by client and backend alone, so the answers of the older connection come from the address of the younger one.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
cat >"$WORK/echo.py" <<'END'
import socket, threading
server = socket.create_server(("", 7000), family=socket.AF_INET6, dualstack_ipv6=True)
def serve(conn):
    while data := conn.recv(100):
        conn.sendall(data)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
END
cat >"$WORK/ask.py" <<'END'
import socket, sys
def client(port, source):
    conn = socket.socket()
    conn.settimeout(3)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    conn.bind(("", source))
    conn.connect((sys.argv[1], port))
    return conn
def answers(conn):
    try:
        conn.sendall(b"x")
        return conn.recv(1) == b"x"
    except OSError:
        return False
first = client(80, 40000)
said = [answers(first)]
second = client(81, int(sys.argv[2]))
print(*said, answers(second), answers(first))
END
"$LABTOOL" in b1 python3 "$WORK/echo.py" >"$WORK/echo.log" 2>&1 &
eventually 40 "b1 listens" backend_listens b1 7000
service web <<EOF
listen: ["$VIP:80", "$VIP:81"]
full_nat: true
snat_ip: "$SNAT_IP"
health_check: {type: tcp}
backends: [{address: "${BACKEND_IP[b1]}:7000"}]
EOF
ezlb_start
both() { [[ $(in_ns lb ipvsadm -Sn | grep -c -- "-r") == 2 ]]; }
eventually 10 "both listeners have the backend" both

echo "# two ports of the client"
assert_eq "the answers" "True True True" "$("$LABTOOL" in client python3 "$WORK/ask.py" "$VIP" 40001)"

echo "# one port of the client"
assert_eq "the answers" "True True False" "$("$LABTOOL" in client python3 "$WORK/ask.py" "$VIP" 40000)"
ezlb_stop
