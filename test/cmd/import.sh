#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `ezlb import`: what it reads, where it writes, what it says, and that it loses and overwrites nothing.
# shellcheck source=test/lib/lib.bash
. "$(dirname "$0")/../lib/lib.bash"
unset EZLB_FROM EZLB_OUTPUT_DIR # the caller's
cd "$WORK"

# im ARGUMENT...: runs it; $status, $out and $err are what came of it.
im() {
	status=0
	timeout 20 "$EZLB" import "$@" >out 2>err || status=$?
	out=$(<out)
	err=$(<err)
}

# ended DESCRIPTION STATUS STDOUT-PART STDERR-PART: of the last im. An empty part wants the whole to be empty.
ended() {
	if [[ $status -ne $2 || $out != *"$3"* || $err != *"$4"* || (-z $3 && -n $out) || (-z $4 && -n $err) ]]; then
		fail "$1" "want: $2, '$3', '$4'"$'\n'"exit status $status"$'\n'"stdout: $out"$'\n'"stderr: $err"
	else
		pass "$1"
	fi
}

# works DESCRIPTION COMMAND...: it succeeds.
works() {
	if "${@:2}" >checked 2>&1; then pass "$1"; else fail "$1" "$(<checked)"; fi
}

# service NAME PORT: an entry of the Go program's file.
service() {
	printf '  - {name: %s, listen: "10.0.0.1:%s", scheduler: rr, backends: [{address: "10.1.0.1:80", weight: 1}]}\n' "$1" "$2"
}
# rules PORT: what ipvsadm -Sn says of a service.
rules() {
	printf -- '-A -t 10.0.0.1:%s -s rr\n-a -t 10.0.0.1:%s -r 10.1.0.1:80 -m -w 1\n' "$1" "$1"
}
{
	echo services:
	service web 80
	service dns 53
} >ezlb.yaml

echo "# to stdout"
im ezlb.yaml
ended "two services" 0 "name: web" ""
equal "each under its name, as documents of one stream" "# ---- dns.yaml,---,# ---- web.yaml" \
	"$(grep -e '---' out | paste -sd,)"
works "nothing is lost between them" python3 -c '
import yaml
assert [d["name"] for d in yaml.safe_load_all(open("out"))] == ["dns", "web"]'
cp out both.yaml
"$EZLB" check both.yaml >both.txt 2>&1 || :
works "and no service file" grep -q "put each service in its own file" both.txt
rules 81 >saved
im saved
cp out one.yaml
works "one service is a service file" "$EZLB" check one.yaml
im - <saved
ended "from stdin" 0 "# From stdin by" "stdin: thresholds: "
im --from=ipvsadm ezlb.yaml
ended "in a format that it is not" 1 "" "ezlb.yaml:1:1: error[E003]: this is not an option: 'services:'"
im ezlb.yaml saved
ended "two formats at once" 0 "name: tcp-10-0-0-1-81" "thresholds"
im ezlb.yaml - < <(rules 80)
ended "a listener of both" 1 "name: web" "stdin:1:1: error[E031]: service tcp-10-0-0-1-80: the listener tcp 10.0.0.1:80 is already used"

echo "# to a directory"
im --output-dir new/dir ezlb.yaml
ended "makes it" 0 "2 service files written to new/dir" ""
equal "and only the files" "new/dir new/dir/dns.yaml new/dir/web.yaml" "$(find new/dir | sort | xargs)"
works "they are service files" "$EZLB" check --config-dir new/dir
equal "a file is not readable for all" 640 "$(umask 022 && "$EZLB" import --output-dir mode ezlb.yaml >/dev/null && stat -c %a mode/web.yaml)"
cp -a new/dir before
{
	cat ezlb.yaml
	service new 99
} >more.yaml
im --output-dir new/dir more.yaml
ended "never overwrites" 1 "" "ezlb: new/dir/dns.yaml exists: nothing is overwritten, and nothing was written"
works "and then writes nothing" diff -r before new/dir
ln -s /nowhere mode/tcp-10-0-0-1-81.yaml
im --output-dir mode saved
ended "not even a link that leads nowhere" 1 "" "mode/tcp-10-0-0-1-81.yaml exists"
im --output-dir saved ezlb.yaml
ended "a directory that is a file" 1 "" "saved is not a directory"
im --output-dir /proc/ezlb ezlb.yaml
ended "a directory that cannot be made" 1 "" "cannot make the directory /proc/ezlb"
im --output-dir= ezlb.yaml
ended "no directory" 2 "" "--output-dir=: expected DIR"

