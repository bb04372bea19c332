#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `ezlb plan` and `ezlb once` print: for eyes, with colours and for programs. Touches no kernel.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
own_net 192.0.2.1

unset EZLB_OUTPUT EZLB_COLOR EZLB_CONFIG_DIR NO_COLOR # the caller's

# ez COMMAND ARGUMENT...: $status, $out and $err are what came of it.
ez() {
	status=0
	timeout 20 "$EZLB" "$1" --dataplane memory --log-level "$level" --state-dir "$WORK/state" "${@:2}" \
		>"$WORK/out" 2>"$WORK/err" || status=$?
	out=$(<"$WORK/out")
	err=$(<"$WORK/err")
}

# of DIR [FLAG...]: a plan of it.
of() {
	ez plan --config-dir "$WORK/$1" "${@:2}"
}

words() {
	of good
	equal "changes are pending" 2 "$status"
	equal "a plan for eyes" "$(
		cat <<-'END'
			api  udp 10.0.0.2:53
			  + listener udp 10.0.0.2:53, scheduler rr            b.yaml:2
			  + backend 10.1.0.1:53, weight 1                     b.yaml:7

			web  tcp 10.0.0.1:80
			  + snat 10.0.0.3 for 10.1.0.1:80                     a.yaml:4
			  + snat 10.0.0.3 for 10.1.0.2:80                     a.yaml:4
			  + listener tcp 10.0.0.1:80, scheduler wrr           a.yaml:2
			  + backend 10.1.0.1:80, weight 1                     a.yaml:7
			  + backend 10.1.0.2:80, weight 3                     a.yaml:8

			host
			  + module ip_tables                                  full_nat needs it
			  ~ net.ipv4.vs.conntrack 0 -> 1                      full_nat needs it
			  ~ net.ipv4.vs.expire_nodest_conn 0 -> 1             udp services need it
			  ~ net.ipv4.ip_forward 0 -> 1                        full_nat needs it
			  ~ net.netfilter.nf_conntrack_tcp_be_liberal 0 -> 1  full_nat needs it for tcp
			  + chain EZLB-SNAT                                   full_nat needs it

			Plan: 9 to add, 4 to change, 0 to remove.
		END
	)" "$out"
	equal "and nothing else" "" "$err"
	ez once --config-dir "$WORK/good"
	equal "once is done" 0 "$status"
	equal "and counts what it did" "Done: 9 added, 4 changed, 0 removed." "$(tail -n 1 <<<"$out")"
}

nothing() {
	of empty
	equal "nothing to do" "0 No changes: the kernel is as the files say." "$status $out"
	ez once --config-dir "$WORK/empty"
	equal "once says nothing then" "0 " "$status $out"
	of empty -o json
	equal "nothing to do, for programs" '0 {"summary":{"add":0,"change":0,"remove":0,"failed":0},"ops":[],"warnings":[]}' \
		"$status $(jq -c . <<<"$out")"
}

json() {
	of good -o json
	equal "changes are pending, for programs" 2 "$status"
	equal "the count" '{"add":9,"change":4,"remove":0,"failed":0}' "$(jq -c .summary <<<"$out")"
	equal "each operation has the same members" \
		'["action","error","file","line","listen","object","op","outcome","reason","service","text","what"]' \
		"$(jq -c '.ops[] | keys' <<<"$out" | sort -u)"
	equal "where it comes from" "$WORK/good/a.yaml:8 a.yaml:8" "$(jq -r '.ops[] |
		select(.text == "dest-add tcp 10.0.0.1:80 -> 10.1.0.2:80 masq weight 3") |
		"\(.file):\(.line) \(.reason)"' <<<"$out")"
	equal "what is of no service" '[null,null,null]' \
		"$(jq -c '.ops[] | select(.object == "module") | [.service, .file, .line]' <<<"$out")"
	equal "nothing is done yet" null "$(jq -c '.ops[].outcome' <<<"$out" | sort -u)"
	of good -o json --color=always
	equal "no colours for programs" 2 "$(jq -r '.ops | length' >/dev/null <<<"$out" && echo "$status")"
	ez once --config-dir "$WORK/good" -o json
	equal "once tells what it did" '0 "done"' "$status $(jq -c '.ops[].outcome' <<<"$out" | sort -u)"
}

