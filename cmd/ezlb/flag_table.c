// SPDX-License-Identifier: GPL-2.0-or-later
#include "table.h"

const struct flag_row flag_table[FLAGS] = {
	[FLAG_CONFIG_DIR] = { "config-dir", "EZLB_CONFIG_DIR", "DIR", "/etc/ezlb/services.d",
			      "Directory of service files. Repeat the flag for more than one; in "
			      "the variable, separate them by ':'." },
	[FLAG_STATE_DIR] = { "state-dir", "EZLB_STATE_DIR", "DIR", "/run/ezlb",
			     "Directory in which ezlb records what it owns in the kernel, with the "
			     "socket on which a running ezlb answers." },
	[FLAG_DATAPLANE] = { "dataplane", "EZLB_DATAPLANE", "kernel|memory", "kernel",
			     "memory: only pretend, and never touch the kernel; for trying out. Nothing is "
			     "balanced, and backends count as up." },
	[FLAG_PROBE] = { "probe", "EZLB_PROBE", "true|false", "false",
			 "With --dataplane memory: probe the backends all the same.",
			 .arg_optional = true },
	[FLAG_SNAT_BACKEND] = { "snat-backend", "EZLB_SNAT_BACKEND", "auto|iptables|nftables",
				"auto",
				"What makes the source NAT of full_nat. auto: the one that has "
				"rules on this host already." },
	[FLAG_ADOPT] = { "adopt", "EZLB_ADOPT", "matching|never", "matching",
			 "A virtual service with the address of a service file exists already, and "
			 "ezlb did not make it. matching: take it over; never: leave it alone." },
	[FLAG_FIREWALL] = { "firewall", "EZLB_FIREWALL", "auto|never", "auto",
			    "auto: where a filter of iptables drops packets, add rules that accept "
			    "those of the services." },
	[FLAG_HOST_SETUP] = { "host-setup", "EZLB_HOST_SETUP", "auto|never", "auto",
			      "auto: load the kernel modules and set the sysctls that the services "
			      "need." },
	[FLAG_VIP_DEVICE] = { "vip-device", "EZLB_VIP_DEVICE", "NAME", "none",
			      "Put the addresses of all listeners on a dummy interface of this "
			      "name." },
	[FLAG_CLEANUP] = { "cleanup-on-exit", "EZLB_CLEANUP_ON_EXIT", "true|false", "true",
			   "true: remove from the kernel all that ezlb owns when it ends.",
			   .arg_optional = true },
	[FLAG_EMPTY_HOLD] = { "empty-hold-down", "EZLB_EMPTY_HOLD_DOWN", "DURATION", "10s",
			      "When all service files disappear at once, keep the services for this "
			      "long before removing them." },
	[FLAG_ADMIN_ADDRESS] = { "admin-address", "EZLB_ADMIN_ADDRESS", "[IP:]PORT", "none",
				 "Answer HTTP there too: the page, /metrics, /api/v1. Without an "
				 "IP: on 127.0.0.1." },
	[FLAG_TRAFFIC_INTERVAL] = { "traffic-interval", "EZLB_TRAFFIC_INTERVAL", "DURATION>=1s",
				    "15s",
				    "Time between two log lines about the traffic of a service that "
				    "has traffic_log." },
	[FLAG_LOG_LEVEL] = { "log-level", "EZLB_LOG_LEVEL", "error|warn|info|debug", "info",
			     "The least important kind of log line that is written to stderr." },
	[FLAG_LOG_FORMAT] = { "log-format", "EZLB_LOG_FORMAT", "logfmt|json", "logfmt",
			      "The format of a log line." },
	[FLAG_OUTPUT] = { "output", "EZLB_OUTPUT", "text|json", "text",
			  "The format on stdout. table means text.", .letter = 'o' },
	[FLAG_COLOUR] = { "color", "EZLB_COLOR", "auto|always|never", "auto",
			  "auto: colors on a terminal, unless NO_COLOR is set." },
	[FLAG_WATCH] = { "watch", .help = "Show it again every 2 s, until Ctrl-C." },
	[FLAG_FOLLOW] = { "follow", .help = "Go on with new events, until Ctrl-C.", .letter = 'f' },
	[FLAG_HELP] = { "help", .help = "Print this text.", .letter = 'h' },
};
