#!/usr/bin/env bash
# timeout: 180
# takes: 25
# variants: nftables4
# also: iptables6
# A reboot of the host, as ezlb sees it: the kernel is empty, /run is empty, the boot id is another one, and
# /var/lib/ezlb is still there. A broken file keeps its service, a file that was deleted does not bring its
# service back, and a directory that is not mounted yet costs nothing. (test/long/reboot.sh boots a guest twice.)
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

# The default directories, of which /run is this case's own already.
STATE=/run/ezlb
PERSIST=/var/lib/ezlb
mkdir -p "$PERSIST"
mount -t tmpfs -o mode=700 tmpfs "$PERSIST"

WEB=$(ep "$VIP" 80) OLD=$(ep "$VIP" 81) API=$(ep "$VIP2" 80)
good() {
	cat <<-END
		listen: "$1"
		full_nat: true
		snat_ip: "$SNAT_IP"
		health_check: {enabled: false}
		backends:
		  - address: "$(ep "${BACKEND_IP[b1]}" 80)"
	END
}
# versions DIR: how many files have a version there. A record that begins with @+ sets one.
versions() {
	[[ -e $1/versions ]] || { echo 0; return; }
	awk '/^@[-+x] / { kind = $1; getline path; if (kind == "@+") has[path]; else delete has[path] }
		END { for (path in has) n++; print n + 0 }' "$1/versions"
}
start() {
	: >"$EZLB_LOG"
	# Without --state-dir and --persist-dir, but for what a test gives.
	"$LABTOOL" in lb "$EZLB" run --config-dir "$SERVICES" --cleanup-on-exit=false "$@" >>"$EZLB_LOG" 2>&1 &
	EZLB_PID=$!
	eventually 15 "it runs" is_ready
}
# boot: the machines are new, and so are /run/ezlb and the boot id.
boot() {
	local ns
	ezlb_stop KILL
	backend_stop b1
	for ns in client lb b1 b2 b3; do
		ip netns del "$ns"
	done
	rm -rf "$STATE"
	cat /proc/sys/kernel/random/uuid >"$WORK/boot_id"
	umount /proc/sys/kernel/random/boot_id 2>/dev/null || :
	mount --bind "$WORK/boot_id" /proc/sys/kernel/random/boot_id
	lab_up
	backend_start b1
	assert_eq "the kernel after the boot" "" "$(in_ns lb ipvsadm -Sn)"
}

lab_up
backend_start b1
good "$WEB" | service web
good "$OLD" | service old
good "$API" | service api
start
for listener in "$WEB" "$OLD" "$API"; do
	eventually 20 "$listener answers" client_get "$listener"
done
assert_match "the log names the directory" "persist_dir=$PERSIST " "$(grep msg=started "$EZLB_LOG")"
assert_eq "versions" "3 3" "$(versions "$STATE") $(versions "$PERSIST")"
assert_eq "mode of the persist directory" "700 600" "$(stat -c %a "$PERSIST" "$PERSIST/versions" | paste -sd' ')"

echo "# broken and deleted before the reboot, or while the host is down"
good "$WEB" | sed 's/^full_nat.*/full_nat: perhaps/' | service web
eventually 10 "web is refused" log_has 'web.yaml:2:11: error'
boot
good "$API" | sed 's/^listen.*/listen: nowhere/' | service api
rm "$SERVICES/old.yaml"
in_ns lb "$EZLB" plan --config-dir "$SERVICES" >"$WORK/plan" 2>&1 || :
grep -qF "$WEB" "$WORK/plan" || fail "plan does not know the version: $(cat "$WORK/plan")"
start
assert_eq "web" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB")"
assert_eq "api" "backend=b1 peer=$SNAT_IP" "$(client_get "$API")"
log_has 'web.yaml:2:11: error.*its last good version stays, from before the restart' ||
	fail "the log does not say where web comes from: $(cat "$EZLB_LOG")"
good "$OLD" | sed 's/^listen.*/listen: nowhere/' | service old
eventually 10 "the new file is refused" log_has 'old.yaml:1:9: error.*the file is not applied'
fails client_get "$OLD" || fail "a file that was deleted brought its service back"
rm "$SERVICES/old.yaml"

echo "# the directory is mounted later than ezlb starts: host-setup and the hold-down keep the versions"
boot
mkdir "$WORK/later"
mount --bind "$WORK/later" "$SERVICES"
in_ns lb "$EZLB" host-setup --config-dir "$SERVICES" >"$WORK/host-setup" 2>&1
: >"$EZLB_LOG"
"$LABTOOL" in lb "$EZLB" run --config-dir "$SERVICES" --empty-hold-down 5m >>"$EZLB_LOG" 2>&1 &
EZLB_PID=$!
eventually 10 "it waits" log_has 'all service files are gone'
assert_eq "versions" 2 "$(versions "$PERSIST")"
ezlb_stop TERM
umount "$SERVICES"
start
assert_eq "web" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB")"

