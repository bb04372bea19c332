#!/usr/bin/env bash
# timeout: 150
# However a file is saved, the edit arrives and nothing flaps on the way: every operation of the run
# is the new weight of the edited service, and no row of the kernel's is ever missing.
# shellcheck source=test/lab/lib.sh
. "$(dirname "$0")/lib.sh"

lab_up
backend_start b1 80
backend_start b2 80
WEIGHT=1

# content WEIGHT LISTEN [LINE]: a service file. Cut between its backends it is valid, and another service.
content() {
	printf '%s\n' "listen: $2" "health_check: {enabled: false}" "full_nat: true" "backends:" \
		"  - address: ${BACKEND_IP[b1]}:80" "    weight: $1" \
		"  - address: ${BACKEND_IP[b2]}:80" "    weight: 1" "${@:3}"
}
for port in 80 81 82 83; do content 1 "$VIP:$port" >"$SERVICES/s$port.yaml"; done
content 1 "$VIP:53" "protocol: udp" >"$SERVICES/dns.yaml"
ROWS=15

# The configuration directory is a work tree, with two branches, .git and all.
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
cd "$SERVICES"
git init -q -b main .
git add . && git commit -q -m one
git checkout -q -b next
for port in 80 81; do content 2 "$VIP:$port" >"s$port.yaml"; done
git commit -q -a -m two && git checkout -q main

ezlb_start --log-level debug
rows_are() { [[ $(kernel_rows | wc -l) == "$1" ]]; }
eventually 10 "all services" rows_are $ROWS
for port in 80 81 82 83; do client_get "$VIP:$port" >/dev/null; done
conns() { in_ns lb ipvsadm -Ln --stats --exact | awk '$1 == "TCP" { print $2, $3 }' | sort; }
CONNS=$(for port in 80 81 82 83; do echo "$VIP:$port 1"; done)
counted() { [[ $(conns) == "$CONNS" ]]; }
eventually 6 "a connection is counted on each" counted # the kernel adds counters up every 2 s

WANT=$(ops)

