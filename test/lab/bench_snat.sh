#!/usr/bin/env bash
# timeout: 900
# New connections a second through FullNAT: 1 and 10,000 services with source NAT, in both backends. In
# all four there are 10,000 services in IPVS; where one has source NAT the others are without.
#
#   cmake --build build --target bench_conn && scripts/lab --follow bench_snat
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

CONN=$(dirname "$EZLB")/bench_conn
SERVICES_N=${SERVICES_N:-10000}
CONNECTIONS=${CONNECTIONS:-4000}
ROUNDS=${ROUNDS:-3}
lab_up
"$LABTOOL" in b1 "$CONN" serve 20000 &
eventually 10 "the backend listens" in_ns b1 "$CONN" connect 127.0.0.1 20000 1

# files FULL-NAT-OF-THE-OTHERS: into a directory of its own. The last one gets the traffic.
files() {
	mkdir -p "$WORK/$1"
	awk -v n="$SERVICES_N" -v dir="$WORK/$1" -v nat="$1" -v ip="${BACKEND_IP[b1]}" -v snat="$SNAT_IP" -v vip="$VIP" '
		function put(file, listen, port, full) {
			printf "listen: %s\nfull_nat: %s\n%shealth_check: {enabled: false}\nbackends: [{address: \"%s:%d\"}]\n",
				listen, full, (full == "true" ? "snat_ip: " snat "\n" : ""), ip, port >file
			close(file)
		}
		BEGIN {
			for (i = 1; i < n; i++) put(dir "/s" i ".yaml", "10.1." int(i / 250) "." i % 250 + 1 ":80", 1000 + i, nat)
			put(dir "/z.yaml", vip ":80", 20000, "true") # the last rule of the chain
		}'
}
files false
files true

# prepare BACKEND OTHERS: programs the kernel with nftables or iptables, with or without the other services.
prepare() {
	in_ns lb "$EZLB" once --config-dir "$WORK/$2" --state-dir "$STATE" --snat-backend "$1" >"$WORK/once" ||
		fail "once: $(tail -n 3 "$WORK/once")"
	[[ $1 == nftables ]] || ! in_ns lb nft list table ip ezlb >/dev/null 2>&1 || fail "the table is still there"
	echo "rules of iptables: $(nat_rules | grep -c '^-A EZLB-SNAT' || :)"
}
declare -A rates
for ((round = 1; round <= ROUNDS; round++)); do
	for kind in "nftables false" "nftables true" "iptables false" "iptables true"; do
		# shellcheck disable=SC2086 # two words
		prepare $kind
		in_ns client "$CONN" connect "$VIP" 80 200 >/dev/null
		rate=$(in_ns client "$CONN" connect "$VIP" 80 "$CONNECTIONS")
		echo "round $round, $kind: $rate/s"
		rates[$kind]+="$rate "
	done
done
median() { tr ' ' '\n' <<<"$1" | sed '/^$/d' | sort -n | sed -n "$(((ROUNDS + 1) / 2))p"; }
for backend in nftables iptables; do
	one=$(median "${rates["$backend false"]}")
	all=$(median "${rates["$backend true"]}")
	echo "$backend: 1 rule $one/s, $SERVICES_N rules $all/s: $((all * 1000 / one)) per mille"
done
