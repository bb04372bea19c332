#!/usr/bin/env bash
# variants: nftables4
# also: iptables4 nftables6 iptables6
# takes: 25
# timeout: 240
# The image as it is shipped, made by scripts/image: it does the main job with a root file system that is
# read-only, as a privileged container, and again with NET_ADMIN and NET_RAW only, after a privileged
# container has prepared the host.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/container.bash
. "$LAB_REPO/test/lab/container.bash"

lab_up
for b in b1 b2; do backend_start "$b" 80; done
WEB=$(ep "$VIP" 80)
SERVICES=$WORK/volume

# volume BACKEND...: a ConfigMap volume with one service.
volume() {
	cat >"$WORK/web.yaml" <<-END
		listen: "$WEB"
		scheduler: rr
		full_nat: true
		snat_ip: "$SNAT_IP"
		health_check: {interval: 1s}
		backends: [$(for b; do echo "{address: '$(ep "${BACKEND_IP[$b]}" 80)'},"; done)]
	END
	configmap_update "$SERVICES" "$WORK/web.yaml"
}
answers() { # answers COMMENT WANT: who the two next requests reach
	local seen
	seen=$(for _ in 1 2; do client_get "$WEB" --max-time 30; done | sort | paste -sd,)
	assert_eq "$1" "$2" "$seen"
}
nothing_left() {
	assert_eq "what is left" "" "$(snat_all)$(ipvs | grep -E '^(TCP|UDP)' || :)"
}
both_in() { [[ $(kernel_rows | wc -l) == 3 ]]; }
BOTH="backend=b1 peer=$SNAT_IP,backend=b2 peer=$SNAT_IP"
SNAT=--snat-backend=$EZLB_SNAT_BACKEND

echo "# nothing but what the archive has"
image_unpack
mkdir -p "$SERVICES"
volume b1

echo "# a privileged container loads the modules, sets the sysctls, and does the main job"
[[ $LAB_PLACE != guest ]] || ipvs_unload
container_start first privileged run --cleanup-on-exit=false "$SNAT"
eventually 60 "the service answers" client_get "$WEB"
answers "one backend" "backend=b1 peer=$SNAT_IP,backend=b1 peer=$SNAT_IP"
assert_eq "vs.conntrack" 1 "$(lb_sysctl net.ipv4.vs.conntrack)"
assert_eq "forwarding" 1 "$(lb_sysctl "$FORWARDING")"

assert_eq "the user of spawner and worker" "Uid:65527 Gid:65527 Uid:65527 Gid:65527" "$(for pid in $(pgrep -x 'ezlb-(spawner|worker)'); do
	awk '/^[UG]id:/ { print $1 $3 }' "/proc/$pid/status"
done | xargs)"

echo "# the program's probe, and the image's own health check"
eventually 30 "it is ready" container_exec first /usr/local/sbin/ezlb probe ready
readarray -t check < <(jq -r '.config.Healthcheck.Test[1:][]' "$LAYOUT/image.json")
container_exec first "${check[@]}"
fails container_exec first /bin/sh -c : || fail "there is a shell in the image"

echo "# an edit of the ConfigMap, without a restart"
volume b1 b2
eventually 20 "the other backend is in" both_in
answers "both backends" "$BOTH"

echo "# the container ends: the rules stay"
ezlb_stop TERM
answers "without a container" "$BOTH"
assert_eq "warnings" "" "$(grep -E 'level=(warn|error)' "$EZLB_LOG" || :)"

echo "# cleanup by the image: nothing is left, settings included"
container_run cleanup privileged cleanup
nothing_left
assert_eq "vs.conntrack" 0 "$(lb_sysctl net.ipv4.vs.conntrack)"

echo "# NET_ADMIN and NET_RAW only, after a privileged container has prepared the host"
container_run setup privileged host-setup "$SNAT"
: >"$EZLB_LOG"
container_start second restricted run --host-setup=never --cleanup-on-exit=false "$SNAT"
eventually 60 "both backends are in" both_in
answers "both backends" "$BOTH"
eventually 30 "it is ready" container_exec second /usr/local/sbin/ezlb probe ready
ezlb_stop TERM
assert_eq "warnings" "" "$(grep -E 'level=(warn|error)' "$EZLB_LOG" || :)"

echo "# as the image starts without arguments: the next one takes over, and removes everything when it ends"
container_start third restricted
eventually 30 "it is live" container_exec third "${check[@]}"
answers "both backends" "$BOTH"
ezlb_stop TERM
nothing_left
