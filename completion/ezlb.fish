# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of ezlb for fish. Made by cmd/manual from the tables of ezlb: `ninja manuals`. Do not edit.

# True where the command line has one of these commands.
function __ezlb_is
	set -l words (commandline -opc)
	test (count $words) -ge 2; and contains -- $words[2] $argv
end

function __ezlb_first
	test (count (commandline -opc)) -eq 1
end

# The services of a running ezlb; nothing where none answers.
function __ezlb_services
	set -l words (commandline -opc)
	set -l dir
	for i in (seq (count $words))
		if test "$words[$i]" = --state-dir; and test $i -lt (count $words)
			set dir $words[$i] $words[(math $i + 1)]
		else if string match -q -- '--state-dir=*' $words[$i]
			set dir $words[$i]
		end
	end
	timeout 2 ezlb status $dir -o json 2>/dev/null |
		string match -ra '"name":"[a-z0-9-]*","state"' | string split -f 4 '"'
end

complete -c ezlb -f
complete -c ezlb -n __ezlb_first -a run -d 'watch the service files and keep the kernel up to date'
complete -c ezlb -n __ezlb_first -a once -d 'apply the service files once, and end'
complete -c ezlb -n __ezlb_first -a check -d 'check service files for errors'
complete -c ezlb -n __ezlb_first -a import -d 'turn the configuration of another balancer into service files'
complete -c ezlb -n __ezlb_first -a schema -d 'print the JSON Schema of service files'
complete -c ezlb -n __ezlb_first -a plan -d 'print what `once` would change, and change nothing'
complete -c ezlb -n __ezlb_first -a host-setup -d 'load modules and set sysctls for the services'
complete -c ezlb -n __ezlb_first -a doctor -d 'find what would stop packets on this host'
complete -c ezlb -n __ezlb_first -a status -d 'show the services of a running ezlb'
complete -c ezlb -n __ezlb_first -a events -d 'show what has happened to the services of a running ezlb'
complete -c ezlb -n __ezlb_first -a who -d 'show the client behind a source address and its port'
complete -c ezlb -n __ezlb_first -a connections -d 'list the connections of the services'
complete -c ezlb -n __ezlb_first -a probe -d 'ask a running ezlb whether it is ready or alive'
complete -c ezlb -n __ezlb_first -a log-level -d 'change the log level of a running ezlb'
complete -c ezlb -n __ezlb_first -a reload -d 'make a running ezlb read its service files at once'
complete -c ezlb -n __ezlb_first -a drain -d 'take this balancer out, and let open connections end'
complete -c ezlb -n __ezlb_first -a undrain -d 'put a drained balancer back'
complete -c ezlb -n __ezlb_first -a cleanup -d 'remove from the kernel everything that ezlb owns'
complete -c ezlb -n __ezlb_first -a version -d 'print the version'
complete -c ezlb -n __ezlb_first -a help -d 'print the help of a command'
complete -c ezlb -n '__ezlb_is help' -a 'run once check import schema plan host-setup doctor status events who connections probe log-level reload drain undrain cleanup version'
complete -c ezlb -n '__ezlb_is check' -F
complete -c ezlb -n '__ezlb_is import' -F
complete -c ezlb -n '__ezlb_is status' -a '(__ezlb_services)'
complete -c ezlb -n '__ezlb_is who'
complete -c ezlb -n '__ezlb_is connections' -a '(__ezlb_services)'
complete -c ezlb -n '__ezlb_is probe' -a 'ready live'
complete -c ezlb -n '__ezlb_is log-level' -a 'error warn info debug'
complete -c ezlb -n '__ezlb_is run once check plan host-setup doctor who connections' -l config-dir -x -a '(__fish_complete_directories (commandline -ct))' -d 'Directory of service files'
complete -c ezlb -n '__ezlb_is run once plan host-setup status events who connections probe log-level reload drain undrain cleanup' -l state-dir -x -a '(__fish_complete_directories (commandline -ct))' -d 'Directory in which ezlb records what it owns in the kernel, with the socket on which a running ezlb answers'
complete -c ezlb -n '__ezlb_is run once plan host-setup who connections cleanup' -l persist-dir -x -a '(__fish_complete_directories (commandline -ct))' -d 'Directory for the last good versions of the service files, which must survive a reboot'
complete -c ezlb -n '__ezlb_is run once plan host-setup cleanup' -l dataplane -x -a 'kernel memory' -d 'memory: simulate the kernel and never change it; for trying ezlb'
complete -c ezlb -n '__ezlb_is run once plan' -l probe -a 'true false' -d 'With --dataplane memory: probe the backends, too'
complete -c ezlb -n '__ezlb_is run once check plan host-setup doctor cleanup' -l snat-backend -x -a 'auto iptables nftables' -d 'What does the source NAT of full_nat'
complete -c ezlb -n '__ezlb_is run once plan' -l adopt -x -a 'matching never' -d 'A virtual service with the address of a service file exists already, and ezlb did not create it'
complete -c ezlb -n '__ezlb_is run once plan doctor' -l firewall -x -a 'auto never' -d 'auto: where a filter of iptables drops packets, add rules that accept those of the services'
complete -c ezlb -n '__ezlb_is run once plan' -l host-setup -x -a 'auto never' -d 'auto: load the kernel modules and set the sysctls that the services need'
complete -c ezlb -n '__ezlb_is run once plan host-setup doctor cleanup' -l vip-device -x -d 'Put the addresses of all listeners on a dummy interface of this name'
complete -c ezlb -n '__ezlb_is run once plan doctor' -l vip-when -x -a 'always serving' -d 'When an address is on the interface of --vip-device, for services without `vip`'
complete -c ezlb -n '__ezlb_is run' -l vip-hold -x -d 'An address that was removed because no backend served returns after a backend has served for this long'
complete -c ezlb -n '__ezlb_is run once plan doctor' -l vip-guard -x -a 'auto never' -d 'auto: at the addresses on the interface of --vip-device only services answer; new connections to other ports of this host are rejected there'
complete -c ezlb -n '__ezlb_is run once plan' -l ipvs-timeout-tcp -x -d 'IPVS forgets an idle TCP connection after this time'
complete -c ezlb -n '__ezlb_is run once plan' -l ipvs-timeout-tcpfin -x -d 'The same for a TCP connection that one side has closed'
complete -c ezlb -n '__ezlb_is run once plan' -l ipvs-timeout-udp -x -d 'The same for a UDP flow'
complete -c ezlb -n '__ezlb_is run once plan doctor' -l sync-interface -x -d 'Run the sync daemon of IPVS on this interface: it tells other balancers about connections, and learns theirs'
complete -c ezlb -n '__ezlb_is run once plan doctor' -l sync-id -x -d 'The number of the group of balancers that share connections'
complete -c ezlb -n '__ezlb_is run' -l cleanup-on-exit -a 'true false' -d 'true: at the end remove from the kernel everything that ezlb owns'
complete -c ezlb -n '__ezlb_is run' -l drain-on-exit -x -d 'On SIGTERM drain this balancer first, and end when no connection is active, or after this time'
complete -c ezlb -n '__ezlb_is run' -l empty-hold-down -x -d 'When all service files disappear at once, keep the services for this long before removing them'
complete -c ezlb -n '__ezlb_is run' -l admin-address -x -d 'Serve HTTP on this TCP address, too: the page, /metrics, /api/v1'
complete -c ezlb -n '__ezlb_is run' -l traffic-interval -x -d 'Time between two log lines about the traffic of a service that has traffic_log'
complete -c ezlb -n '__ezlb_is run' -l connection-log -r -F -d 'File for the lines about ended connections of services that have connection_log'
complete -c ezlb -n '__ezlb_is run' -l sandbox -x -a 'auto off' -d 'auto: give up the capabilities and system calls that ezlb does not need, and talk HTTP in a process that has none'
complete -c ezlb -n '__ezlb_is run once plan host-setup cleanup' -l log-level -x -a 'error warn info debug' -d 'The least important level of log lines that ezlb writes to stderr'
complete -c ezlb -n '__ezlb_is run once plan host-setup cleanup' -l log-format -x -a 'logfmt json' -d 'The format of a log line'
complete -c ezlb -n '__ezlb_is once plan doctor status events who connections' -l output -s o -x -a 'text json' -d 'The format on stdout'
complete -c ezlb -n '__ezlb_is once plan status events' -l color -x -a 'auto always never' -d 'auto: colors on a terminal, unless NO_COLOR is set'
complete -c ezlb -n '__ezlb_is import' -l from -x -a 'go ipvsadm keepalived kubernetes' -d 'The format of the files'
complete -c ezlb -n '__ezlb_is import' -l output-dir -x -a '(__fish_complete_directories (commandline -ct))' -d 'Write each service to DIR/NAME.yaml, and overwrite no file'
complete -c ezlb -n '__ezlb_is status' -l watch -d 'Print again every 2 s, until Ctrl-C'
complete -c ezlb -n '__ezlb_is events connections' -l follow -s f -d 'Then print what is new, until Ctrl-C'
complete -c ezlb -n '__ezlb_is connections' -l sort -x -a 'age bytes' -d 'Which connections come first: the oldest, or those with the most bytes'
complete -c ezlb -n '__ezlb_is connections' -l limit -x -d 'Print at most so many connections'
complete -c ezlb -n '__ezlb_is check' -l format -x -a 'text json github sarif' -d 'What is printed: text for people, json, github for annotations in GitHub Actions, sarif for code scanning'
complete -c ezlb -n '__ezlb_is check' -l strict -d 'A warning makes the exit status 1, too'
complete -c ezlb -n '__ezlb_is check' -l allow-empty -d 'It is no error if there are no service files at all'
complete -c ezlb -n '__ezlb_is check' -l configmap -x -d 'Of the ConfigMaps in manifests check this one'
complete -c ezlb -n '__ezlb_is host-setup' -l best-effort -d 'Exit with 0 although something failed, and print what'
complete -c ezlb -n '__ezlb_is drain' -l wait -x -d 'Wait until no connection is active, at most this long'
complete -c ezlb -n '__ezlb_is drain' -l until-exit -d 'The drain ends with the running ezlb: the next one does not drain'
complete -c ezlb -n '__ezlb_is run once check import schema plan host-setup doctor status events who connections probe log-level reload drain undrain cleanup version' -l help -s h -d 'Print this text'
