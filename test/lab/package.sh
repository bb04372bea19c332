#!/usr/bin/env bash
# needs: package
# takes: 40
# timeout: 240
# The Debian package under a real systemd, with the commands of docs/install-systemd.md: installed it does the main job, an upgrade under load fails no request,
# removed it leaves no rule in the kernel, and purged not a single file.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/systemd.bash
. "$(dirname "$0")/systemd.bash"

FILES=$SD_ROOT/etc/ezlb/services.d
VERSION=$(package_version)

# files: what was changed below /, but for the records of dpkg and deb-systemd-helper, and the users, which stay. A
# directory that is there without the package, too, is no change.
files() {
	local type path
	while read -r type path; do
		[[ -d /$path ]] || echo "$type $path"
	done < <(cd "$SD_UPPER" && find . ! -path './var/lib/dpkg/*' ! -path './var/log/*' ! -path './var/cache/*' \
		! -path './var/lib/systemd/deb-systemd-helper-*' ! -path './etc/*passwd*' ! -path './etc/*shadow*' \
		! -path './etc/group*' ! -path './etc/.pwd.lock' -printf '%y %P\n' | sort)
}
# kernel: all that ezlb may change.
kernel() {
	in_ns lb ipvsadm -Sn
	FAMILY=4 nat_rules
	in_ns lb nft list ruleset
	ip -n lb -oneline address
	in_ns lb sh -c 'grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/vs/*conn* \
		/proc/sys/net/ipv4/conf/all/arp_* /proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal'
}
other_users() { sed '/^ezlb:/d' "$SD_ROOT"/etc/{passwd,group}; }
# uid_of PROCESS
uid_of() { awk '/^Uid:/ { print $2 }' "/proc/$(pgrep -x "$1")/status"; }
answers() { [[ $(client_get "$VIP:80") == backend=b?" peer=$SNAT_IP" ]]; }
all_up() { [[ $(sd ezlb status) == *" 3/3 "* ]]; }
main_pid() { sd systemctl show -P MainPID ezlb.service; }
# shellcheck disable=SC2016 # fields of dpkg
installed() { sd dpkg-query -W -f '${db:Status-Status} ${Version}' ezlb 2>&1; }

# requests_start: a new connection for each, without a pause. Each success is a line that begins with 2.
requests_start() {
	"$LABTOOL" in client stdbuf -oL curl -sS --rate 20/s --max-time 5 -H 'Connection: close' -o /dev/null \
		-w '%{http_code} after %{time_total} s %{errormsg}\n' "http://$VIP/healthz?[1-100000000]" >"$WORK/requests" 2>&1 &
	CLIENT=$!
}
more_requests() { [[ $(wc -l <"$WORK/requests") -ge $WANT ]]; }
# traffic N: N more requests, and none has failed so far.
traffic() {
	WANT=$(($(wc -l <"$WORK/requests") + $1))
	eventually 20 "$1 more requests" more_requests
	assert_eq "failed requests" "" "$(grep -v '^2' "$WORK/requests" || :)"
}

# restarted SECTION [LINES]: by these commands of the document, under requests.
restarted() {
	local pid
	pid=$(main_pid)
	document "$@"
	[[ $(main_pid) != "$pid" ]] || fail "$1: it is the same process"
	sd_is ActiveState active || fail "$1: it does not run: $(sd systemctl status ezlb)"
	traffic 20
}

# After the first service there are addresses that the document adds.
kernel_without_addresses() { kernel | grep -vE 'inet 10\.0\.0\.[13]/32'; }

LAB_LB_ADDRESSES='' lab_up
for b in b1 b2 b3; do backend_start "$b" 80; done
sd_up
packages_up
BEFORE=$(files) KERNEL=$(kernel) USERS=$(other_users)

echo "# installed: it runs, and has changed nothing"
document "From the Debian package" /deb$/,\$p
assert_eq "the package" "installed $VERSION" "$(installed)"
assert_eq "the unit" "enabled" "$(sd systemctl is-enabled ezlb)"
sd_is ActiveState active || fail "it does not run: $(sd systemctl status ezlb)"
assert_eq "the kernel" "$KERNEL" "$(kernel)"
assert_eq "warnings, and a word about the example or the user" "" "$(sd_journal | grep -E 'level=(warn|error)|example|nobody' || :)"
OWN=$(sd id -u ezlb)
[[ $OWN -gt 0 && $OWN -lt 1000 ]] || fail "the user ezlb: $OWN"
assert_eq "the users of daemon, spawner and worker" "0 $OWN $OWN" "$(uid_of ezlb) $(uid_of ezlb-spawner) $(uid_of ezlb-worker)"

echo "# the main job: the example of the package"
document "The first service"
eventually 20 "web answers" answers
eventually 20 "all backends are up" all_up

echo "# reload, restart, upgrade and back: no request fails"
requests_start
traffic 10
PID=$(main_pid)
sd systemctl reload ezlb
assert_eq "the process after a reload" "$PID" "$(main_pid)"
traffic 10
restarted "Settings of the host"
restarted "Upgrade and roll back" /0.2.0/p
assert_eq "the package" "installed $VERSION+next" "$(installed)"
if thorough; then
	restarted "Upgrade and roll back" /downgrades/p
	assert_eq "the package" "installed $VERSION" "$(installed)"
fi
kill "$CLIENT"
echo "  $(wc -l <"$WORK/requests") requests"

echo "# removed: no rule is left, and the configuration is"
document Remove /remove/p
assert_eq "the kernel" "$KERNEL" "$(kernel_without_addresses)"
assert_match "the package" '^config-files ' "$(installed)"
[[ -e $FILES/web.yaml ]] || fail "the service file is gone"
[[ ! -e $SD_ROOT/usr/sbin/ezlb ]] || fail "the program is still there"
fails sd systemctl cat ezlb 2>/dev/null || fail "the unit is still there"

echo "# a purge while another ezlb, in a container, uses the directories: they stay"
sd install -D /dev/null /run/ezlb/ledger
sd systemd-run -q --unit=other socat UNIX-LISTEN:/run/ezlb/admin.sock,fork /dev/null
eventually 10 "the socket is there" test -S "$SD_ROOT/run/ezlb/admin.sock"
sd /var/lib/dpkg/info/ezlb.postrm purge 2>"$WORK/purge"
assert_match "what it says" 'stay: another ezlb uses them' "$(<"$WORK/purge")"
[[ -e $FILES/web.yaml && -e $SD_ROOT/run/ezlb/ledger ]] || fail "files of another ezlb are gone"
sd systemctl stop other

echo "# purged: no file is left"
document Remove /purge/p
assert_eq "files" "$BEFORE" "$(files)"
assert_eq "the other users" "$USERS" "$(other_users)"
assert_eq "in /run" "" "$(cd "$SD_ROOT/run" && find . -name '*ezlb*')"
