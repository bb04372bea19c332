#!/usr/bin/env bash
# takes: 20
# variants: nftables6
# also: iptables4 nftables4 iptables6
# A ConfigMap volume, laid out as kubelet does it: a swap of ..data is one transaction.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
for b in b1 b2; do backend_start "$b" 80; done
B1=$(ep "${BACKEND_IP[b1]}" 80)
B2=$(ep "${BACKEND_IP[b2]}" 80)
# A directory of our own: $SERVICES is there already and is not a volume.
VOLUME=$WORK/volume
mkdir "$WORK/keys"

# key NAME PORT WEIGHT: a service file that goes into the ConfigMap.
key() {
	cat >"$WORK/keys/$1.yaml" <<-END
		listen: "$(ep "$VIP" "$2")"
		full_nat: true
		health_check: {interval: 1s}
		backends:
		  - {address: "$B1", weight: $3}
		  - {address: "$B2", weight: $3}
	END
}
swap() { configmap_update "$VOLUME" "$WORK"/keys/*.yaml; }

# kernel_is PORT:WEIGHT...: exactly these services, each with both backends at that weight.
kernel_is() {
	local want='' service listener
	for service in "$@"; do
		listener=$(ep "$VIP" "${service%:*}")
		want+="tcp $listener wrr"$'\n'
		want+="tcp $listener $B1 ${service#*:}"$'\n'
		want+="tcp $listener $B2 ${service#*:}"$'\n'
	done
	assert_rows "$want"
}
assert_rows() { [[ $(kernel_rows | sort) == "$(printf %s "$1" | sort)" ]]; }

key web 80 1
configmap_init "$VOLUME" "$WORK"/keys/*.yaml
SERVICES=$VOLUME
ezlb_start
eventually 20 "the first version" kernel_is 80:1 # the kernel loads its modules

for KUBELET in new old; do
	echo "# KUBELET=$KUBELET"
	for weight in 2 3 4; do
		key web 80 $weight
		swap
		within 1000 "weight $weight" kernel_is 80:$weight
	done
	key api 8080 5
	swap
	within 1000 "a key was added" kernel_is 80:4 8080:5
	rm "$WORK/keys/web.yaml"
	key api 8080 6
	key two 82 1
	swap
	within 1000 "one key removed, one added, one edited" kernel_is 8080:6 82:1
	rm "$WORK"/keys/{api,two}.yaml
	key web 80 1
	swap
	within 1000 "back to one key" kernel_is 80:1
done

echo "# a volume whose ..data is gone is frozen, not empty"
mv "$VOLUME/..data" "$VOLUME/..data_away"
never 4 "a service was deleted" fails kernel_is 80:1
eventually 5 "the log says so" grep -q 'level=warn pkg=watch' "$EZLB_LOG"
mv "$VOLUME/..data_away" "$VOLUME/..data"
key web 80 2
swap
within 2000 "it thaws by itself" kernel_is 80:2

echo "# a volume without a key is believed after 10 s"
rm "$WORK/keys/web.yaml"
configmap_update "$VOLUME"
eventually 2 "the log says what is to come" grep -q 'level=warn .*all service files are gone.* in_ms=10000' "$EZLB_LOG"
never 8 "a service was deleted" fails kernel_is 80:2
eventually 5 "all services are removed" kernel_is
key web 80 3
swap
within 1000 "a key again" kernel_is 80:3
ezlb_stop