colours() {
	local esc=$'\033'
	of good
	equal "no colours in a pipe" "" "$(grep -F "$esc" <<<"$out" || :)"
	of good --color=always
	equal "a service in bold" "${esc}[1mapi${esc}[0m  udp 10.0.0.2:53" "$(head -n 1 <<<"$out")"
	equal "what comes in green" "${esc}[32m  + module ip_tables${esc}[0m" "$(grep -o '^.*module ip_tables[^ ]*' <<<"$out")"
	equal "what changes in yellow" "${esc}[33m  ~ net.ipv4.ip_forward 0 -> 1${esc}[0m" \
		"$(grep -o '^.*ip_forward 0 -> 1[^ ]*' <<<"$out")"
	sed -i "s/$esc\[[0-9]*m//g" "$WORK/out"
	out=$(<"$WORK/out")
	equal "without them it is the same" "$out" "$(of good && echo "$out")"
}

# A merge that would be refused is told with the line, and what it would do besides is shown.
refused_files() {
	of bad
	equal "an error in a file" 1 "$status"
	equal "the rest is shown" "web  tcp 10.0.0.1:80" "$(head -n 1 <<<"$out")"
	equal "with its place" "    2 | listen: nowhere"$'\n'"      |         ^" "$(grep '^ *[0-9]* |' <<<"$err")"
	equal "and counted" "ezlb: 1 error in the service files" "$(tail -n 1 <<<"$err")"
	equal "the plan warns of it" "  ! b.yaml:2:9: error[E015]: 'nowhere' has no port: write IP:port  the file is not applied" \
		"$(grep -F ! <<<"$out")"
	# The first line of the log says that it is the data plane in memory.
	level=debug
	of bad
	equal "and told once: the log has nothing of it" "1 1 controller" "$(grep -c 'E0' <<<"$err") $(
		grep -c '^ts=' <<<"$err") $(sed -n 's/^ts=.* pkg=\([a-z]*\) .*/\1/p' <<<"$err")"
	ez once --config-dir "$WORK/bad"
	equal "where once writes it to the log" "1 config" "$(grep -c 'E0' <<<"$err") $(
		sed -n 's/^ts=.* pkg=\([a-z]*\) .*E0.*/\1/p' <<<"$err")"
	level=error
	of bad -o json
	equal "for programs, too" "1 10" "$status $(jq '.summary.add + .summary.change' <<<"$out")"
	rm "$WORK/bad/a.yaml"
	of bad
	equal "where nothing is left it does not say that all is well" "1 refused files" "$status ${out%%$'\n'*}"
	equal "but what is refused" 2 "$(wc -l <<<"$out")"
}

# A backend that is down is not added, and a verdict is the reason for one that is.
verdicts() {
	mkdir "$WORK/probed"
	cat >"$WORK/probed/web.yaml" <<-'END'
		listen: 10.0.0.1:80
		health_check: {interval: 1s, timeout: 1s, fail_count: 1}
		backends:
		  - address: 192.0.2.1:1
	END
	of probed --probe
	equal "a backend that is down" "  ! backend 192.0.2.1:1, not added: down (connect_refused)  web.yaml:4" \
		"$(grep -F ! <<<"$out")"
	equal "and counted" "Plan: 1 to add, 0 to change, 0 to remove; 1 warning." "$(tail -n 1 <<<"$out")"
	of probed --probe --color=always
	equal "a warning in yellow" $'\033[33m  ! backend 192.0.2.1:1' "$(grep -o '^.*! backend [^ ,]*' <<<"$out")"
	of probed --probe -o json
	equal "for programs" '["web","tcp 10.0.0.1:80","backend","backend 192.0.2.1:1, not added: down (connect_refused)",'"\"$WORK/probed/web.yaml\",4]" \
		"$(jq -c '.warnings[] | [.service, .listen, .object, .text, .file, .line]' <<<"$out")"
}

need_ezlb
need jq jq
level=error
mkdir "$WORK/good" "$WORK/bad" "$WORK/empty"
cat >"$WORK/good/a.yaml" <<'END'
name: web
listen: 10.0.0.1:80
full_nat: true
snat_ip: 10.0.0.3
health_check: {enabled: false}
backends:
  - address: 10.1.0.1:80
  - {address: "10.1.0.2:80", weight: 3}
END
cat >"$WORK/good/b.yaml" <<'END'
name: api
listen: 10.0.0.2:53
protocol: udp
scheduler: rr
health_check: {enabled: false}
backends:
  - address: 10.1.0.1:53
END
cp "$WORK/good/a.yaml" "$WORK/bad"
sed 's/^listen: .*/listen: nowhere/' "$WORK/good/b.yaml" >"$WORK/bad/b.yaml"

words
nothing
json
colours
refused_files
verdicts
finish
