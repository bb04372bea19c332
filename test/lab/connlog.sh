#!/usr/bin/env bash
. "$(dirname "$0")/lib.sh"
lab_up
backend_start b1
WEB=$(ep "$VIP" 80)
lb_sysctl net.netfilter.nf_conntrack_tcp_timeout_time_wait 3 || true
service web <<END
listen: "$WEB"
full_nat: true
connection_log: true
snat_ip: "$SNAT_IP"
health_check: {enabled: false}
backends:
  - address: "$(ep "${BACKEND_IP[b1]}" 80)"
END
in_ns lb sysctl -w net.netfilter.nf_conntrack_acct=1 net.netfilter.nf_conntrack_timestamp=1
in_ns lb sysctl net.netfilter | grep -v sctp
modprobe nf_conntrack_netlink
ezlb_start --connection-log "$WORK/conn.log"
eventually 10 "web answers" client_get "$WEB"
ls -l /proc/$EZLB_PID/fd; cat /proc/net/netlink
in_ns lb cat /proc/net/nf_conntrack
in_ns lb timeout 40 conntrack -E -e DESTROY -o timestamp,extended,ktimestamp,id &
for i in 1 2 3; do client_get "$WEB"; done
in_ns lb cat /proc/net/nf_conntrack
nap 15
in_ns lb ipvsadm -Lnc
in_ns lb cat /proc/net/nf_conntrack
cat "$WORK/conn.log" || :
cat "$EZLB_LOG"
in_ns lb conntrack -F
nap 1
cat "$WORK/conn.log" || :
false
