// SPDX-License-Identifier: GPL-2.0-or-later
#include "schema.h"

#include <ezlb/spec.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define WORDS(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}
#define SPEC(member)	.place = IN_SPEC, .offset = offsetof(struct ezlb_spec, member)
#define BACKEND(member) .place = IN_BACKEND, .offset = offsetof(struct ezlb_backend, member)

#define SECOND 1000
#define HOUR   (3600 * SECOND)

/* Addresses only roughly: a pattern that is exact would be unreadable. */
#define PORT	  "[1-9][0-9]{0,4}"
#define IPV4	  "[0-9]{1,3}(\\.[0-9]{1,3}){3}"
#define IPV6	  "[0-9a-fA-F:]*:[0-9a-fA-F:.]*"
#define HOST	  "(" IPV4 "|\\[" IPV6 "\\])"
#define LISTEN	  "^" HOST ":" PORT "(-" PORT ")?$"
#define ADDRESS	  "^" HOST "(:" PORT ")?$"
#define ADDRESSES "^(" IPV4 "(-" IPV4 ")?|" IPV6 "(-" IPV6 ")?)?$"

static const struct alias schedulers_of_others[] = {
	{ "roundrobin", "rr" },
	{ "round-robin", "rr" },
	{ "round_robin", "rr" },
	{ "leastconn", "lc" },
	{ "least-conn", "lc" },
	{ "least_conn", "lc" },
	{ "leastconnection", "lc" },
	{ "source", "sh" },
	{ "source-hash", "sh" },
	{ "source_hash", "sh" },
	{ "ip_hash", "sh" },
	{ "maglev", "mh" },
	{ "p2c", "twos" },
	{ "weighted-roundrobin", "wrr" },
	{ NULL, NULL },
};
static const struct alias forwards_of_others[] = {
	{ "nat", "masq" },	    { "masquerade", "masq" }, { "masquerading", "masq" },
	{ "snat", "masq" },	    { "dr", "direct" },	      { "gate", "direct" },
	{ "gatewaying", "direct" }, { "route", "direct" },    { "dsr", "direct" },
	{ "tun", "tunnel" },	    { "ipip", "tunnel" },     { NULL, NULL },
};

static const struct field backend_fields[] = {
	{ "address", VALUE_TEXT,
	  "IP:port, or \"[IPv6]:port\" in quotes. Without a port, where listen is a list or a "
	  "range, or with fwmark: the port that the client used",
	  .needed = "write - address: IP:port", .pattern = ADDRESS, .read = ezlb_read_address,
	  .write = ezlb_write_address },
	{ "weight", VALUE_NUMBER, "the share of new connections; 0: no new connections",
	  .by_default = "1", .limits = { 0, 65535 }, BACKEND(weight) },
	{ "upper_threshold", VALUE_NUMBER,
	  "no new connections while the backend has so many; 0: no limit", .by_default = "0",
	  .limits = { 0, UINT32_MAX }, BACKEND(upper) },
	{ "lower_threshold", VALUE_NUMBER,
	  "after upper_threshold was reached: new connections again when it has fewer than this; "
	  "0: three quarters of upper_threshold",
	  .by_default = "0", .limits = { 0, UINT32_MAX }, BACKEND(lower) },
};

static const struct field persistence_fields[] = {
	{ "timeout", VALUE_DURATION, "how long after its last connection a client is remembered",
	  .by_default = "5m", .limits = { SECOND, 24 * HOUR },
	  .read = ezlb_read_persistence_timeout, .write = ezlb_write_persistence_timeout },
	{ "netmask", VALUE_TEXT,
	  "the size of the client network that goes to one backend: a prefix length, 1-32 or for "
	  "IPv6 1-128, or a mask like 255.255.255.0. Default: each address by itself",
	  .pattern = "^([1-9][0-9]{0,2}|" IPV4 ")$", .limits = { 1, 128 },
	  .read = ezlb_read_netmask, .write = ezlb_write_netmask },
	{ "engine", VALUE_WORD,
	  "sip: the Call-ID of a SIP message decides, and not the address. protocol: udp only",
	  .words = WORDS("sip"), .read = ezlb_read_engine, .write = ezlb_write_engine },
};

