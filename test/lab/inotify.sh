#!/usr/bin/env bash
# takes: 42
# timeout: 150
# Where inotify loses events, is not to be had, or never tells, and where the directory itself goes:
# the right final state each time, no restart, and nothing deleted for what could not be read.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
TOP=$WORK/top
SERVICES=$TOP/parent/services.d
SECOND=$WORK/second.d
VOLUME=$WORK/volume
WEIGHT=1
FROZEN=0
mkdir -p "$SERVICES" "$SECOND" "$WORK/keys"

# content PORT WEIGHT
content() {
	printf '%s\n' "listen: $VIP:$1" "health_check: {enabled: false}" \
		"backends: [{address: '${BACKEND_IP[b1]}:80', weight: $2}]"
}
# save DIR PORT: the next weight, in one step.
save() {
	WEIGHT=$((WEIGHT + 1))
	content "$2" $WEIGHT >"$1/.new"
	mv "$1/.new" "$1/s$2.yaml"
}
has() { [[ $(kernel_rows)$'\n' == *" $VIP:$1 ${BACKEND_IP[b1]}:80 $2"$'\n'* ]]; }

frozen_lines() { grep -c 'level=warn pkg=watch .*frozen' "$EZLB_LOG" || :; }
says_frozen() { [[ $(frozen_lines) -gt $FROZEN ]]; }

# arrives WHAT PORT WEIGHT [MILLISECONDS]: the only change. The log has it only after the kernel.
arrives() {
	within "${4:-3000}" "$1" has "$2" "$3"
	WANT+=$'\n'"dest-set tcp $VIP:$2 -> ${BACKEND_IP[b1]}:80 masq weight $3"
	eventually 3 "$1: the log" ops_are "$1"
	FROZEN=$(frozen_lines)
}
# edit WHAT [DIR PORT MILLISECONDS]
edit() {
	save "${2:-$SERVICES}" "${3:-80}"
	arrives "$1" "${3:-80}" $WEIGHT "${4:-}"
}
start() {
	: >"$EZLB_LOG"
	ezlb_start --log-level debug "$@"
	eventually 10 "$SERVICES is in force" has 81 1
	eventually 10 "the first pass is over" log_has 'why=files'
	WANT=$(ops)
}

for port in 80 81 82; do content $port 1 >"$SERVICES/s$port.yaml"; done
content 90 1 >"$SECOND/s90.yaml"

# --- limits of the kernel: they count when inotify is opened and are put back at once ---------

LIMITS=/proc/sys/fs/inotify
declare -A BEFORE
limit() {
	BEFORE[$1]=$(<"$LIMITS/$1")
	echo "$2" >"$LIMITS/$1"
}
restore() {
	local name
	for name in "${!BEFORE[@]}"; do echo "${BEFORE[$name]}" >"$LIMITS/$name"; done
	BEFORE=()
}
# They are the whole machine's, not this case's.
trap restore EXIT

echo "# an overflow: the event that is lost is the one of the other directory"
limit max_queued_events 16
start --config-dir "$SECOND"
restore
eventually 5 "the second directory is in force" has 90 1
kill -STOP "$EZLB_PID"
for ((i = 0; i < 100; i++)); do : >"$SERVICES/.storm$i"; done
save "$SECOND" 90
kill -CONT "$EZLB_PID"
arrives "after an overflow" 90 $WEIGHT
for ((i = 0; i < 300; i++)); do : >"$SERVICES/.storm$((i % 100))"; done
edit "in a storm"
ezlb_stop

for what in instances watches; do
	echo "# max_user_$what: polling takes over, and SIGHUP asks again"
	limit max_user_$what 0
	start
	restore
	log_has "level=warn pkg=watch .*every 5 s.*fs.inotify.max_user_$what" || fail "the log does not say so"
	edit "by polling" "$SERVICES" 80 7000
	kill -HUP "$EZLB_PID"
	eventually 3 "inotify is back" log_has 'msg="inotify is available again"'
	edit "by inotify" # without it the next look would come after half a minute
	ezlb_stop
done

# --- the directory ---------------------------------------------------------------------------

