#!/usr/bin/env bash
# timeout: 240
# One change among many until the kernel has it: a service file, a key of a ConfigMap, and keepalived's reload. Beside
# them the request to the kernel alone, and how much the processor worked for it in all. For scripts/bench.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/lab/bench.bash
. "$(dirname "$0")/bench.bash"

# ezlb reads a directory 100 ms after the last event in it, on purpose. This is not counted.
DEBOUNCE=100
SERVICE=7 # the one that is changed
NAME=s00007.yaml

# worked PID SECONDS: sets WORKED to the microseconds that it runs in that time.
worked() {
	ran "$1"
	local before=$CPU
	nap "$2"
	ran "$1"
	WORKED=$((CPU - before))
}
# settled PID: what its start brings about is over. Sets IDLE to what it then runs in a second, in microseconds.
settled() {
	local before=0 i
	for ((i = 0; i < 12; i++)); do
		worked "$1" 1
		IDLE=$WORKED
		[[ $((IDLE * 10)) -gt $((before * 13 + 100000)) || $((before * 10)) -gt $((IDLE * 13 + 100000)) ]] || return 0
		before=$IDLE
	done
}
# quiet PID IDLE: it does nothing more than it does when it is idle.
quiet() {
	local i
	for ((i = 0; i < 60; i++)); do
		worked "$1" 0.5
		[[ $WORKED -gt $(($2 * 3 / 4 + 15000)) ]] || return 0
	done
}
in_net() {
	nsenter "--net=/run/netns/$1" "${@:2}"
}
# changed SIZE TITLE MINUS NAME WEIGHT ACTION...: one change; MINUS is not counted.
changed() {
	local took before since pid=${PIDS[$4]} idle=${IDLES[$4]}
	quiet "$pid" "$idle"
	ran "$pid"
	before=$CPU
	since=$(now_ms)
	took=$(in_net "$4" "$STOPWATCH" change 60 $SERVICE 0 "$5" "${@:6}") || {
		result failed "$1" "$2" edit 1
		return 1
	}
	[[ $warm == 0 ]] || return 0
	result edit "$1" "$2" ms "$(awk -v t="$took" -v minus="$3" 'BEGIN { printf "%.2f", t - minus }')"
	quiet "$pid" "$idle"
	ran "$pid"
	result edit "$1" "$2" ms_of_CPU_in_all \
		"$(awk -v us=$((CPU - before - idle * $(elapsed_ms "$since") / 1000)) 'BEGIN { printf "%.1f", us / 1000 }')"
	[[ $4 == peer ]] || result edit "$1" "$2" ms_of_the_pass \
		"$(sed -n 's/.*applied changes to the kernel.* ms=\([0-9]*\).*/\1/p' "$ROOT/tmp/output" | tail -n 1)"
}

# edited FILE WEIGHT NEW: the file NEW is the same with another weight of the first backend.
edited() {
	sed -E "s/(200\.0\.8:80).*/\1\n    weight: $2/; /^    weight/d" "$1" >"$3"
}

# change_file SIZE WEIGHT
change_file() {
	local dir=$ROOT/files/$1.plain
	edited "$dir/$NAME" "$2" "$ROOT/files/new"
	changed "$1" ezlb_file $DEBOUNCE file "$2" rename "$ROOT/files/new" "$dir/$NAME"
}

# make_volume SIZE: as kubelet makes it; each generation has new files.
make_volume() {
	local name
	mkdir "$VOLUME"
	cp -r "$ROOT/files/$1.plain" "$VOLUME/..1"
	ln -s ..1 "$VOLUME/..data"
	for name in "$VOLUME/..1/"*; do echo "..data/${name##*/}"; done | (cd "$VOLUME" && xargs ln -s -t .)
}
# change_volume SIZE WEIGHT: of generation WEIGHT - 1 the next one.
change_volume() {
	local old=$VOLUME/..$(($2 - 1)) new=$VOLUME/..$2
	cp -r "$old" "$new"
	edited "$old/$NAME" "$2" "$new/$NAME"
	ln -s "..$2" "$VOLUME/..data_tmp"
	changed "$1" ezlb_configmap 0 volume "$2" rename "$VOLUME/..data_tmp" "$VOLUME/..data" || return
	rm -r "$old"
}

# change_peer SIZE: a backend is removed, then put back.
change_peer() {
	local file=$ROOT/tmp/$1.keepalived
	cp "$file.less" "$file"
	changed "$1" keepalived_reload 0 peer -1 hangup "${PIDS[peer]}" || return
	cp "$file.all" "$file"
	quiet "${PIDS[peer]}" "${IDLES[peer]}"
	in_net peer "$STOPWATCH" change 60 $SERVICE 0 1 hangup "${PIDS[peer]}" >/dev/null
}

# edits SIZE ROUNDS: one change of each, in turns. The first round is not counted: the emulator translates.
edits() {
	local round warm file=$ROOT/tmp/$1.keepalived
	local -A PIDS=() IDLES=()
	VOLUME=$ROOT/files/volume
	make_volume "$1"
	keepalived_file "$1" "$file"
	awk '/real_server 10.200.0.8 / { skip = 3 } skip-- <= 0' "$file" >"$file.less"
	cp "$file" "$file.all"
	no_state
	up file plain "$1" || result failed "$1" ezlb_file edit 1
	FILES=/files/volume up volume plain "$1" || result failed "$1" ezlb_configmap edit 1
	up peer keepalived "$1" || result failed "$1" keepalived_reload edit 1
	for round in "${!PIDS[@]}"; do
		settled "${PIDS[$round]}"
		IDLES[$round]=$IDLE
	done
	for ((round = 0; round <= $2 && $(left) > 20; round++)); do
		warm=$((round == 0))
		[[ -z ${PIDS[file]:-} ]] || change_file "$1" $((round + 2))
		[[ -z ${PIDS[volume]:-} ]] || change_volume "$1" $((round + 2))
		# keepalived needs seconds for a reload of the largest size.
		[[ -z ${PIDS[peer]:-} || ($1 -ge 10000 && $round -gt 2) ]] || change_peer "$1"
	done
	down
	rm -r "$VOLUME"
}

# the_floor SIZE ROUNDS: the request alone, from a program that is there already.
the_floor() {
	local i us
	fresh
	started 120 "$1" stay floor || return
	for ((i = 0; i < $2; i++)); do
		us=$("${IN[@]}" "$FLOOR" set $SERVICE 0 $((i + 2))) || return
		result edit "$1" floor_request ms "$(awk -v us="$us" 'BEGIN { printf "%.2f", us / 1000 }')"
	done
}

root_up
for size in ${LAB_SIZES:-1000 10000}; do
	rounds=${LAB_ROUNDS:-$(quick 3 5)}
	files "$size" plain
	section "edit-$size" the_floor "$size" "$rounds"
	section "edit-$size" edits "$size" "$rounds"
	rm -rf "$ROOT/files/$size.plain"
done