{
	service a 81
	printf '  - {name: z, listen: "10.0.0.1:82", backends: ['
	printf '{address: "10.1.0.%d:80", weight: 1}, ' {1..99}
	printf ']}\n'
} | cat <(echo services:) - >large.yaml
mkdir partly
echo mine >partly/b.yaml
# A file that may not grow, as on a full disk.
said=$(trap '' XFSZ && ulimit -f 2 && "$EZLB" import --output-dir partly large.yaml 2>&1 >/dev/null) && said=none
equal "no room for the second file" "ezlb: cannot write partly/z.yaml: File too large" "$said"
equal "leaves nothing of this run" "partly/b.yaml" "$(find partly -type f)"
im --output-dir partly large.yaml
ended "so that it can be run again" 0 "2 service files written to partly" ""

echo "# what it says"
{
	printf 'global:\n  log_level: debug\n  metrics_interval: 9s\nservices:\n'
	service 'Web_1' 80
} >notes.yaml
im --output-dir noted notes.yaml
ended "the summary counts" 0 "1 service file written to noted, 1 setting has no counterpart, 2 changed" \
	"notes.yaml:2: global.log_level: give \`ezlb run\` the flag --log-level=debug"
equal "of a service: with its name, sorted by line" "notes.yaml:5: web-1: name" \
	"$(sed -n '3s/: .Web_1.*//p' err)"
works "and in the file" grep "^# name: 'Web_1' is web-1 here" noted/web-1.yaml
printf 'services:\n  - {name: web}\n' >bad.yaml
service good 80 >>bad.yaml
im --output-dir half bad.yaml
ended "an error: the other services are written" 1 "NOT everything: 2 errors are above" "bad.yaml:2:5: error[E011]: 'listen' is missing"

echo "# odd inputs"
im
ended "no file" 2 "" "ezlb: import needs a FILE, or - for standard input"
im --from=haproxy x
ended "an unknown format" 2 "" "--from=haproxy: expected go|ipvsadm|keepalived|kubernetes"
im nowhere
ended "no such file" 1 "" "ezlb: cannot read nowhere: No such file or directory"
im .
ended "a directory" 1 "" "ezlb: cannot read .: Is a directory"
im /dev/null
ended "an empty file" 1 "" "ezlb: /dev/null is empty"
im /bin/true
ended "a program" 1 "" "ezlb: cannot tell what /bin/true is; name it with --from: go"
printf 'frontend web\n  bind *:80\n' >haproxy.cfg
im haproxy.cfg
ended "another balancer's" 1 "" "ezlb: cannot tell what haproxy.cfg is"
im web.yaml one.yaml
ended "a service file" 1 "" "ezlb: cannot tell what one.yaml is"
printf 'services: []\n' >none.yaml
im none.yaml
ended "no services" 1 "" "ezlb: there is no service to write"
head -c 33554433 /dev/zero >huge
im huge
ended "a huge file" 1 "" "ezlb: huge has more than 32 MiB"
printf -- '-A -t 10.0.0.1:80 -s \xff\n' >latin
im latin
ended "no UTF-8" 1 "" "latin:1:22: error[E003]: this is not UTF-8 text"
for ((i = 1; i <= 5000; i++)); do echo "-A -f $i -s rr"; done >many
im many
ended "too many services" 1 "" "many:4097:1: error[E002]: more than 4096 services"
mkfifo pipe.conf
echo 'include pipe.conf' >waits.conf
im waits.conf
ended "an included FIFO" 1 "" "include pipe.conf: pipe.conf is not a regular file"

echo "# a file that is no configuration, and has secrets"
secret='S3cretS3cret'
printf '%s\n' "root:\$6\$$secret:1:0" "pass $secret" "key = $secret" \
	"$secret" "token $secret {" "}" >secrets
printf '%s\n' "root:\$6\$$secret:1:0" "pass $secret" >lines
{
	printf 'include secrets\nglobal_defs {\n include secrets\n}\n'
	printf 'virtual_server_group G {\n include lines\n}\nvirtual_server group G {\n}\n'
	printf 'virtual_server 10.0.0.1 80 {\n protocol TCP\n include secrets\n'
	printf ' real_server 10.1.0.1 80 {\n  include secrets\n  TCP_CHECK {\n   include secrets\n  }\n }\n}\n'
} >includes.conf
im --output-dir secret includes.conf
ended "is no reason to stop" 1 "1 service file written to secret" "secrets:1: a word: not known as a keyword of keepalived.conf"
works "keywords are named" grep -q "secrets:2: pass: not known" err
equal "but no secret is shown or written" "" "$(grep -rh "$secret" secret out err)"
printf 'virtual_server 10.0.0.1 80 {\ntoken %s {\n' "$secret" >open.conf
im --from=keepalived open.conf
ended "nor in an error" 1 "" "open.conf:2:1: error[E003]: the block 'token' has no '}'"
status=0
"$EZLB" import ezlb.yaml >/dev/full 2>err || status=$?
equal "a full disk" "1 ezlb: cannot write to stdout: No space left on device" "$status $(<err)"
finish
