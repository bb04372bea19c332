# shellcheck shell=bash
# What the cases about a change from another program to ezlb share: a balancer that somebody has set up by hand, and
# clients that notice each gap. Sourced after lib.sh.

# old_balancer: two backends, and what a FullNAT by hand needs beside IPVS.
old_balancer() {
	local b
	for b in b1 b2; do
		backend_start "$b" 80
		"$LABTOOL" in "$b" socat TCP6-LISTEN:7,ipv6only=0,fork,reuseaddr PIPE 2>>"$WORK/$b.log" &
		eventually 10 "$b echoes" backend_listens "$b" 7
	done
	lb_sysctl net.ipv4.ip_forward 1
	in_ns lb ipvsadm -C # loads ip_vs, which has the sysctl
	lb_sysctl net.ipv4.vs.conntrack 1
	old_snat -A
}

# old_snat -A|-D: the rule of the old balancer for the source address.
old_snat() {
	in_ns lb iptables-legacy -t nat "$1" POSTROUTING -d 192.168.10.0/24 -p tcp -m ipvs --ipvs -j SNAT --to-source "$SNAT_IP"
}

# new_files: the service files that stand for the same, with the weight of b2 raised. The scheduler is the same: while it
# changes the kernel refuses new connections.
new_files() {
	local port
	for port in 80 7; do
		service "port$port" <<-END
			listen: $VIP:$port
			scheduler: rr
			full_nat: true
			snat_ip: $SNAT_IP
			health_check: {interval: 1s}
			backends:
			  - address: ${BACKEND_IP[b1]}:$port
			  - address: ${BACKEND_IP[b2]}:$port
			    weight: 2
		END
	done
}

# clients_start: requests without a pause, each a new connection, and one connection that stays. A line for each
# success, which begins with 200.
clients_start() {
	"$LABTOOL" in client stdbuf -oL curl -sS --max-time 5 -H 'Connection: close' -o /dev/null \
		-w '%{http_code} after %{time_total} s %{errormsg}\n' "http://$VIP/healthz?[1-100000000]" >"$WORK/requests" 2>&1 &
	cat >"$WORK/talk" <<-'END'
		trap '' PIPE
		exec 3<> <(:) 4<>"/dev/tcp/$1/7"
		for ((n = 1; ; n++)); do
			answer='no answer'
			echo "line $n" >&4 && read -r -t 5 -u 4 answer
			[[ $answer == "line $n" ]] || break
			echo "200 $answer"
			read -r -t 0.2 -u 3
		done
		echo "the connection, line $n: $answer"
	END
	"$LABTOOL" in client bash "$WORK/talk" "$VIP" >"$WORK/echoes" 2>&1 &
	eventually 10 "a connection stays" test -s "$WORK/echoes"
}

# traffic WHAT: 20 more requests and 2 more lines on the connection have succeeded, and none has failed since the start.
traffic() {
	local requests echoes line
	requests=$(($(wc -l <"$WORK/requests") + 20)) echoes=$(($(wc -l <"$WORK/echoes") + 2))
	eventually 20 "traffic: $1" has_lines "$requests" "$echoes"
	# Only the first letter, because the last line may be there by half.
	if line=$(grep -hvm 1 '^2' "$WORK/requests" "$WORK/echoes"); then
		fail "$1: $line"
	fi
}
has_lines() { [[ $(wc -l <"$WORK/requests") -ge $1 && $(wc -l <"$WORK/echoes") -ge $2 ]]; }

# taken_over: ezlb has the services of both files with both backends, in the kernel and up.
taken_over() {
	local rows
	rows=$(in_ns lb ipvsadm -Sn | sed -n "/ $VIP:/p")
	[[ $(grep -c -- '-s rr' <<<"$rows") -eq 2 && $(grep -c -- ' -m -w 2' <<<"$rows") -eq 2 &&
		$(grep -c -- ' -m -w 1' <<<"$rows") -eq 2 ]] && is_ready
}
