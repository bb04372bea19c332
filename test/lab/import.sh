#!/usr/bin/env bash
# timeout: 240
# variants: nftables4
# also: nftables6
# Everything that ipvsadm sets and a service file can say comes back: set up by ipvsadm, imported from `ipvsadm -Sn`,
# applied to an empty kernel, and the same again. Before that, ezlb takes over what is there without a change.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
v=$(ep "$VIP" '') b1=$(ep "${BACKEND_IP[b1]}" '') b2=$(ep "${BACKEND_IP[b2]}" '')
six='' mask='-M 255.255.255.0'
[[ $FAMILY == 4 ]] || six=-6 mask='-M 64'
port=1000

# one SERVICE-FLAG SERVICE-OPTIONS [SERVER-OPTIONS [PORT-OF-SERVER]]: a service with two servers on a port of its own.
one() {
	port=$((port + 1))
	echo "-A $1 $v$port $2"
	echo "-a $1 $v$port -r $b1${4:-$port} ${3:--m -w 1}"
	echo "-a $1 $v$port -r $b2${4:-$port} ${3:--m -w 7}"
}
everything() {
	local name
	for name in rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh; do one -t "-s $name"; done
	for name in sh mh; do
		one -t "-s $name -b $name-fallback"
		one -t "-s $name -b $name-port"
		one -t "-s $name -b $name-fallback,$name-port"
	done
	one -t "-s wrr -p 300"
	one -t "-s rr -p 86400 $mask"
	one -u "-s rr -p 60 --pe sip"
	one -u "-s rr -o"
	one -u "-s wlc"
	one --sctp-service "-s rr"
	one -t "-s wrr" "-m -w 0" 80
	one -t "-s wrr" "-m -w 65535" 80
	one -t "-s wrr" "-g -w 1"
	one -t "-s wrr" "-i -w 1 --tun-type ipip"
	one -t "-s wrr" "-i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum"
	one -t "-s wrr" "-i -w 1 --tun-type gue --tun-port 6080 --tun-csum"
	one -u "-s wrr" "-i -w 1 --tun-type gue --tun-port 6081 --tun-remcsum"
	one -t "-s wrr" "-i -w 1 --tun-type gre --tun-nocsum"
	one -t "-s wrr" "-i -w 1 --tun-type gre --tun-csum"
	one -t "-s wrr" "-m -w 1 -x 100 -y 80"
	echo "-A -f 7 $six -s wrr -p 60 $mask"
	echo "-a -f 7 $six -r ${b1}0 -m -w 3"
	echo "-a -f 7 $six -r ${b2}0 -m -w 1"
	echo "-A -f 4294967295 $six -s rr -o"
	echo "-a -f 4294967295 $six -r ${b1}0 -g -w 1"
}
kernel() {
	in_ns lb ipvsadm -Sn | sed 's/ *$//' | sort
}
thresholds() {
	in_ns lb ipvsadm -Ln --thresholds | awk '$1 == "->" && $3 + $4 > 0' | sort
}
# load FILE: its service files, and no others.
load() {
	rm -rf "${SERVICES:?}"/* "$WORK/new"
	"$EZLB" import --output-dir "$WORK/new" "$1" >"$WORK/out" 2>"$WORK/err" || fail "import: $(<"$WORK/err")"
	cp "$WORK/new"/* "$SERVICES"
	"$EZLB" check --config-dir "$SERVICES" >"$WORK/checked" || fail "check: $(<"$WORK/checked")"
}
# operations: those of IPVS that a pass would do, or has done.
operations() {
	op_lines | grep -E '^(service|dest)-' || :
}

everything >"$WORK/script"
in_ns lb ipvsadm -R <"$WORK/script"
want=$(kernel)
limits=$(thresholds)
services=$(grep -c '^-A' "$WORK/script")
assert_eq "services in the kernel" "$services" "$(grep -c '^-A' <<<"$want")"
assert_eq "servers with thresholds" 2 "$(wc -l <<<"$limits")"

echo "# from the output of ipvsadm -Sn"
in_ns lb ipvsadm -Sn >"$WORK/saved"
load "$WORK/saved"
assert_eq "the summary" "$services service files written to $WORK/new" "$(<"$WORK/out")"
grep -q 'saved: thresholds: ' "$WORK/err" || fail "no word about thresholds: $(<"$WORK/err")"
in_ns lb ipvsadm -C
ezlb_cmd once >/dev/null
assert_eq "the kernel" "$want" "$(kernel)"
assert_eq "what is still to do" "$NO_CHANGES" "$(ezlb_cmd plan)"
ezlb_cmd cleanup >/dev/null
assert_eq "the kernel after cleanup" "" "$(kernel)"

echo "# from a script, with the thresholds; ezlb takes over what is there"
in_ns lb ipvsadm -R <"$WORK/script"
load "$WORK/script"
assert_eq "operations" "" "$(ezlb_cmd once -o json | operations)"
assert_eq "the kernel" "$want" "$(kernel)"
in_ns lb ipvsadm -C
ezlb_cmd once >/dev/null
assert_eq "the kernel" "$want" "$(kernel)"
assert_eq "the thresholds" "$limits" "$(thresholds)"
assert_eq "what is still to do" "$NO_CHANGES" "$(ezlb_cmd plan)"