# frozen WHAT [SECONDS]: nothing is done, and it is told once for each reason. A directory that is gone is
# looked for once a second: with SECONDS it would be told too often if each look told it.
frozen() {
	eventually 3 "$1: the log says frozen" says_frozen
	nap "${2:-1.2}"
	[[ $(frozen_lines) -le $((FROZEN + 2)) ]] || fail "$1: told $(($(frozen_lines) - FROZEN)) times"
	FROZEN=$(frozen_lines)
	ops_are "$1"
}
COPY=$WORK/copy
take_copy() { rm -rf "$COPY" && cp -r "$SERVICES" "$COPY"; }
key() {
	WEIGHT=$((WEIGHT + 1))
	content 90 $WEIGHT >"$WORK/keys/s90.yaml"
	"$@" "$VOLUME" "$WORK/keys/s90.yaml"
}

rm -f "$SERVICES"/.storm*
key configmap_init
start --config-dir "$VOLUME"
eventually 5 "the ConfigMap is in force" has 90 $WEIGHT

echo "# removed, and made again"
take_copy
rm -r "$SERVICES"
frozen "rm -r" 3.2
cp -r "$COPY" "$SERVICES"
edit "made again with the same content"
take_copy
rm -r "$SERVICES"
mkdir "$SERVICES"
frozen "rm -r, mkdir: empty as it is"
save "$COPY" 80
cp "$COPY"/* "$SERVICES"
arrives "made again with other content" 80 $WEIGHT
edit "and then"

echo "# moved away, with another in its place, and moved back"
take_copy
WAS=$WEIGHT
save "$COPY" 80
mv "$SERVICES" "$WORK/away"
frozen "mv"
mv "$COPY" "$SERVICES"
arrives "another in its place" 80 $WEIGHT
edit "and then"
mv "$SERVICES" "$COPY" && mv "$WORK/away" "$SERVICES"
arrives "moved back" 80 $WAS
edit "and then"

echo "# a file, or a link to nothing, in its place"
mv "$SERVICES" "$WORK/away" && : >"$SERVICES"
frozen "a file in its place"
rm "$SERVICES" && ln -s nowhere "$SERVICES"
frozen "a link to nothing"
rm "$SERVICES" && mv "$WORK/away" "$SERVICES"
edit "the directory is back"

echo "# the parent, and its parent"
cp -r "$TOP/parent" "$WORK/parent"
rm -r "$TOP/parent"
frozen "the parent is removed"
cp -r "$WORK/parent" "$TOP/parent"
edit "the parent is back"
mv "$TOP" "$WORK/elsewhere"
frozen "its parent is moved, of which no event tells"
mv "$WORK/elsewhere" "$TOP"
edit "and is back"

echo "# an unmounted volume leaves an empty directory"
take_copy
mv "$SERVICES" "$WORK/away" && mkdir "$SERVICES"
mount -t tmpfs tmpfs "$SERVICES"
cp "$COPY"/* "$SERVICES"
edit "on a volume"
take_copy
umount "$SERVICES"
frozen "umount"
mount -t tmpfs tmpfs "$SERVICES"
nap 1.5 # mounted, and still empty
ops_are "mounted again"
cp "$COPY"/* "$SERVICES"
edit "and filled again"

echo "# a mount over the directory, of which no event tells"
WAS=$WEIGHT
take_copy
save "$COPY" 80
mount --bind "$COPY" "$SERVICES"
arrives "a bind mount over it" 80 $WEIGHT
edit "there" "$COPY"
umount "$SERVICES"
arrives "it is taken away" 80 $WAS
edit "and then"

echo "# a ConfigMap volume: ..data vanishes, and kubelet empties it and fills it again"
mv "$VOLUME/..data" "$VOLUME/..away"
frozen "no ..data" 3.2
mv "$VOLUME/..away" "$VOLUME/..data"
key configmap_update
arrives "..data is back" 90 $WEIGHT
find "$VOLUME" -mindepth 1 -delete
frozen "torn down"
key configmap_update
arrives "filled again" 90 $WEIGHT
fails log_has 'level=error' || fail "the log complains"
ezlb_stop
