#!/usr/bin/env bash
# takes: 20
# timeout: 240
# While nobody changes IPVS, the daemon reads no row of it: BPF programs count the calls of the kernel's
# functions that change it. What somebody changes is found within 2 s, also after the module was
# loaded again, and also without the right to load BPF programs.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
service web <<END
listen: $VIP:80
full_nat: true
snat_ip: $SNAT_IP
backends:
  - address: ${BACKEND_IP[b1]}:80
END
dest_in() { [[ $(kernel_rows) == *"tcp $VIP:80 ${BACKEND_IP[b1]}:80 1"* ]]; }
# told HOW: the last that the log says about it
told() { [[ $(grep 'msg="how changes of IPVS' "$EZLB_LOG" | tail -n 1) == *"by=\"$1"* ]]; }
# tampered WHAT COMMAND...
tampered() {
	local what=$1
	shift
	kill -STOP "$EZLB_PID"
	in_ns lb "$@"
	fails dest_in || fail "$what changed nothing: the test proves nothing"
	kill -CONT "$EZLB_PID"
	within 2000 "repair of: $what" dest_in
}
# rows_read SECONDS: how often it opens the file
rows_read() {
	timeout "$1" strace -f -qq -o "$WORK/trace" -p "$EZLB_PID" -e trace=openat || :
	grep -c '"/proc/net/ip_vs"' "$WORK/trace" || :
}

# fresh HOW [FLAG...]: a new daemon, because the third change within a minute would be a fight.
fresh() {
	[[ -z $EZLB_PID ]] || ezlb_stop TERM
	: >"$EZLB_LOG"
	ezlb_start --cleanup-on-exit=false "${@:2}"
	eventually 20 "it has looked at the kernel" is_ready
	eventually 10 "it says how it finds changes" told "$1"
}

echo "# with BPF"
fresh "BPF programs"
tampered "the backend deleted" ipvsadm -d -t "$VIP:80" -r "${BACKEND_IP[b1]}:80"
tampered "all deleted" ipvsadm -C
nap 1.5 # the looks after the last repair
assert_eq "reads of the rows while nothing changes" 0 "$(rows_read 3)"
[[ -s $WORK/trace ]] || fail "strace has seen nothing: the test proves nothing"
assert_eq "files of settings that a look opens" 0 "$(grep -c '"/proc/sys/net/ipv' "$WORK/trace" || :)"

if [[ ${LAB_PLACE:-} == guest ]]; then
	echo "# ip_vs unloaded and loaded again. With a sandbox, Debian's kernel lets the daemon attach at its start only"
	fresh "BPF programs" --sandbox off
	kill -STOP "$EZLB_PID"
	in_ns lb ipvsadm -C
	ipvs_unload
	modprobe ip_vs
	kill -CONT "$EZLB_PID"
	within 2000 "repair of: modprobe -r ip_vs and back" dest_in
	grep -q 'by="reading the rows' "$EZLB_LOG" || fail "it has not noticed that the probes were gone"
	eventually 10 "changes are counted again" told "BPF programs"
	tampered "the backend deleted after that" ipvsadm -d -t "$VIP:80" -r "${BACKEND_IP[b1]}:80"
fi

echo "# without the right to load BPF programs"
EZLB_WRAP="setpriv --bounding-set -all,+net_admin,+net_raw --inh-caps -all"
fresh "reading the rows"
tampered "the backend deleted" ipvsadm -d -t "$VIP:80" -r "${BACKEND_IP[b1]}:80"
[[ $(rows_read 3) -ge 2 ]] || fail "it reads no rows"
# One line tells that it cannot give up its user either.
[[ $(grep -c 'level=\(warn\|error\)' "$EZLB_LOG") -le 3 ]] || fail "it complains: $(cat "$EZLB_LOG")"
ezlb_stop TERM
