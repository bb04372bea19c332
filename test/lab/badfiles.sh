#!/usr/bin/env bash
# takes: 26
# timeout: 180
# variants: nftables4
# also: iptables4 iptables6 nftables6
# A broken file keeps its own last good version and touches no other service. The log and `ezlb check`
# name file, line and column in the same words.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1 80 8080
WEB=$(ep "$VIP" 80)
OTHER=$(ep "$VIP" 8080)
good() {
	cat <<-END
		listen: "$WEB"
		full_nat: true
		snat_ip: "$SNAT_IP"
		health_check: {interval: 1s}
		backends:
		  - address: "$(ep "${BACKEND_IP[b1]}" 80)"
		    weight: 3
	END
}
good | service web
service other <<END
listen: "$OTHER"
full_nat: true
health_check: {interval: 1s}
backends:
  - address: "$(ep "${BACKEND_IP[b1]}" 8080)"
END
ezlb_start
kernel() { in_ns lb ipvsadm -Sn; snat_rows; }
both() { client_get "$WEB" && client_get "$OTHER"; }
eventually 20 "both answer" both # the kernel loads its modules
before=$(kernel)
assert_match "the good version is in the kernel" "-w 3" "$before"

SOUND=0
sound_again() { [[ $(grep -c 'file is valid again' "$EZLB_LOG") -eq $SOUND ]]; }

# news: what the log has had since the last edit, for a line may be in it for another reason before.
news() { tail -n "+$((LINES_BEFORE + 1))" "$EZLB_LOG"; }
logged() { [[ $(news) == *"$1"* ]]; }

# refused WHAT LINE:COL CODE TEXT SED: breaks web.yaml by SED and looks at everything.
refused() {
	local what=$1 at=$2 code=$3 text=$4 edit=$5 status=0 output file=$SERVICES/web.yaml
	echo "# $what"
	LINES_BEFORE=$(wc -l <"$EZLB_LOG")
	good | sed "$edit" | service web
	eventually 4 "the log refuses it" logged "$file:$at: error[$code]: "
	assert_match "what the log says becomes of the service" "its last good version stays" "$(news)"
	output=$("$EZLB" check "$SERVICES") || status=$?
	assert_eq "check's exit status" 1 "$status"
	[[ $output == *"$file:$at: error[$code]: "*"$text"* ]] ||
		fail "check does not say '$file:$at: error[$code]: ...$text': $output"
	assert_eq "the kernel" "$before" "$(kernel)"
	assert_eq "web answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB")"
	good | service web
	SOUND=$((SOUND + 1))
	eventually 4 "it is taken back" sound_again
}
refused "syntax" 2:11 E003 "not closed" 's/^full_nat: true/full_nat: [true/'
refused "an unknown key" 2:1 E010 "full_nat" 's/^full_nat/ful_nat/'
refused "a wrong type" 6:5 E012 "must be a mapping" 's/^  - address: \(.*\)/  - [\1]/; /weight/d'
refused "snat_ip without full_nat" 3:10 E020 "full_nat: true" '/^full_nat/s/true/false/'
refused "port 70000" 1:9 E014 "70000" "s/^listen: .*/listen: '$(ep "$VIP" 70000)'/"
refused "weight -1" 7:13 E014 "weight -1" 's/weight: 3/weight: -1/'

echo "# two files with one listener: the newcomer is refused, whichever sorts first"
good | sed 's/:80"$/:8080"/; s/weight: 3/weight: 9/' >"$WORK/late"
cp "$WORK/late" "$SERVICES/a-newcomer.yaml"
eventually 4 "the log names both" grep -qE "a-newcomer.yaml:1:9: error\[E031\]: .*service 'other' at .*other.yaml:1:9" "$EZLB_LOG"
assert_eq "the kernel" "$before" "$(kernel)"
fails "$EZLB" check "$SERVICES" >/dev/null || fail "check passes two files with one listener"
rm "$SERVICES/a-newcomer.yaml"

echo "# a service edited onto a taken listener keeps its last good version"
good | sed "s/^listen: .*/listen: '$OTHER'/" | service web
eventually 4 "the log says so" grep -q "web.yaml:1:9: error\[E031\].*last good version" "$EZLB_LOG"
assert_eq "the kernel" "$before" "$(kernel)"

echo "# a restart with a broken file: what may be its is left alone"
ezlb_stop KILL
good | sed 's/weight: 3/weight: much/' | service web
ezlb_start
eventually 5 "the log refuses it" grep -q "web.yaml:7:13: error\[E012\]" "$EZLB_LOG"
changed() { [[ $(kernel) != "$before" ]]; }
never 3 "the running service was touched" changed
assert_eq "web answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB")"

echo "# a restart with a broken file, and the kernel has lost the service: its last good version comes back"
ezlb_stop KILL
in_ns lb ipvsadm -C
snat_flush
ezlb_start
eventually 5 "the log says where it comes from" grep -q 'last good version stays, from before the restart' "$EZLB_LOG"
as_before() { [[ $(kernel) == "$before" ]]; }
eventually 5 "the kernel is as it was" as_before
assert_eq "web answers" "backend=b1 peer=$SNAT_IP" "$(client_get "$WEB")"

echo "# the file goes, and with it its last good version"
ezlb_stop KILL
rm "$SERVICES/web.yaml"
ezlb_start
eventually 5 "web is gone" fails client_get "$WEB"
ezlb_stop KILL
good | sed 's/weight: 3/weight: much/' | service web
ezlb_start
eventually 5 "the other answers" client_get "$OTHER"
never 2 "a version of a file that was deleted is in force" client_get "$WEB"
ezlb_stop TERM
