#!/usr/bin/env bash
# variants: nftables4 iptables6
# also: iptables4 nftables6
# Drop-in files: what is written to the directory is in the kernel within a second.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
backend_start b2
WEB=$(ep "$VIP" 80)
B1=$(ep "${BACKEND_IP[b1]}" 80)
B2=$(ep "${BACKEND_IP[b2]}" 80)

has() { [[ $(kernel_rows)$'\n' == *"$1"$'\n'* ]]; }
has_not() { [[ $(kernel_rows) != *"$1"* ]]; }

# web SCHEDULER WEIGHT BACKEND...
web() {
	local scheduler=$1 weight=$2
	shift 2
	service web <<-END
		listen: "$WEB"
		scheduler: $scheduler
		full_nat: true
		health_check: {interval: 1s}
		backends:
		$(printf "  - {address: '%s', weight: $weight}\n" "$@")
	END
}

# Once before the clock runs: the kernel loads its modules, which takes seconds under emulation.
web wrr 1 "$B1"
ezlb_cmd once >/dev/null
ezlb_cmd cleanup >/dev/null
rm "$SERVICES/web.yaml"
ezlb_start --empty-hold-down 0s # it ends with no file at all
eventually 5 "ezlb runs" grep -q 'msg=started' "$EZLB_LOG"

echo "# a new file"
web wrr 1 "$B1"
within 1000 "a new service" has "tcp $WEB wrr"
within 1000 "its backend" has "tcp $WEB $B1 1"
assert_match "it answers" "^backend=b1" "$(client_get "$WEB")"
conns() { in_ns lb ipvsadm -Ln --stats --exact | awk -v s="$WEB" '$2 == s { print $3 }'; }
counted() { [[ $(conns) == 1 ]]; }
eventually 5 "the connection is counted" counted # the kernel adds counters up every 2 s

echo "# edits: weight, scheduler, backends"
web wrr 7 "$B1"
within 1000 "an edited weight" has "tcp $WEB $B1 7"
web wlc 7 "$B1"
within 1000 "an edited scheduler" has "tcp $WEB wlc"
web wlc 7 "$B1" "$B2"
within 1000 "an added backend" has "tcp $WEB $B2 7"
web wlc 7 "$B2"
within 1000 "no new connections to a removed backend" has "tcp $WEB $B1 0"
within 5000 "it is deleted when it is idle" has_not "$B1 "
# Counters start anew when a service is deleted and made again.
eventually 5 "the service was edited in place, with its counters" counted

echo "# in-place writing, as echo and nano do"
sed 's/weight: 7/weight: 9/' "$SERVICES/web.yaml" >"$WORK/new"
cat "$WORK/new" >"$SERVICES/web.yaml"
within 1000 "an in-place edit" has "tcp $WEB $B2 9"

echo "# weight 0 takes no new connections, and stays"
web rr 0 "$B2"
within 1000 "weight 0" has "tcp $WEB $B2 0"
fails client_get "$WEB" --max-time 1 || fail "weight 0 got a connection"

echo "# a file that is not a service file is ignored, hidden ones too"
printf 'listen: "%s"\nbackends: [{address: "%s"}]\n' "$(ep "$VIP" 81)" "$B1" >"$WORK/other"
cp "$WORK/other" "$SERVICES/other.yaml.bak"
cp "$WORK/other" "$SERVICES/.ansible_tmp1234other.yaml"
cp "$WORK/other" "$SERVICES/#other.yaml"
ln -s user@host.1234 "$SERVICES/.#other.yaml"
never 2 "an ignored file is in the kernel" fails has_not "$(ep "$VIP" 81)"

echo "# a removed file, after its grace"
rm "$SERVICES/web.yaml"
within 3000 "a removed service" has_not "$WEB"
ezlb_stop
