#!/usr/bin/env bash
# takes: 20
# timeout: 120
# variants: nftables4
# What the kubelet does to a ConfigMap volume: storms of updates in both of its orders, a volume that is deleted
# file by file because its disk is full, and a single file that is mounted (subPath).
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
VOLUME=$WORK/volume
SINGLE=$WORK/single.d
KEYS=(a b c d)
mkdir -p "$VOLUME" "$SINGLE" "$WORK/keys"

# content PORT WEIGHT
content() {
	printf '%s\n' "listen: $VIP:$1" "health_check: {enabled: false}" \
		"backends: [{address: '${BACKEND_IP[b1]}:80', weight: $2}]"
}
for i in 0 1 2 3; do content 8$i GEN >"$WORK/keys/${KEYS[i]}.yaml"; done
# kubelet old|new FIRST LAST
kubelet() {
	"$(dirname "$EZLB")/kubelet" "$VOLUME" "$1" "$2" "$3" 1000 "$WORK"/keys/*.yaml
}
# all_are WEIGHT: the services of the four keys.
all_are() {
	local rows port
	rows=$(kernel_rows)$'\n'
	for port in 80 81 82 83; do
		[[ $rows == *" $VIP:$port ${BACKEND_IP[b1]}:80 $1"$'\n'* ]] || return 1
	done
}
log_count() { grep -c "$1" "$EZLB_LOG" || :; }

echo "# a file that is mounted by itself: told once, and its content is seen"
content 90 1 >"$WORK/single"
: >"$SINGLE/single.yaml"
mount --bind "$WORK/single" "$SINGLE/single.yaml"
kubelet new 1 1
SERVICES=$VOLUME
ezlb_start --config-dir "$SINGLE" --log-level debug
eventually 20 "the first version" all_are 1
eventually 5 "the first pass is over" log_has 'why=files'
content 90 7 >"$WORK/single"
ezlb_cmd reload >/dev/null
single_is_7() { [[ $(kernel_rows)$'\n' == *" $VIP:90 ${BACKEND_IP[b1]}:80 7"$'\n'* ]]; }
eventually 5 "the content that was edited in place" single_is_7
assert_eq "warnings of the mount" 1 "$(log_count 'level=warn pkg=watch .*is a mount point, such as a subPath volume.*single.yaml')"

echo "# storms of updates: each set that is applied is of one version, and no service goes"
kubelet new 2 120
kubelet old 121 240
eventually 10 "the last version" all_are 240
# The ops of a pass are before its line in the log.
mixed=$(awk '/ op="dest-set .* weight/ { sub(/.* weight /, ""); sub(/[^0-9].*/, ""); seen[$0] = 1 }
	/msg="applied changes/ { n = 0; for (w in seen) n++; if (n > 1) mixed++; delete seen; passes++ }
	END { print mixed + 0, passes }' "$EZLB_LOG")
echo "passes with more than one version, passes: $mixed"
assert_eq "passes with more than one version" 0 "${mixed% *}"
[[ ${mixed#* } -gt 5 ]] || fail "only $mixed passes: this was no storm"
assert_eq "deletions" "" "$(ops | grep -- '-del ' || :)"

echo "# the volume is deleted file by file: its services stay, and status says why"
for key in "$VOLUME"/..data/*; do
	rm "$key"
	ezlb_cmd reload >/dev/null
	eventually 3 "it is frozen" log_has 'level=warn pkg=watch .*files are gone from the ConfigMap volume without an update'
	all_are 240 || fail "a service is gone: $(kernel_rows)"
done
assert_match "status" "files are gone from the ConfigMap volume" "$(ezlb_cmd status)"
find "$VOLUME" -mindepth 1 -delete
eventually 3 "..data is missed" log_has 'level=warn pkg=watch .*\.\.data is missing'
nap 1.2
all_are 240 || fail "a service is gone: $(kernel_rows)"
assert_eq "deletions" "" "$(ops | grep -- '-del ' || :)"
kubelet new 241 241
eventually 5 "the volume is filled again" all_are 241
ezlb_stop TERM
