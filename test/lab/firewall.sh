#!/usr/bin/env bash
# timeout: 240
# variants: iptables4
# also: iptables6
# A host's own filters drop what FullNAT needs, made by iptables-legacy and by iptables-nft: ezlb puts
# its accepts into them and keeps them there, iptables goes on listing them, and after a cleanup they
# are as before. (Filters that nft makes in its own manner are in doctor.sh.)
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

IPT=iptables
BITS=32
[[ $FAMILY == 4 ]] || IPT=ip6tables BITS=128
WEB=$(ep "$VIP" 80)

lab_up
backend_start b1
service web <<END
listen: "$WEB"
full_nat: true
snat_ip: "$SNAT_IP"
backends:
  - address: "$(ep "${BACKEND_IP[b1]}" 80)"
END

# docker TABLES, ufw TABLES: rules as these make them, in the tables of iptables-legacy or iptables-nft. Without
# ICMPv6 there are no neighbours.
docker() {
	in_ns lb "$IPT-$1-restore" -n <<-END
		*filter
		:FORWARD DROP [0:0]
		:DOCKER-USER - [0:0]
		:DOCKER-FORWARD - [0:0]
		-A FORWARD -j DOCKER-USER
		-A FORWARD -j DOCKER-FORWARD
		-A DOCKER-USER -j RETURN
		-A DOCKER-FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A DOCKER-FORWARD -i docker0 -j ACCEPT
		COMMIT
	END
}

ufw() {
	in_ns lb "$IPT-$1-restore" -n <<-END
		*filter
		:INPUT DROP [0:0]
		:ufw-before-input - [0:0]
		-A INPUT -j ufw-before-input
		-A ufw-before-input -i lo -j ACCEPT
		$([[ $FAMILY == 4 ]] || echo "-A ufw-before-input -p ipv6-icmp -j ACCEPT")
		-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
		-A ufw-before-input -p tcp --dport 22 -j ACCEPT
		COMMIT
	END
}

# rules TABLES: as iptables-legacy or iptables-nft saves them, without counters and dates.
rules() {
	in_ns lb "$IPT-$1-save" -t filter 2>/dev/null | sed -e '/^#/d' -e 's/ \[[0-9:]*\]$//'
}

# open_up TABLES: the filter lets everything pass, so that it does not count in the next round.
open_up() {
	local chain
	for chain in INPUT FORWARD; do
		in_ns lb "$IPT-$1" -P "$chain" ACCEPT
	done
	in_ns lb "$IPT-$1" -F
	in_ns lb "$IPT-$1" -X
}

up() { client_get "$WEB"; }
jumps() { in_ns lb "$IPT-$1" -S "$2" | grep -c -- "-j EZLB-$2" || :; }

# round TABLES KIND CHAIN: the rules of that kind; ezlb has to get through CHAIN.
round() {
	local tables=$1 kind=$2 chain=$3 before listed
	echo "# $kind by $IPT-$tables"
	"$kind" "$tables"
	before=$(rules "$tables")

	ezlb_start --firewall never
	in_kernel() { [[ $(kernel_rows) == *"$(ep "${BACKEND_IP[b1]}" 80)"* ]]; }
	eventually 10 "the service is there" in_kernel
	fails client_get "$WEB" --max-time 1 || fail "it works without ezlb's accepts: the rules do not drop what they should"
	ezlb_stop TERM
	assert_eq "rules with --firewall never" "$before" "$(rules "$tables")"

	ezlb_start
	eventually 10 "web answers" up
	assert_eq "who answers" "backend=b1 peer=$SNAT_IP" "$(up)"
	listed=$(in_ns lb "$IPT-$tables" -S 2>&1) || fail "$IPT-$tables -S: $listed"
	[[ $listed != *incompatible* ]] || fail "$IPT-$tables cannot list it any more: $listed"
	assert_match "the first rule of $chain" "^-A $chain -j EZLB-$chain" \
		"$(grep -m 1 -- "^-A $chain " <<<"$listed")"
	case $chain in
	INPUT) assert_match "the accept" "-A EZLB-INPUT -d $VIP/$BITS -p tcp -m tcp --dport 80 -j ACCEPT" "$listed" ;;
	FORWARD) assert_match "the accept" "-A EZLB-FORWARD -p tcp -m conntrack --ctstate ESTABLISHED --ctproto (6|tcp) --ctorigdst $VIP --ctorigdstport 80 --ctdir REPLY -j ACCEPT" "$listed" ;;
	esac

	has_jump() { [[ $(jumps "$tables" "$chain") == 1 ]]; }
	if [[ $kind == docker ]]; then
		echo "# a reload, as firewall-cmd does it: the host's rules in one go, and none of ours"
		in_ns lb "$IPT-$tables-restore" <<<"$before"
	else
		echo "# somebody takes the jump away"
		in_ns lb "$IPT-$tables" -D "$chain" -j "EZLB-$chain"
	fi
	within 2000 "repair of $chain, $tables" has_jump
	eventually 5 "web answers again" up

	ezlb_stop TERM
	ezlb_cmd cleanup
	assert_eq "rules after the cleanup" "$before" "$(rules "$tables")"
	open_up "$tables"
}

for tables in legacy nft; do
	round "$tables" docker FORWARD
	round "$tables" ufw INPUT
done