# A second witness beside the log. Three lines are the table's head. No process: it must be quick.
witness() {
	local rows
	while [[ ! -e $WORK/enough ]]; do
		mapfile -t rows <"/proc/$EZLB_PID/net/ip_vs"
		[[ ${#rows[@]} -eq $((ROWS + 3)) ]] || echo "${EPOCHREALTIME}: ${#rows[@]} rows"
		nap 0.02
	done
}
witness >"$WORK/missing" &
WITNESS=$!

# expect LISTEN WEIGHT [PROTOCOL]
expect() {
	WANT+=$'\n'"dest-set ${3:-tcp} $1 -> ${BACKEND_IP[b1]}:80 masq weight $2"
}
weight_is() { [[ $(kernel_rows)$'\n' == *" $VIP:$1 ${BACKEND_IP[b1]}:80 $2"$'\n'* ]]; }

# told WHAT: as ops_are; the kernel has the last of them before the log tells of it.
told() { eventually 3 "operations up to '$1'" ops_are "$1"; }

# way WHAT COMMAND...: the command saves $NEW, which has the next weight, as s80.yaml.
way() {
	local what=$1
	shift
	WEIGHT=$((WEIGHT + 1))
	NEW=$WORK/new.$WEIGHT
	content $WEIGHT "$VIP:80" >"$NEW"
	"$@"
	within 3000 "$what" weight_is 80 $WEIGHT
	expect "$VIP:80" $WEIGHT
	told "$what"
}

echo "# git, in the directory itself"
git checkout -q next
within 3000 "git checkout" weight_is 81 2
expect "$VIP:80" 2 && expect "$VIP:81" 2
told "git checkout"
git checkout -q main
within 3000 "git checkout, back" weight_is 81 1
expect "$VIP:80" 1 && expect "$VIP:81" 1
git merge -q --ff-only next
within 3000 "git merge" weight_is 81 2
expect "$VIP:80" 2 && expect "$VIP:81" 2
WEIGHT=2

echo "# editors"
# vim keeps a copy beside the file while it writes, and takes the fresh one for the file or not.
vim() {
	vim.tiny -es -u NONE -c "set swapfile backup backupcopy=$1" -c "6s/.*/    weight: $WEIGHT/" -c wq \
		"$SERVICES/s80.yaml" </dev/null
}
for copy in auto yes no; do way "vim, backupcopy=$copy" vim $copy; done
# A lock, what was typed and not saved, and a backup; a window without the file, and a blank one.
emacs() {
	ln -s user@host.4711:1700000000 ".#s80.yaml"
	content 1 "$VIP:99" >"#s80.yaml#"
	nap 0.3
	mv s80.yaml s80.yaml~
	nap 0.3
	: >s80.yaml
	nap 0.3
	cat "$NEW" >s80.yaml
	rm "#s80.yaml#" ".#s80.yaml"
}
way "emacs" emacs
in_place() { content $WEIGHT "$VIP:80" >s80.yaml; }
way "echo >" in_place
by_tee() { tee s80.yaml <"$NEW" >/dev/null; }
way "tee" by_tee
by_sed() { sed -i "6s/.*/    weight: $WEIGHT/" s80.yaml; }
way "sed -i" by_sed

echo "# tools"
by() { "$@" "$NEW" s80.yaml; }
way "cp" by cp
way "install" by install -m 644
way "mv" by mv
way "ln -f" by ln -f
rm "$NEW" # else the next would write to both
way "ln -sf" by ln -sf
way "rsync" by rsync --checksum
way "rsync --inplace" by rsync --checksum --inplace
ansible() {
	cp "$NEW" .ansible_tmpx1y2s80.yaml
	nap 0.3
	mv .ansible_tmpx1y2s80.yaml s80.yaml
}
way "ansible" ansible

echo "# writers who pause"
# pausing LINES BYTES: the file up to there, half a second, and the rest, through one descriptor.
pausing() {
	local text head
	text=$(cat "$NEW")
	head=$(head -n "$1" "$NEW")
	exec 3>s80.yaml
	printf %s "${head:0:${#head}-$2}" >&3
	nap 0.5
	printf '%s\n' "${text:${#head}-$2}" >&3
	exec 3>&-
}
way "a pause within a line" pausing 5 5
way "a pause after a line that makes it a valid file" pausing 6 0
in_two_steps() {
	head -n 4 "$NEW" >s80.yaml
	nap 0.5
	tail -n +5 "$NEW" >>s80.yaml
}
way "a valid file in two steps, the first of them not valid" in_two_steps
content 5 "$VIP:53" "protocol: udp" >"$WORK/dns"
exec 3>dns.yaml
head -n 8 "$WORK/dns" >&3
nap 0.5
tail -n 1 "$WORK/dns" >&3
exec 3>&-
within 3000 "a pause before 'protocol: udp'" weight_is 53 5
expect "$VIP:53" 5 udp
told "a pause before 'protocol: udp'"

echo "# no change, and a short absence"
touch s80.yaml
chmod 600 s81.yaml
mv s82.yaml ..
cp s83.yaml "$WORK/s83" && cp "$WORK/s83" s83.yaml
nap 0.5
mv ../s82.yaml .

echo "# another name, which is no conflict and no operation"
mv s83.yaml r83.yaml
eventually 5 "the old name is gone" log_has "file was removed.*s83.yaml"
# Longer than the grace: what was in the making all the while would show now.
nap 2.5
ops_are "the end"

: >"$WORK/enough"
wait $WITNESS
assert_eq "what the witness missed" "" "$(cat "$WORK/missing")"
counted || fail "counters have started anew: $(conns)"
fails grep -E 'level=(warn|error)' "$EZLB_LOG" || fail "the log complains"

echo "# a valid half that is closed is a file like any other; the end is right all the same"
NEW=$WORK/last
content 99 "$VIP:80" >"$NEW"
head -n 6 "$NEW" >s80.yaml
nap 0.5
tail -n +7 "$NEW" >>s80.yaml
# Both, for before the half is taken up there are as many rows.
whole() { rows_are $ROWS && weight_is 80 99; }
within 3000 "the end" whole
ezlb_stop
