// SPDX-License-Identifier: GPL-2.0-or-later
#include "table.h"

const struct flag_row flag_table[FLAGS] = {
	[FLAG_CONFIG_DIR] = {
		.name = "config-dir",
		.env = "EZLB_CONFIG_DIR",
		.arg = "DIR",
		.by_default = "/etc/ezlb/services.d",
		.help = "Directory of service files. Repeat the flag for more than "
			"one; in the variable, separate them by ':'.",
	},
	[FLAG_STATE_DIR] = {
		.name = "state-dir",
		.env = "EZLB_STATE_DIR",
		.arg = "DIR",
		.by_default = "/run/ezlb",
		.help = "Directory in which ezlb records what it owns in the kernel, "
			"with the socket on which a running ezlb answers.",
	},
	[FLAG_PERSIST_DIR] = {
		.name = "persist-dir",
		.env = "EZLB_PERSIST_DIR",
		.arg = "DIR",
		.by_default = "/var/lib/ezlb",
		.help = "Directory for the last good versions of the service files, "
			"which must survive a reboot. With a --state-dir of your own "
			"and without this flag they are in --state-dir only.",
	},
	[FLAG_DATAPLANE] = {
		.name = "dataplane",
		.env = "EZLB_DATAPLANE",
		.arg = "kernel|memory",
		.by_default = "kernel",
		.help = "memory: simulate the kernel and never change it; for trying "
			"ezlb. No traffic is balanced, and backends count as up.",
	},
	[FLAG_PROBE] = {
		.name = "probe",
		.env = "EZLB_PROBE",
		.arg = "true|false",
		.by_default = "false",
		.help = "With --dataplane memory: probe the backends, too.",
		.arg_optional = true,
	},
	[FLAG_SNAT_BACKEND] = {
		.name = "snat-backend",
		.env = "EZLB_SNAT_BACKEND",
		.arg = "auto|iptables|nftables",
		.by_default = "auto",
		.help = "What does the source NAT of full_nat. auto: the one that has "
			"rules on this host already.",
	},
	[FLAG_ADOPT] = {
		.name = "adopt",
		.env = "EZLB_ADOPT",
		.arg = "matching|never",
		.by_default = "matching",
		.help = "A virtual service with the address of a service file exists "
			"already, and ezlb did not create it. matching: take it over; "
			"never: leave it alone.",
	},
	[FLAG_FIREWALL] = {
		.name = "firewall",
		.env = "EZLB_FIREWALL",
		.arg = "auto|never",
		.by_default = "auto",
		.help = "auto: where a filter of iptables drops packets, add rules "
			"that accept those of the services.",
	},
	[FLAG_HOST_SETUP] = {
		.name = "host-setup",
		.env = "EZLB_HOST_SETUP",
		.arg = "auto|never",
		.by_default = "auto",
		.help = "auto: load the kernel modules and set the sysctls that the "
			"services need.",
	},
	[FLAG_VIP_DEVICE] = {
		.name = "vip-device",
		.env = "EZLB_VIP_DEVICE",
		.arg = "NAME",
		.by_default = "none",
		.help = "Put the addresses of all listeners on a dummy interface of "
			"this name.",
	},
	[FLAG_VIP_WHEN] = {
		.name = "vip-when",
		.env = "EZLB_VIP_WHEN",
		.arg = "always|serving",
		.by_default = "always",
		.help = "When an address is on the interface of --vip-device, for services without "
			"`vip`. serving: only while a service on it has a backend that serves.",
	},
	[FLAG_VIP_HOLD] = {
		.name = "vip-hold",
		.env = "EZLB_VIP_HOLD",
		.arg = "DURATION",
		.by_default = "5s",
		.help = "An address that was removed because no backend served returns after a "
			"backend has served for this long.",
	},
	[FLAG_VIP_GUARD] = {
		.name = "vip-guard",
		.env = "EZLB_VIP_GUARD",
		.arg = "auto|never",
		.by_default = "auto",
		.help = "auto: at the addresses on the interface of --vip-device only services "
			"answer; new connections to other ports of this host are rejected there.",
	},
	[FLAG_TIMEOUT_TCP] = {
		.name = "ipvs-timeout-tcp",
		.env = "EZLB_IPVS_TIMEOUT_TCP",
		.arg = "DURATION>=1s",
		.by_default = "the kernel's value",
		.help = "IPVS forgets an idle TCP connection after this time.",
	},
	[FLAG_TIMEOUT_TCPFIN] = {
		.name = "ipvs-timeout-tcpfin",
		.env = "EZLB_IPVS_TIMEOUT_TCPFIN",
		.arg = "DURATION>=1s",
		.by_default = "the kernel's value",
		.help = "The same for a TCP connection that one side has closed.",
	},
	[FLAG_TIMEOUT_UDP] = {
		.name = "ipvs-timeout-udp",
		.env = "EZLB_IPVS_TIMEOUT_UDP",
		.arg = "DURATION>=1s",
		.by_default = "the kernel's value",
		.help = "The same for a UDP flow.",
	},
	[FLAG_SYNC_INTERFACE] = {
		.name = "sync-interface",
		.env = "EZLB_SYNC_INTERFACE",
		.arg = "NAME",
		.by_default = "none",
		.help = "Run the sync daemon of IPVS on this interface: it tells other balancers "
			"about connections, and learns theirs.",
	},
	[FLAG_SYNC_ID] = {
		.name = "sync-id",
		.env = "EZLB_SYNC_ID",
		.arg = "1-255",
		.by_default = "1",
		.help = "The number of the group of balancers that share connections.",
	},
	[FLAG_CLEANUP] = {
		.name = "cleanup-on-exit",
		.env = "EZLB_CLEANUP_ON_EXIT",
		.arg = "true|false",
		.by_default = "true",
		.help = "true: at the end remove from the kernel everything that ezlb "
			"owns.",
		.arg_optional = true,
	},
	[FLAG_DRAIN_ON_EXIT] = {
		.name = "drain-on-exit",
		.env = "EZLB_DRAIN_ON_EXIT",
		.arg = "DURATION",
		.by_default = "0s",
		.help = "On SIGTERM drain this balancer first, and end when no connection is "
			"active, or after this time. A second signal ends it at once.",
	},
	[FLAG_EMPTY_HOLD] = {
		.name = "empty-hold-down",
		.env = "EZLB_EMPTY_HOLD_DOWN",
		.arg = "DURATION",
		.by_default = "10s",
		.help = "When all service files disappear at once, keep the services "
			"for this long before removing them.",
	},
	[FLAG_ADMIN_ADDRESS] = {
		.name = "admin-address",
		.env = "EZLB_ADMIN_ADDRESS",
		.arg = "[IP:]PORT",
		.by_default = "none",
		.help = "Serve HTTP on this TCP address, too: the page, /metrics, "
			"/api/v1. Without an IP: 127.0.0.1.",
	},
	[FLAG_TRAFFIC_INTERVAL] = {
		.name = "traffic-interval",
		.env = "EZLB_TRAFFIC_INTERVAL",
		.arg = "DURATION>=1s",
		.by_default = "15s",
		.help = "Time between two log lines about the traffic of a service "
			"that has traffic_log.",
	},
	[FLAG_CONNECTION_LOG] = {
		.name = "connection-log",
		.env = "EZLB_CONNECTION_LOG",
		.arg = "FILE",
		.by_default = "stderr, with the log",
		.help = "File for the lines about ended connections of services that have "
			"connection_log. SIGUSR1 opens it again after a rotation.",
	},
	[FLAG_SANDBOX] = {
		.name = "sandbox",
		.env = "EZLB_SANDBOX",
		.arg = "auto|off",
		.by_default = "auto",
		.help = "auto: give up the capabilities and system calls that ezlb does not need, "
			"and talk HTTP in a process that has none.",
	},
	[FLAG_LOG_LEVEL] = {
		.name = "log-level",
		.env = "EZLB_LOG_LEVEL",
		.arg = "error|warn|info|debug",
		.by_default = "info",
		.help = "The least important level of log lines that ezlb writes to "
			"stderr.",
	},
	[FLAG_LOG_FORMAT] = {
		.name = "log-format",
		.env = "EZLB_LOG_FORMAT",
		.arg = "logfmt|json",
		.by_default = "logfmt",
		.help = "The format of a log line.",
	},
	[FLAG_OUTPUT] = {
		.name = "output",
		.env = "EZLB_OUTPUT",
		.arg = "text|json",
		.by_default = "text",
		.help = "The format on stdout. text may also be written as table.",
		.letter = 'o',
	},
	[FLAG_COLOUR] = {
		.name = "color",
		.env = "EZLB_COLOR",
		.arg = "auto|always|never",
		.by_default = "auto",
		.help = "auto: colors on a terminal, unless NO_COLOR is set.",
	},
	[FLAG_FROM] = {
		.name = "from",
		.env = "EZLB_FROM",
		.arg = "go|ipvsadm|keepalived|kubernetes",
		.by_default = "by the content of each file",
		.help = "The format of the files.",
	},
	[FLAG_OUTPUT_DIR] = {
		.name = "output-dir",
		.env = "EZLB_OUTPUT_DIR",
		.arg = "DIR",
		.by_default = "stdout",
		.help = "Write each service to DIR/NAME.yaml, and overwrite no file.",
	},
	[FLAG_WATCH] = {
		.name = "watch",
		.help = "Print again every 2 s, until Ctrl-C.",
	},
	[FLAG_FOLLOW] = {
		.name = "follow",
		.help = "Then print what is new, until Ctrl-C.",
		.letter = 'f',
	},
	[FLAG_SORT] = {
		.name = "sort",
		.env = "EZLB_SORT",
		.arg = "age|bytes",
		.by_default = "age",
		.help = "Which connections come first: the oldest, or those with the most bytes.",
	},
	[FLAG_LIMIT] = {
		.name = "limit",
		.env = "EZLB_LIMIT",
		.arg = "1-1000000",
		.by_default = "50",
		.help = "Print at most so many connections.",
	},
	[FLAG_FORMAT] = {
		.name = "format",
		.env = "EZLB_FORMAT",
		.arg = "text|json|github|sarif",
		.by_default = "text",
		.help = "What is printed: text for people, json, github for annotations "
			"in GitHub Actions, sarif for code scanning.",
	},
	[FLAG_STRICT] = {
		.name = "strict",
		.help = "A warning makes the exit status 1, too.",
	},
	[FLAG_ALLOW_EMPTY] = {
		.name = "allow-empty",
		.help = "It is no error if there are no service files at all.",
	},
	[FLAG_CONFIGMAP] = {
		.name = "configmap",
		.env = "EZLB_CONFIGMAP",
		.arg = "[NAMESPACE/]NAME",
		.by_default = "those with service files",
		.help = "Of the ConfigMaps in manifests check this one. Repeat the flag "
			"for more than one; in the variable, separate them by ':'.",
	},
	[FLAG_BEST_EFFORT] = {
		.name = "best-effort",
		.help = "Exit with 0 although something failed, and print what. For an init "
			"container, which must not stop `ezlb run` from serving the rest.",
	},
	[FLAG_WAIT] = {
		.name = "wait",
		.env = "EZLB_WAIT",
		.arg = "DURATION",
		.by_default = "0s",
		.help = "Wait until no connection is active, at most this long.",
	},
	[FLAG_UNTIL_EXIT] = {
		.name = "until-exit",
		.help = "The drain ends with the running ezlb: the next one does not drain.",
	},
	[FLAG_HELP] = {
		.name = "help",
		.help = "Print this text.",
		.letter = 'h',
	},
};