echo "# one of two directories is mounted later: the other one is applied, and the hold-down keeps the versions"
boot
mkdir "$WORK/second"
good "$OLD" >"$WORK/second/old.yaml"
mount --bind "$WORK/later" "$SERVICES"
start --config-dir "$WORK/second" --empty-hold-down 5m
eventually 20 "old answers" client_get "$OLD"
log_has "the directory is empty, but it had service files .*dir=$SERVICES" || fail "no warning: $(cat "$EZLB_LOG")"
assert_eq "versions" 3 "$(versions "$PERSIST")"
umount "$SERVICES"
eventually 20 "web answers" client_get "$WEB"
log_has 'service files are back' || fail "the hold-down goes on: $(cat "$EZLB_LOG")"
ezlb_stop TERM
mount --bind "$WORK/later" "$SERVICES"
start --config-dir "$WORK/second" --empty-hold-down 1s
eventually 10 "it is believed" log_has 'there are still no service files in a directory'
assert_eq "versions" "1 1" "$(versions "$STATE") $(versions "$PERSIST")"
umount "$SERVICES"

echo "# an empty directory for long enough: no versions are left"
ezlb_stop TERM
mount --bind "$WORK/later" "$SERVICES"
start --empty-hold-down 1s
assert_eq "versions" "0 0" "$(versions "$STATE") $(versions "$PERSIST")"
ezlb_stop TERM
umount "$SERVICES"

echo "# an older ezlb had the versions in the state directory only"
good "$WEB" | service web
good "$API" | service api
start
assert_eq "versions" "2 2" "$(versions "$STATE") $(versions "$PERSIST")"
ezlb_stop TERM
rm "$PERSIST/versions"
good "$WEB" | sed 's/^full_nat.*/full_nat: perhaps/' | service web
start
assert_eq "versions" "2 2" "$(versions "$STATE") $(versions "$PERSIST")"
assert_eq "web" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB")"
boot
# The default state directory, written in another way, has the default persist directory.
start --state-dir //run/./ezlb/
assert_match "the log names the directory" "persist_dir=$PERSIST " "$(grep msg=started "$EZLB_LOG")"
assert_eq "web" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB")"

echo "# the directories are removed under the running ezlb: a reload, or a minute, brings back what it knows"
good "$WEB" | service web
eventually 10 "web is good" log_has 'file is valid again.*web.yaml'
rm -rf "${PERSIST:?}"/*
in_ns lb "$EZLB" reload >/dev/null
versions_are() { [[ "$(versions "$STATE") $(versions "$PERSIST")" == "$*" ]]; }
eventually 5 "both versions are in the persist directory again" versions_are 2 2
[[ -e $PERSIST/lock ]] || fail "the lock is not there again"
rm "$STATE/versions"
in_ns lb "$EZLB" reload >/dev/null
eventually 5 "both versions are in the state directory again" versions_are 2 2
good "$WEB" | sed 's/^full_nat.*/full_nat: perhaps/' | service web
eventually 10 "web is refused" log_has 'web.yaml:2:11: error.*its last good version stays"'

echo "# the persist directory is read-only: one line, and the state directory alone"
ezlb_stop TERM
mount -o remount,ro "$PERSIST"
start
assert_eq "warnings" 1 "$(grep -c 'level=warn.*will not survive a reboot.*Read-only file system' "$EZLB_LOG")"
assert_eq "web" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB")"
in_ns lb "$EZLB" status >"$WORK/status"
grep -q 'last good versions will not survive a reboot: ' "$WORK/status" || fail "status: $(cat "$WORK/status")"
mount -o remount,rw "$PERSIST"
in_ns lb "$EZLB" reload >/dev/null
eventually 5 "it is used again" log_has 'level=info .*survive a reboot of this host again'
ezlb_stop TERM

echo "# another --state-dir: nothing is written to the default persist directory, unless a flag names it"
before=$(find "$PERSIST" -printf '%P %T@\n' | sort)
in_ns lb "$EZLB" once --config-dir "$SERVICES" --state-dir "$WORK/other" >"$WORK/once" 2>&1 || :
assert_eq "the persist directory" "$before" "$(find "$PERSIST" -printf '%P %T@\n' | sort)"
assert_eq "versions" 1 "$(versions "$WORK/other")"
in_ns lb "$EZLB" once --config-dir "$SERVICES" --state-dir "$WORK/other" --persist-dir "$WORK/persist" >"$WORK/once" 2>&1 || :
assert_eq "versions" "1 1" "$(versions "$WORK/other") $(versions "$WORK/persist")"

echo "# cleanup deletes the versions in both"
in_ns lb "$EZLB" cleanup >"$WORK/cleanup"
assert_eq "versions" "0 0" "$(versions "$STATE") $(versions "$PERSIST")"
