#!/usr/bin/env bash
# needs: package
# when: all
# takes: 100
# timeout: 400
# variants: iptables4 nftables4
# The hardening of the unit keeps ezlb from nothing that it can do: source NAT, accept rules, addresses, sysctls,
# timeouts, marks, conntrack, probes by https. And systemd takes care of it: watchdog, restart, reload, reboot.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/systemd.bash
. "$(dirname "$0")/systemd.bash"

ETC=$SD_ROOT/etc/ezlb
FILES=$ETC/services.d
main_pid() { sd systemctl show -P MainPID ezlb.service; }
# The number of this process here, and not in the namespace of systemd.
seen_pid() { pgrep -o -f '^/usr/sbin/ezlb run'; }
# runs PID: another process than this one. Asks in this order, because the unit is active a moment longer than its process.
runs() {
	local pid
	pid=$(main_pid) && [[ $pid != 0 && $pid != "$1" ]] && sd_is ActiveState active
}
answers() { [[ $(client_get "$VIP:$1") == backend=b?" peer=$SNAT_IP" ]]; }
flow() { "$LABTOOL" udp client "${2:-1}" "$VIP" 53 "$1"; }
flow_is() { [[ $(flow "$1" 2>&1) == "$2" ]]; }
in_kernel() { in_ns lb ipvsadm -Sn; snat_rows; }
complaints() { sd_journal | grep -E 'level=(warn|error)|not permitted|denied|Read-only' | grep -v 'msg="how changes of IPVS' || :; }
# setting NAME=VALUE...: as `systemctl edit ezlb` writes it.
settings() {
	mkdir -p "$SD_ROOT/etc/systemd/system/ezlb.service.d"
	{
		echo '[Service]'
		printf 'Environment=%s\n' "$@"
		echo 'WatchdogSec=15s'
	} >"$SD_ROOT/etc/systemd/system/ezlb.service.d/override.conf"
	sd systemctl daemon-reload
}
# in_service FIELD: of the running process, from /proc.
in_service() { awk -v field="$1:" '$1 == field { print $2 }' "/proc/$(seen_pid)/status"; }

# yaml FILE <<EOF: in one step.
yaml() {
	cat >"$FILES/.$1"
	mv "$FILES/.$1" "$FILES/$1"
}

# The certificate is readable by its owner only, who is not root.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=b1 -days 9 \
		-addext "subjectAltName=IP:${BACKEND_IP[b1]}" -keyout "$WORK/b1.key" -out "$WORK/b1.pem" 2>>"$WORK/openssl.log"
	install -m 400 -o nobody "$WORK/b1.pem" "$ETC/ca.pem"
	"$LABTOOL" in b1 openssl s_server -quiet -www -accept 443 -key "$WORK/b1.key" -cert "$WORK/b1.pem" \
		>>"$WORK/s_server.log" 2>&1 &
	eventually 10 "b1 has https" backend_listens b1 443
}

services() {
	yaml web.yaml <<-END
		listen: $VIP:80
		full_nat: true
		snat_ip: $SNAT_IP
		scheduler: mh
		health_check: {interval: 1s, type: https, port: 443, tls_insecure: false, tls_ca_file: /etc/ezlb/ca.pem, http_path: /}
		backends: [{address: "${BACKEND_IP[b1]}:80"}]
	END
	yaml dns.yaml <<-END
		listen: $VIP:53
		protocol: udp
		full_nat: true
		snat_ip: $SNAT_IP
		health_check: {interval: 1s, type: udp}
		backends: [{address: "${BACKEND_IP[b1]}:53"}]
	END
	! by_listener || yaml range.yaml <<-END
		listen: $VIP2:8000-8100
		full_nat: true
		snat_ip: $SNAT_IP
		health_check: {interval: 1s, type: http, http_path: /healthz, port: 8080}
		backends: [{address: "${BACKEND_IP[b1]}"}]
	END
}

# A host whose filters drop and track. The range has its rules, because ezlb adds none for a mark.
filters() {
	modprobe -a ip_vs nf_conntrack
	in_ns lb iptables-legacy-restore <<-END
		*filter
		:INPUT DROP [0:0]
		:FORWARD DROP [0:0]
		-A INPUT -i lo -j ACCEPT
		-A INPUT -p tcp --dport 8000:8100 -j ACCEPT
		-A FORWARD -p tcp --dport 8000:8100 -j ACCEPT
		-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		COMMIT
	END
}

LAB_LB_ADDRESSES=$SNAT_IP lab_up
backend_start b1 80 8080 8042 53/udp
sd_up
filters
fails flow 40001 0.2 2>/dev/null || fail "an answer without a service"
packages_up
document "From the Debian package" /deb$/p

echo "# everything that ezlb can do on a host"
certificate
settings EZLB_SNAT_BACKEND="$EZLB_SNAT_BACKEND" EZLB_VIP_DEVICE=ezlb0 EZLB_IPVS_TIMEOUT_TCP=3h EZLB_ADMIN_ADDRESS=9106 \
	EZLB_LOG_LEVEL=debug
