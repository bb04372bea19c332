#!/usr/bin/env bash
# timeout: 300
# when: all
# The state directory becomes read-only, and then full, while ezlb runs and a new file wants more than can be written down: what
# ezlb owns follows health and files, nothing else is created, log and status say it once, and it goes on by itself.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
backend_start b2
mount -t tmpfs -o mode=755,size=256k tmpfs "$STATE"

web_and_b2() { # web_and_b2 WEIGHT: of b1
	service web <<-END
		listen: $VIP:80
		full_nat: true
		snat_ip: $SNAT_IP
		health_check: {interval: 1s, timeout: 500ms}
		backends:
		  - {address: "${BACKEND_IP[b1]}:80", weight: $1}
		  - {address: "${BACKEND_IP[b2]}:80"}
	END
}
late() { # late PORT
	service "late$1" <<-END
		listen: $VIP2:$1
		full_nat: true
		snat_ip: $SNAT_IP
		backends: [{address: "${BACKEND_IP[b1]}:8080"}]
	END
}
has_b2() { [[ $(kernel_rows) == *"$VIP:80 ${BACKEND_IP[b2]}:80 "* ]]; }
has_late() { [[ $(kernel_rows) == *"$VIP2:$1 ${BACKEND_IP[b1]}:8080 "* ]]; }
both_answer() { [[ $(for _ in 1 2 3 4; do client_get "$VIP:80" || :; done | sort -u | wc -l) == 2 ]]; }
programmed() { [[ $(admin /api/v1/status) == *"$1"* ]]; }
complaints() { grep -cE 'level=error .*cannot write the ledger' "$EZLB_LOG" || :; }

# goes_on PORT ERROR: the directory cannot be written.
goes_on() {
	local before
	before=$(nat_rules | sort)
	: >"$EZLB_LOG"
	late "$1"
	eventually 10 "the log says so" log_has "level=error .*cannot write the ledger: nothing is created.*$2"
	eventually 10 "the status says so" programmed "$2"
	echo "# a backend dies and returns"
	backend_stop b2
	eventually 15 "the dead one is out" fails has_b2
	client_get "$VIP:80" >/dev/null || fail "no answer"
	backend_start b2
	eventually 15 "it is in again" has_b2
	eventually 10 "both answer" both_answer
	echo "# an edit, and somebody else's deletion"
	web_and_b2 "1$1"
	eventually 10 "the new weight" web_has "1$1"
	in_ns lb ipvsadm -d -t "$VIP:80" -r "${BACKEND_IP[b2]}:80"
	eventually 10 "it is repaired" has_b2
	web_and_b2 1
	eventually 10 "the old weight" web_has 1
	fails has_late "$1" || fail "a service without its line in the ledger"
	assert_eq "source NAT" "$before" "$(nat_rules | sort)"
	assert_eq "lines about it" 1 "$(complaints)"
}
# heals PORT
heals() {
	eventually 60 "the new service is there, without a restart" has_late "$1"
	eventually 10 "the log says that it is over" log_has 'earlier failures are resolved'
	grep -q "^service tcp $VIP2:$1\$" "$STATE/ledger" || fail "not in the ledger"
	eventually 10 "the status, too" fails programmed "$2"
	eventually 10 "it answers" client_get "$VIP2:$1"
}

web_and_b2 1
ezlb_start
eventually 15 "it has looked at the kernel" is_ready
eventually 15 "both answer" both_answer

echo "# read-only. Open files keep a file system writable, so it is a second mount of it that is not"
mount --bind "$STATE" "$STATE"
mount -o remount,bind,ro "$STATE"
goes_on 81 'Read-only file system'
mount -o remount,bind,rw "$STATE"
heals 81 'Read-only file system'

echo "# full"
dd if=/dev/zero of="$STATE/fill" bs=4k >/dev/null 2>&1 || :
goes_on 82 'No space left'
rm "$STATE/fill"
heals 82 'No space left'

echo "# the end, while it is read-only: all that is ezlb's goes from the kernel"
mount --bind "$STATE" "$STATE"
mount -o remount,bind,ro "$STATE"
ezlb_stop TERM || assert_eq "exit status" 1 "$EZLB_STATUS" # the ledger still names it
assert_eq "IPVS" "" "$(in_ns lb ipvsadm -Sn)"
assert_eq "source NAT" "" "$(snat_all)"
