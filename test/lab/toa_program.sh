#!/usr/bin/env bash
# timeout: 90
# takes: 16
# The BPF program of client_address: toa, without the layer that attaches it: each kind of packet, who may load and
# who may use it, and real packets through IPVS and source NAT, with and without a link header.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/toaprog.bash
. "$(dirname "$0")/toaprog.bash"

lab_up
ip -n lb link set lo mtu 1500 # that of the device that packets made here leave by

echo "# nobody has mounted the file system"
umount /sys/fs/bpf 2>/dev/null || :
says "no BPF file system is mounted on /sys/fs/bpf, and no right to mount it" \
	in_ns lb setpriv --bounding-set -sys_admin --inh-caps -all "$TOAPROG" load
says "the program is not loaded: run .ezlb host-setup." toaprog show
toaprog load
assert_eq "pins" "$PINS" "$(pins)"

echo "# each kind of packet"
assert_match "packets" "tests, 0 failed" "$(toaprog packets)"

echo "# with few rights: not loaded, but used"
toaprog remove
assert_eq "pins" "" "$(pins)"
says "no right to load the program .*run .ezlb host-setup. with more rights first" few_rights "$TOAPROG" load
toaprog load
few_rights "$TOAPROG" load
says "may not call bpf.*capability BPF" in_ns lb strace -o /dev/null -e inject=bpf:error=EPERM "$TOAPROG" show
few_rights "$TOAPROG" put 10.0.0.2:80 strip
few_rights "$TOAPROG" put "$VIP:80" add
few_rights "$TOAPROG" put "[fd00:10::1]:80" add 253
few_rights "$TOAPROG" put 10.0.0.7:80 add
few_rights "$TOAPROG" del 10.0.0.7:80
says "No such file" toaprog del 10.0.0.7:80

echo "# real packets, with the checksum complete and left to the device"
backend_start b1
FAMILY=6 backend_start b1 81
for family in 4 6; do
	if [[ $family == 4 ]]; then listen=$VIP:80 backend=192.168.10.11:80 source=10.0.0.3; fi
	if [[ $family == 6 ]]; then listen='[fd00:10::1]:80' backend='[fd00:192::11]:81' source=fd00:10::3; fi
	service web$family <<-END
		listen: "$listen"
		full_nat: true
		snat_ip: "$source"
		backends: [{address: "$backend"}]
		health_check: {enabled: false}
	END
done
ezlb_start
eventually 10 "IPv4 answers" client_get "$VIP:80"
eventually 10 "IPv6 answers" client_get "[fd00:10::1]:80"
ezlb_stop KILL # no file asks for the program, so ezlb has removed it
toaprog load
toaprog put "$VIP:80" add
toaprog put "[fd00:10::1]:80" add 253
few_rights tc qdisc add dev backends clsact
few_rights tc filter add dev backends egress bpf direct-action object-pinned /sys/fs/bpf/ezlb/netns-*/prog
toaprog sums b1 off # else the field has a part of the sum only, and a device would complete it
sniffed() {
	in_ns b1 "$TOAPROG" sniff "$1" 10 3 >"$WORK/sniffed" &
	eventually 10 "the sniffer" grep -q ready "$WORK/sniffed"
	client_get "$2" >/dev/null
	wait $!
	assert_eq "$3: 3 packets with the right sum" 3 "$(grep -c 'sum=ok' "$WORK/sniffed")"
	assert_eq "$3: SYN, ACK, first data have the option" 3 "$(grep -c "options=$4" "$WORK/sniffed")"
	assert_eq "$3: data" 1 "$(grep -c '^ACK data=[1-9]' "$WORK/sniffed")"
}
for sums in on off; do
	in_ns client "$TOAPROG" sums eth0 $sums
	sniffed eth0 "$VIP:80" "IPv4 $sums" 'fe08....ac100002'
	sniffed eth0 "[fd00:10::1]:80" "IPv6 $sums" 'fd14....fd000172000000000000000000000002'
done
assert_match "counted" "added=12 stripped=0 no_room=0 too_long=0 no_entry=[0-9]* failed=0" "$(toaprog show)"

echo "# an interface without a link header"
modprobe ipip
ip -n lb link add tun1 type ipip local 192.168.10.1 remote 192.168.10.11
ip -n lb addr add 10.9.0.1/30 dev tun1
ip -n lb link set tun1 up
ip -n b1 link add tun1 type ipip local 192.168.10.11 remote 192.168.10.1
ip -n b1 addr add 10.9.0.2/30 dev tun1
ip -n b1 link set tun1 up
sed -i 's/192.168.10.11:80/10.9.0.2:80/' "$SERVICES/web4.yaml"
ezlb_cmd once >/dev/null # removes the program
toaprog load
toaprog put "$VIP:80" add
in_ns lb tc qdisc add dev tun1 clsact
in_ns lb tc filter add dev tun1 egress bpf direct-action object-pinned /sys/fs/bpf/ezlb/netns-*/prog
only_tunnel() { # the other one may drain, with weight 0
	local dests
	dests=$(in_ns lb ipvsadm -Ln)
	[[ $dests =~ 10.9.0.2:80\ +Masq\ +1 && ! $dests =~ 192.168.10.11:80\ +Masq\ +1 ]]
}
eventually 10 "the backend behind the tunnel" only_tunnel
sniffed tun1 "$VIP:80" "ipip" 'fe08....ac100002'
toaprog remove
toaprog remove
assert_eq "pins" "" "$(pins)"