sd systemctl restart ezlb
services
eventually 30 "web answers" answers 80
eventually 10 "a flow from before the service" flow_is 40001 "backend=b1 peer=$SNAT_IP"
! by_listener || VIP=$VIP2 eventually 20 "the range of ports answers" answers 8042
[[ $(snat_all) == *"$SNAT_IP"* ]] || fail "source NAT: $(snat_all)"
[[ $(in_ns lb iptables-legacy -w 5 -S INPUT) == *EZLB-INPUT* ]] || fail "no accept rules: $(in_ns lb iptables-legacy -S)"
[[ $(ip -n lb -brief address show dev ezlb0) == *"$VIP/32"* ]] || fail "no VIP: $(ip -n lb address)"
[[ $(in_ns lb ipvsadm -L --timeout) == *" 10800 "* ]] || fail "timeouts: $(in_ns lb ipvsadm -L --timeout)"
assert_eq "vs.conntrack" 1 "$(lb_sysctl net.ipv4.vs.conntrack)"
[[ $(in_ns lb curl -sS http://127.0.0.1:9106/metrics) == *'ezlb_service_state{service="web"'* ]] || fail "no metrics"
assert_match "status" 'services' "$(sd ezlb status | head -n 3)"
assert_eq "complaints" "" "$(complaints)"

echo "# what the unit takes from it"
assert_eq "seccomp" 2 "$(in_service Seccomp)"
assert_eq "capabilities" "00000000000030c4 0000000000003004" "$(in_service CapBnd) $(in_service CapEff)"
assert_eq "new privileges" 1 "$(in_service NoNewPrivs)"
# shellcheck disable=SC2016 # the shell there expands it
DIRS=$(nsenter --target "$(seen_pid)" --mount --root --wd=/ sh -c '
	for dir in / /etc /etc/ezlb /var /var/lib /usr /run/ezlb /var/lib/ezlb; do [ ! -w $dir ] || echo $dir; done' 2>/dev/null)
assert_eq "directories that it can write" "/run/ezlb /var/lib/ezlb" "$(xargs <<<"$DIRS")"

echo "# the journal has its lines with their priorities, and reload is a line"
assert_eq "priority of info lines" 6 "$(sd journalctl -q -u ezlb -o json | jq -r \
	'select((.MESSAGE | tostring) | contains("msg=started")) | .PRIORITY' | sort -u)"
sd systemctl reload ezlb
yaml web.yaml <<<"listen: nonsense"
refused() { sd journalctl -q -u ezlb -o cat -p err | grep -q 'web.yaml'; }
eventually 10 "the refused file is an error" refused
assert_match "systemd's line of status" 'refused' "$(sd systemctl show -P StatusText ezlb)"
services

echo "# it names the program that disturbs it, which it can only see in /proc"
cp /bin/sleep "$SD_ROOT/tmp/keepalived"
sd systemd-run -q /tmp/keepalived 600
disturbed() { in_ns lb ipvsadm -C && sd_logs keepalived; }
eventually 60 "a line about keepalived" disturbed

echo "# the watchdog ends a process that hangs, and a dead one is started again"
PID=$(main_pid)
kill -STOP "$(seen_pid)"
eventually 60 "a new process" runs "$PID"
[[ $(sd journalctl -q -u ezlb -o cat) == *"Watchdog timeout"* ]] || fail "it was not the watchdog"
PID=$(main_pid)
kill -KILL "$(seen_pid)"
eventually 30 "a new process" runs "$PID"
eventually 10 "web answers" answers 80

echo "# the spawner is killed: ezlb ends, and systemd starts it again; no request fails meanwhile"
PID=$(main_pid)
rows=$(in_kernel)
kill -KILL "$(pgrep -x ezlb-spawner)"
until runs "$PID"; do
	answers 80 || fail "a request has failed"
	[[ $SECONDS -lt 350 ]] || fail "there is no new process"
done
eventually 10 "web answers" answers 80
assert_eq "the kernel" "$rows" "$(in_kernel)"
assert_match "the user of the worker" '^[1-9][0-9]{1,2}$' "$(sd id -u ezlb)"
assert_eq "the user of the worker" "$(sd id -u ezlb)" "$(awk '/^Uid:/ { print $2 }' "/proc/$(pgrep -x ezlb-worker)/status")"

echo "# after a reboot it is there, and so is the service"
sd_down
in_ns lb ipvsadm -C
in_ns lb nft flush ruleset
ip -n lb link del ezlb0
sd_boot
eventually 30 "it runs" sd_is ActiveState active
eventually 30 "web answers" answers 80

echo "# a removal that cannot clean up fails, and can be tried again"
sd mount --bind /bin/false /usr/sbin/ezlb
fails sd dpkg -r ezlb >"$WORK/remove.log" 2>&1 || fail "it was removed: $(<"$WORK/remove.log")"
assert_match "what it says" 'the package stays' "$(<"$WORK/remove.log")"
sd umount /usr/sbin/ezlb
[[ $(in_ns lb ipvsadm -Sn) == *"$VIP:80"* ]] || fail "the services are gone"
document Remove /remove/p
assert_eq "what is left" "" "$(in_ns lb ipvsadm -Sn)$(snat_all)"
