#!/usr/bin/env bash
# timeout: 300
# Two write the nat table at the same time, ezlb and somebody with iptables-legacy -w, 200 rounds
# long, with LAB_ALL=1 500. Both take the lock, so none of either's edits is lost, and none of the user's commands fails.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

ROUNDS=200
! thorough || ROUNDS=500

lab_up

# --- ezlb's side: a volume that flips between two sets of services ---------------------------

VOLUME=$WORK/volume
# set_of NAME BACKEND...: two services, each with these backends. As many rules in both sets: an edit
# that keeps the number of entries is the one that the kernel lets pass unseen.
set_of() {
	local name port b
	mkdir -p "$VOLUME/..$1"
	for name in one:1001 two:1002; do
		port=${name#*:}
		{
			echo "listen: $VIP:$port"
			echo "full_nat: true"
			echo "snat_ip: $SNAT_IP"
			echo "health_check: {enabled: false}"
			echo "drain_timeout: 0s" # a drain would keep the rules of the set before
			echo "backends:"
			for b in "${@:2}"; do echo "  - address: ${BACKEND_IP[$b]}:$port"; done
		} >"$VOLUME/..$1/${name%:*}.yaml"
	done
}
set_of a b1 b2
set_of b b2 b3
ln -s ..a "$VOLUME/..data"
for name in one two; do ln -s "..data/$name.yaml" "$VOLUME/$name.yaml"; done
SERVICES=$VOLUME


# rules_of BACKEND...: what ezlb's chain has to hold then, sorted.
rules_of() {
	local b port
	for b in "$@"; do
		for port in 1001 1002; do
			echo "-A EZLB-SNAT -d ${BACKEND_IP[$b]}/32 -p tcp -m tcp --dport $port -j SNAT --to-source $SNAT_IP --random-fully"
		done
	done | sort
}
in_chain() { nat_rules | grep '^-A EZLB-SNAT' | sort; }
chain_is() { [[ $(in_chain) == "$(rules_of "$@")" ]]; }

# In one step, and one process: ln puts the new link in the old one's place.
flip_to() { ln -sfT "..$1" "$VOLUME/..data"; }
flip_for_ever() {
	while [[ ! -e $WORK/enough ]]; do
		flip_to b
		nap 0.1
		flip_to a
		nap 0.1
	done
}

# --- the user's side -------------------------------------------------------------------------

# A shell in the balancer's namespace, so that a step is one process. Rules go before ezlb's jump,
# after it and into a chain of the user's own in turn; every 25th stays, and is noted in `kept`. Every
# second one is deleted at once, the others five rounds at a time with iptables-restore. That moves a
# mark as well. Such an edit may keep the number of entries, and then the kernel does not notice when
# somebody overwrites it; but the next one would not find its mark.
cat >"$WORK/user" <<'END'
failed() { echo "round $i: $*" >>failed; }
xt() { iptables-legacy -w -t nat "$@" 2>>failed || { failed "iptables-legacy -w -t nat $*" && return 1; }; }
rule_at() { rule="-s 198.51.100.$(($1 % 250))/32 -p tcp -m tcp --dport $((2000 + $1)) -j RETURN"; }
places=("-I POSTROUTING" "-A POSTROUTING" "-A USER")
i=0 batch='' mark="-d 203.0.113.1/32 -p tcp -m tcp --dport 2000 -j RETURN"
xt -N USER
xt -A USER $mark
for ((i = 1; i <= $1; i++)); do
	rule_at $i
	place=${places[i % 3]}
	if ! xt $place $rule; then
		: # never was there
	elif ((i % 25 == 0)); then
		echo "$place $rule" >>kept
	elif ((i % 2)); then
		xt -D ${place#* } $rule
	else
		batch+="-D ${place#* } $rule"$'\n'
	fi
	if ((i % 5 == 0)); then
		moved=${mark/--dport */--dport $((2000 + i)) -j RETURN}
		batch+="-D USER $mark"$'\n'"-A USER $moved"$'\n'
		mark=$moved
		# What fails is tried again with the next: only what is lost fails for ever.
		iptables-legacy-restore --noflush -w <<<"*nat"$'\n'"${batch}COMMIT" 2>>failed && batch='' ||
			failed "iptables-legacy-restore of $(grep -c . <<<"$batch") lines"
	fi
	if ((i % 50 == 0)); then
		echo "$i $(grep -c IPT_SO_SET_REPLACE commits)"
	fi
done
echo "-A USER $mark" >>kept
END

# The table as it must be in the end, but for ezlb's own chain: kept rules that went to the front are
# in front of ezlb's jump, the last one first.
want_table() {
	printf -- '-P %s ACCEPT\n' PREROUTING INPUT OUTPUT POSTROUTING
	[[ $1 == without ]] || echo "-N EZLB-SNAT"
	echo "-N USER"
	sed -n 's/^-I/-A/p' "$WORK/kept" | tac
	[[ $1 == without ]] || echo "-A POSTROUTING -j EZLB-SNAT"
	grep '^-A POSTROUTING' "$WORK/kept"
	grep '^-A USER' "$WORK/kept"
}
table_is() {
	local got
	got=$(nat_rules | grep -v '^-A EZLB-SNAT') || :
	[[ $got == "$(want_table "$1")" ]] ||
		fail "the table ($1 ezlb's part) is not as the user left it: $(diff <(want_table "$1") - <<<"$got" || :)"
}

# --- the case --------------------------------------------------------------------------------

echo "# $ROUNDS rounds against ezlb's commits"
EZLB_WRAP="strace -D -f -qq --seccomp-bpf -e trace=setsockopt -o $WORK/commits" ezlb_start --cleanup-on-exit=false
eventually 10 "ezlb's rules are in" chain_is b1 b2
flip_for_ever &
flipper=$!
: >"$WORK/failed"
begin=$(now_ms)
in_ns lb bash "$WORK/user" $ROUNDS >"$WORK/progress"
took=$(elapsed_ms "$begin")
: >"$WORK/enough" # not killed: its last ln would go on, and might come after this one
wait $flipper
flip_to b
eventually 10 "ezlb's rules are those of the last set" chain_is b2 b3

failures=$(grep -c '^round' "$WORK/failed" || :)
[[ $failures -eq 0 ]] || echo "$failures of the user's commands failed: $(head -n 20 "$WORK/failed")"
table_is with
assert_eq "commands of the user's that failed" 0 "$failures"
assert_eq "rules that the user kept" $((ROUNDS / 25 + 1)) "$(wc -l <"$WORK/kept")"

# "n of the user's rounds, ezlb's commits so far": both were at it all the time.
commits=$(grep -m 1 -c IPT_SO_SET_REPLACE "$WORK/commits")
while read -r rounds now; do
	[[ $now -ge $((commits + 2)) ]] || fail "ezlb made only $((now - commits)) commits in the 50 rounds to $rounds"
	commits=$now
done <"$WORK/progress"
assert_match "progress" "^$ROUNDS " "$(tail -n 1 "$WORK/progress")"
echo "$ROUNDS rounds of the user's and $commits commits of ezlb's in $took ms"

assert_eq "commits of ezlb that the kernel refused" 0 "$(grep -c 'IPT_SO_SET_REPLACE.* = -1' "$WORK/commits" || :)"
assert_eq "what ezlb complained of" "" "$(grep -E 'level=(warn|error)' "$EZLB_LOG" || :)"
ezlb_stop

echo "# ezlb goes, the user's rules stay"
ezlb_cmd cleanup >/dev/null
table_is without
