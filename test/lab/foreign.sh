#!/usr/bin/env bash
# What is not ezlb's is the same before, during and after, cleanup included.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1
backend_start b2 80

in_ns lb ipvsadm -R <<END
-A -t $VIP2:443 -s sh -p 600
-a -t $VIP2:443 -r ${BACKEND_IP[b1]}:80 -m -w 5
-A -u $VIP2:53 -s rr
-a -u $VIP2:53 -r ${BACKEND_IP[b1]}:53 -m
-A -f 7 -s rr
-a -f 7 -r ${BACKEND_IP[b2]}:80 -m
END
in_ns lb iptables-legacy-restore <<END
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
:KUBE-POSTROUTING - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -p tcp -m tcp --dport 5000 -j DNAT --to-destination 172.17.0.2:5000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MASQUERADE --random-fully
COMMIT
END

foreign() {
	in_ns lb ipvsadm -Sn | grep -vF -- "$VIP:"
	in_ns lb iptables-legacy-save -t nat | grep -v -e '^#' -e EZLB | sed 's/ \[.*//'
}
ours() {
	in_ns lb ipvsadm -Sn | grep -F "$VIP:" || :
	nat_rules | grep EZLB || :
}
before=$(foreign)
[[ $(wc -l <<<"$before") -ge 18 ]] || fail "the foreign objects are not there: $before"

web() {
	service web <<-END
		listen: $VIP:80
		full_nat: true
		snat_ip: $SNAT_IP
		health_check: {interval: 1s}
		backends: [$1]
	END
}
web "{address: '${BACKEND_IP[b1]}:80'}"
ezlb_start --empty-hold-down 0s
eventually 5 "web answers" client_get "$VIP:80"
assert_eq "foreign objects while ezlb runs" "$before" "$(foreign)"
assert_eq "snat_ip wins over others' rules" "backend=b1 peer=$SNAT_IP" "$(client_get "$VIP:80")"

web "{address: '${BACKEND_IP[b1]}:80'}, {address: '${BACKEND_IP[b2]}:80'}"
b2_in() { nat_rules | grep -q "EZLB-SNAT -d ${BACKEND_IP[b2]}"; }
eventually 5 "b2 is in" b2_in
rm "$SERVICES/web.yaml"
gone() { [[ $(in_ns lb ipvsadm -Sn) != *"$VIP:80"* ]]; }
eventually 5 "web is gone" gone
assert_eq "foreign objects after edits" "$before" "$(foreign)"

echo "# cleanup on exit, and cleanup after a kill"
web "{address: '${BACKEND_IP[b1]}:80'}"
eventually 5 "web answers" client_get "$VIP:80"
ezlb_stop
assert_eq "foreign objects after SIGTERM" "$before" "$(foreign)"
assert_eq "nothing of ezlb's is left" "" "$(ours)"
ezlb_start
eventually 5 "web answers" client_get "$VIP:80"
ezlb_stop KILL
ezlb_cmd cleanup
assert_eq "foreign objects after cleanup" "$before" "$(foreign)"
assert_eq "nothing of ezlb's is left" "" "$(ours)"
