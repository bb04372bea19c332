#!/usr/bin/env bash
# timeout: 330
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
	for ((i = 0; i < 30; i++)); do
		worked "$1" 1
		IDLE=$WORKED
		[[ $((IDLE * 10)) -gt $((before * 13 + 100000)) || $((before * 10)) -gt $((IDLE * 13 + 100000)) ]] || return 0
		before=$IDLE
	done
}
# quiet PID: it does nothing more than it does when it is idle.
quiet() {
	local i
	for ((i = 0; i < 60; i++)); do
		worked "$1" 0.5
		[[ $WORKED -gt $((IDLE * 3 / 4 + 15000)) ]] || return 0
	done
}
# changed SIZE NAME MINUS PID WEIGHT ACTION...: one change; MINUS is not counted.
changed() {
	local took before since
	quiet "$4"
	ran "$4"
	before=$CPU
	since=$(now_ms)
	took=$("$STOPWATCH" change 60 $SERVICE 0 "$5" "${@:6}") || {
		result failed "$1" "$2" edit 1
		return 1
	}
	result edit "$1" "$2" ms "$(awk -v t="$took" -v minus="$3" 'BEGIN { printf "%.2f", t - minus }')"
	quiet "$4"
	ran "$4"
	result edit "$1" "$2" ms_of_CPU_in_all \
		"$(awk -v us=$((CPU - before - IDLE * $(elapsed_ms "$since") / 1000)) 'BEGIN { printf "%.1f", us / 1000 }')"
}

# edited FILE WEIGHT NEW: the file NEW is the same with another weight of the first backend.
edited() {
	sed -E "s/(200\.0\.8:80).*/\1\n    weight: $2/; /^    weight/d" "$1" >"$3"
}

# with_files SIZE ROUNDS
with_files() {
	local i dir=$ROOT/files/$1.plain
	empty
	started 120 "$1" stay plain || return
	settled "$PID"
	for ((i = 0; i < $2; i++)); do
		edited "$dir/$NAME" $((i + 2)) "$ROOT/files/new"
		changed "$1" ezlb_file $DEBOUNCE "$PID" $((i + 2)) rename "$ROOT/files/new" "$dir/$NAME" || break
	done
	ended "$PID"
}

# with_configmap SIZE ROUNDS: a volume as kubelet makes it; each generation has new files.
with_configmap() {
	local i name volume=$ROOT/files/volume old=..1
	mkdir "$volume"
	cp -r "$ROOT/files/$1.plain" "$volume/..1"
	ln -s ..1 "$volume/..data"
	for name in "$volume/..1/"*; do echo "..data/${name##*/}"; done | (cd "$volume" && xargs ln -s -t .)
	empty
	FILES=/files/volume started 120 "$1" stay plain || return
	settled "$PID"
	for ((i = 2; i < $2 + 2; i++)); do
		cp -r "$volume/$old" "$volume/..$i"
		edited "$volume/$old/$NAME" $i "$volume/..$i/$NAME"
		ln -s "..$i" "$volume/..data_tmp"
		changed "$1" ezlb_configmap 0 "$PID" $i rename "$volume/..data_tmp" "$volume/..data" || break
		rm -r "${volume:?}/$old"
		old=..$i
	done
	ended "$PID"
	rm -r "$volume"
}

# with_keepalived SIZE ROUNDS: a backend is removed, then put back, then removed.
with_keepalived() {
	local i file=$ROOT/tmp/$1.keepalived
	keepalived_file "$1" "$file"
	awk '/real_server 10.200.0.8 / { skip = 3 } skip-- <= 0' "$file" >"$file.less"
	cp "$file" "$file.all"
	empty
	started 120 "$1" stay keepalived || return
	settled "$PID"
	for ((i = 0; i < $2; i++)); do
		cp "$file.less" "$file"
		changed "$1" keepalived_reload 0 "$PID" -1 hangup "$PID" || break
		cp "$file.all" "$file"
		quiet "$PID"
		"$STOPWATCH" change 60 $SERVICE 0 1 hangup "$PID" >/dev/null || break
	done
	ended "$PID"
}

# the_floor SIZE ROUNDS: the request alone, from a program that is there already.
the_floor() {
	local i us
	empty
	started 120 "$1" stay floor || return
	for ((i = 0; i < $2; i++)); do
		us=$("$FLOOR" set $SERVICE 0 $((i + 2))) || return
		result edit "$1" floor_request ms "$(awk -v us="$us" 'BEGIN { printf "%.2f", us / 1000 }')"
	done
}

root_up
for size in ${LAB_SIZES:-1000 10000}; do
	rounds=${LAB_ROUNDS:-$(quick 3 5)}
	files "$size" plain
	section "edit-$size" the_floor "$size" "$rounds"
	section "edit-$size" with_files "$size" "$rounds"
	section "edit-$size" with_keepalived "$size" "$((size < 10000 ? rounds : 2))"
	section "edit-$size" with_configmap "$size" "$rounds"
	rm -rf "$ROOT/files/$size.plain"
done