static const struct field tunnel_fields[] = {
	{ "type", VALUE_WORD,
	  "how packets are wrapped: IP in IP, Generic UDP Encapsulation, or GRE",
	  .by_default = "ipip", .words = WORDS("ipip", "gue", "gre"), .read = ezlb_read_tunnel_type,
	  .write = ezlb_write_tunnel_type },
	{ "port", VALUE_NUMBER, "type: gue only, and required there: the UDP port of the backends",
	  .limits = { 1, 65535 }, .read = ezlb_read_tunnel_port, .write = ezlb_write_tunnel_port },
	{ "checksum", VALUE_WORD,
	  "the checksum of the outer header. csum: gue and gre; remcsum (remote checksum "
	  "offload): gue",
	  .by_default = "none", .words = WORDS("none", "csum", "remcsum"),
	  .read = ezlb_read_tunnel_checksum, .write = ezlb_write_tunnel_checksum },
};

static const struct field service_fields[] = {
	{ "name", VALUE_TEXT,
	  "the name of the service. Default: the file's name without .yaml or .yml", .any = true,
	  .pattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", .read = ezlb_read_name,
	  .write = ezlb_write_name },
	{ "listen", VALUE_TEXT,
	  "where clients connect: IP:port, or \"[IPv6]:port\" in quotes, or a range of ports "
	  "like 10.0.0.1:8000-8099; one of them or a list",
	  .needed = "write listen: IP:port", .unless = "fwmark", .pattern = LISTEN, .many = true,
	  .read = ezlb_read_listen, .write = ezlb_write_listen },
	{ "protocol", VALUE_WORD, "one of them or a list: each listener with each protocol",
	  .by_default = "tcp", .words = WORDS("tcp", "udp", "sctp"), .many = true,
	  .read = ezlb_read_protocol, .write = ezlb_write_protocol },
	{ "fwmark", VALUE_NUMBER,
	  "in place of listen: packets with this firewall mark. With one range of ports in "
	  "listen: the mark that ezlb sets on its packets",
	  .limits = { 1, UINT32_MAX }, .read = ezlb_read_fwmark, .write = ezlb_write_fwmark },
	{ "scheduler", VALUE_WORD, "how the kernel selects the backend of a new connection",
	  .by_default = "wrr",
	  .words = WORDS("rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo",
			 "ovf", "mh", "twos"),
	  .aliases = schedulers_of_others, .read = ezlb_read_scheduler,
	  .write = ezlb_write_scheduler },
	{ "scheduler_flags", VALUE_WORD,
	  "for scheduler: sh or mh. fallback: another backend where the hash names one with "
	  "weight 0; port: hash the source port, too",
	  .words = WORDS("sh-fallback", "sh-port", "mh-fallback", "mh-port"), .many = true,
	  .read = ezlb_read_scheduler_flags, .write = ezlb_write_scheduler_flags },
	{ "persistence", VALUE_MAP,
	  "all connections of a client go to one backend. A duration alone is its timeout",
	  .limits = { SECOND, 24 * HOUR }, .table = &persistence_table,
	  .read = ezlb_read_persistence, .write = ezlb_write_persistence },
	{ "one_packet", VALUE_BOOL, "protocol: udp only: select a backend for each datagram anew",
	  .by_default = "false", .read = ezlb_read_one_packet, .write = ezlb_write_one_packet },
	{ "forward", VALUE_WORD,
	  "masq: NAT; direct: direct routing; tunnel: see tunnel. direct and tunnel cannot "
	  "change the port",
	  .by_default = "masq", .words = WORDS("masq", "direct", "tunnel"),
	  .aliases = forwards_of_others, .read = ezlb_read_forward, .write = ezlb_write_forward },
	{ "tunnel", VALUE_MAP, "forward: tunnel only: how packets reach the backends",
	  .table = &tunnel_table },
	{ "full_nat", VALUE_BOOL, "true: replace the source address as well", .by_default = "false",
	  .read = ezlb_read_full_nat, .write = ezlb_write_full_nat },
	{ "snat_ip", VALUE_TEXT,
	  "full_nat: true only: the source address that backends see, or a range like "
	  "10.0.0.3-10.0.0.6. Default: the address of the outgoing interface (MASQUERADE)",
	  .pattern = ADDRESSES, .empty = true, .read = ezlb_read_snat_ip,
	  .write = ezlb_write_snat_ip },
	{ "client_address", VALUE_WORD,
	  "full_nat: true and protocol: tcp: how backends learn the address of the client. toa: "
	  "by a TCP option, which ezlb-toa or a kernel module on the backend reads",
	  .by_default = "none", .words = WORDS("none", "toa"), .read = ezlb_read_client_address,
	  .write = ezlb_write_client_address },
	{ "toa_ipv6_kind", VALUE_NUMBER,
	  "client_address: toa only: the kind of the TCP option for IPv6 clients: 254 as DPVS "
	  "reads it, 253 as the modules of Alibaba and Huawei do",
	  .by_default = "254", .limits = { 253, 254 }, SPEC(toa_ipv6_kind) },
	{ "vip", VALUE_WORD,
	  "with --vip-device: when the addresses of listen are on its link. serving: while a "
	  "service on the address has a backend that serves. Default: as --vip-when says",
	  .words = WORDS("always", "serving"), .read = ezlb_read_vip, .write = ezlb_write_vip },
	{ "backends", VALUE_MAPS, "where the packets go",
	  .needed = "write backends: and below it '- address: IP:port'", .table = &backend_table,
	  .read = ezlb_read_backends },
	{ "fallback", VALUE_MAPS, "backends that serve only while none of `backends` is healthy",
	  .table = &backend_table, .read = ezlb_read_fallback },
	{ "min_healthy", VALUE_TEXT,
	  "with fewer healthy backends than this number, or share like \"50%\", all of them are "
	  "scheduled; 0: never",
	  .by_default = "0", .pattern = "^(0|[1-9][0-9]*|([0-9]|[1-9][0-9]|100)%)$",
	  .limits = { 0, 5000 }, .read = ezlb_read_min_healthy, .write = ezlb_write_min_healthy },
	{ "slow_start", VALUE_DURATION,
	  "a backend that came up or was added gets its weight in steps, within this time. "
	  "scheduler: wrr, wlc, sed, nq, lblc, lblcr or twos",
	  .by_default = "0s", .limits = { 0, HOUR }, SPEC(slow_start_ms) },
	{ "drain_timeout", VALUE_DURATION,
	  "a backend that leaves keeps its open connections, but no longer than this. 0s: "
	  "removed at once",
	  .by_default = "30s", .limits = { 0, 24 * HOUR }, SPEC(drain_ms) },
	{ "on_failure", VALUE_WORD,
	  "a backend that goes down. drain: its open connections go on; remove: they end; auto: "
	  "drain if it still answers, else remove",
	  .by_default = "auto", .words = WORDS("auto", "remove", "drain"),
	  .read = ezlb_read_on_failure, .write = ezlb_write_on_failure },
	{ "connection_log", VALUE_BOOL,
	  "full_nat: true only: write a line for each connection that has ended",
	  .by_default = "false", SPEC(connection_log) },
	{ "traffic_log", VALUE_BOOL, "true: write the traffic of each interval to the log",
	  .by_default = "false", SPEC(traffic_log) },
	{ "health_check", VALUE_MAP, "how backends are probed", .table = &check_table },
};

_Static_assert(COUNT(service_fields) <= MAX_FIELDS, "raise MAX_FIELDS");

const struct table service_table = { TABLE_SERVICE, service_fields, COUNT(service_fields) };
const struct table backend_table = { TABLE_BACKEND, backend_fields, COUNT(backend_fields) };
const struct table persistence_table = { TABLE_PERSISTENCE, persistence_fields,
					 COUNT(persistence_fields) };
const struct table tunnel_table = { TABLE_TUNNEL, tunnel_fields, COUNT(tunnel_fields) };
