#!/usr/bin/env bash
# variants: nftables6
# also: iptables4 nftables4 iptables6
# What cannot work is said in one line that tells what to do, and the exit status is 1.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
service web <<END
listen: "$(ep "$VIP" 80)"
full_nat: true
backends:
  - address: "$(ep "${BACKEND_IP[b1]}" 80)"
END

# refuses TEXT COMMAND...: exit 1 within 5 s, one line on stderr that holds TEXT, nothing on stdout.
refuses() {
	local text=$1 status=0
	shift
	timeout 5 "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
	cat "$WORK/err"
	assert_eq "exit status of $*" 1 "$status"
	assert_eq "lines on stderr" 1 "$(wc -l <"$WORK/err")"
	assert_eq "stdout" "" "$(cat "$WORK/out")"
	grep -qF -- "$text" "$WORK/err" || fail "no '$text' in: $(cat "$WORK/err")"
}
chmod 755 "$WORK" "$SERVICES"
echo "# a state directory that others may write to"
chmod 777 "$STATE"
lb=("$LABTOOL" in lb)
# flags COMMAND: sets args to the directories that it takes; cleanup needs no service files.
flags() {
	args=(--state-dir "$STATE")
	[[ $1 == cleanup ]] || args+=(--config-dir "$SERVICES")
}
for command in run once cleanup; do
	flags $command
	refuses "other users can write to the state directory $STATE" "${lb[@]}" "$EZLB" $command "${args[@]}"
done
chmod 755 "$STATE"

echo "# an unreadable directory"
for command in run once plan; do
	refuses "$WORK/absent" "${lb[@]}" "$EZLB" $command --config-dir "$WORK/absent" --state-dir "$STATE"
done
touch "$WORK/file"
refuses "$WORK/absent" "$EZLB" check "$WORK/absent"

# The guest's /dev is its own; on a host it would be the host's.
if [[ ${LAB_PLACE:-} == guest ]]; then
	echo "# what ends it is left for the kubelet, where there is a file for that"
	word=/dev/termination-log
	[[ ! -e $word ]] || fail "$word is there already"
	refuses "$WORK/absent" "${lb[@]}" "$EZLB" run --config-dir "$WORK/absent" --state-dir "$STATE"
	[[ ! -e $word ]] || fail "$word was made"
	seq 1000 >$word
	refuses "$WORK/absent" "${lb[@]}" "$EZLB" plan --config-dir "$WORK/absent" --state-dir "$STATE"
	assert_eq "what plan leaves" 1000 "$(wc -l <$word)"
	refuses "$WORK/absent" "${lb[@]}" "$EZLB" run --config-dir "$WORK/absent" --state-dir "$STATE"
	assert_eq "what is left" "$(cat "$WORK/err")" "$(cat $word)"
	rm $word
fi

echo "# without root"
for command in run once plan cleanup; do
	flags $command
	refuses "root" "${lb[@]}" setpriv --reuid=65534 --regid=65534 --clear-groups "$EZLB" $command "${args[@]}"
done
echo "# check and version need none"
setpriv --reuid=65534 --regid=65534 --clear-groups "$EZLB" check "$SERVICES"
setpriv --reuid=65534 --regid=65534 --clear-groups "$EZLB" version

echo "# without ip_vs"
ipvs_unload
echo 'install ip_vs /bin/false' >/etc/modprobe.d/ezlb-lab.conf
for command in run once plan; do
	flags $command
	refuses "modprobe ip_vs" "${lb[@]}" "$EZLB" $command "${args[@]}"
done
rm /etc/modprobe.d/ezlb-lab.conf

echo "# wrong usage is status 2"
for bad in "" "frobnicate" "run --no-such-flag" "run --dataplane=maybe" "run extra"; do
	status=0
	# shellcheck disable=SC2086
	"$EZLB" $bad >/dev/null 2>"$WORK/err" || status=$?
	assert_eq "exit status of 'ezlb $bad'" 2 "$status"
	[[ -s $WORK/err ]] || fail "'ezlb $bad' says nothing"
done
