#!/usr/bin/env bash
# when: named
# timeout: 120
# One of two boots of test/long/reboot.sh. LAB_BOOT=1: all files are good, then two of them break. LAB_BOOT=2:
# another guest, which has nothing of the first one but the service files and /var/lib/ezlb.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

# Outside the guest: the first boot leaves its files here, and the second one begins with them.
LEFT=$LAB_REPO/build/lab/left
SAVED=$LAB_REPO/build/reboot
PERSIST=/var/lib/ezlb
SERVICES=/etc/ezlb/services.d
STATE=/run/ezlb

lab_up
for b in b1 b2; do backend_start "$b"; done
mkdir -p "$PERSIST" "$SERVICES"
mount -t tmpfs -o mode=700 tmpfs "$PERSIST"
mount -t tmpfs -o mode=755 tmpfs "$SERVICES"

put() {
	cat >"$SERVICES/$1.yaml" <<-END
		listen: "$2"
		full_nat: true
		snat_ip: "$SNAT_IP"
		health_check: {interval: 1s}
		backends:
		  - address: "${BACKEND_IP[b1]}:80"
		  - address: "${BACKEND_IP[b2]}:80"
	END
}
start() {
	"$LABTOOL" in lb "$EZLB" run --config-dir "$SERVICES" --cleanup-on-exit=false >>"$EZLB_LOG" 2>&1 &
	EZLB_PID=$!
	eventually 20 "it runs" is_ready
}
answers() { client_get "$1" && client_get "$1"; }

first_boot() {
	put web "$VIP:80"
	put api "$VIP:81"
	put old "$VIP:82"
	start
	for port in 80 81 82; do eventually 20 "port $port answers" answers "$VIP:$port"; done
	sed -i 's/^full_nat.*/full_nat: perhaps/' "$SERVICES/web.yaml"
	eventually 10 "web is refused" log_has 'web.yaml:2:11: error.*its last good version stays'
	# While the host is down: one more breaks, and one is deleted.
	ezlb_stop TERM
	echo 'listen: nowhere' >"$SERVICES/api.yaml"
	rm "$SERVICES/old.yaml"
	mkdir "$LEFT"
	cp -r "$PERSIST" "$LEFT/persist"
	cp -r "$SERVICES" "$LEFT/services"
	cat /proc/sys/kernel/random/boot_id >"$LEFT/boot_id"
}

second_boot() {
	fails cmp -s /proc/sys/kernel/random/boot_id "$SAVED/boot_id" || fail "this is the same boot"
	cp -r "$SAVED/persist/." "$PERSIST"
	cp -r "$SAVED/services/." "$SERVICES"
	chown -R 0:0 "$PERSIST" "$SERVICES"
	[[ ! -e $STATE ]] || fail "$STATE is there already"
	assert_eq "the kernel" "" "$(in_ns lb ipvsadm -Sn)"
	start
	for port in 80 81; do eventually 20 "port $port answers" answers "$VIP:$port"; done
	log_has 'web.yaml:2:11: error.*its last good version stays, from before the restart' ||
		fail "the log does not say where web comes from: $(cat "$EZLB_LOG")"
	assert_eq "services" "$VIP:80 $VIP:81" \
		"$(in_ns lb ipvsadm -Sn | sed -n 's/^-A -t \([^ ]*\) .*/\1/p' | sort | paste -sd' ')"
	assert_eq "versions" 2 "$(grep -c '^@+' "$PERSIST/versions")"
	ezlb_stop TERM
}

if [[ ${LAB_BOOT:-1} == 1 ]]; then
	first_boot
else
	second_boot
fi
