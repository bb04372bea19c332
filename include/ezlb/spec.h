/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spec: what one service file asks for, validated and with defaults filled in. Package config
 * creates it; after that it never changes. Rows for the kernel are a separate type (table.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/check.h>
#include <ezlb/mem.h>

#define EZLB_NAME_MAX	  63   /* a DNS label, RFC 1035 2.3.1 */
#define EZLB_SCHED_MAX	  15   /* IP_VS_SCHEDNAME_MAXLEN - 1, linux/ip_vs.h */
#define EZLB_BACKENDS_MAX 5000 /* in one service file */
#define EZLB_PE_MAX	  15   /* IP_VS_PENAME_MAXLEN - 1, linux/ip_vs.h */

enum EZLB_BYTE ezlb_proto { EZLB_TCP, EZLB_UDP, EZLB_SCTP };
enum EZLB_BYTE ezlb_forward { EZLB_MASQ, EZLB_DIRECT, EZLB_TUNNEL };
enum EZLB_BYTE ezlb_tunnel_type {
	EZLB_TUNNEL_IPIP,
	EZLB_TUNNEL_GUE,
	EZLB_TUNNEL_GRE
}; /* as IP_VS_CONN_F_TUNNEL_TYPE_* */
enum EZLB_BYTE ezlb_tunnel_checksum { EZLB_TUNNEL_NOCSUM, EZLB_TUNNEL_CSUM, EZLB_TUNNEL_REMCSUM };
/* What to do with the connections of a backend that health says is down. */
enum ezlb_on_failure {
	EZLB_ON_FAILURE_AUTO,	/* drain if the backend still answers, remove otherwise */
	EZLB_ON_FAILURE_REMOVE, /* remove at once */
	EZLB_ON_FAILURE_DRAIN	/* drain, also if the backend does not answer */
};

/* How a backend of a full_nat service learns the address of the client. */
enum ezlb_client_address {
	EZLB_CLIENT_ADDRESS_NONE,
	EZLB_CLIENT_ADDRESS_TOA /* by a TCP option in the first packets of a connection */
};

/* When the addresses of the listeners are on the link of --vip-device. */
enum ezlb_vip_when {
	EZLB_VIP_DEFAULT, /* as --vip-when says */
	EZLB_VIP_ALWAYS,
	EZLB_VIP_SERVING /* while a service on the address has a backend that serves */
};

/* A place in a file; both count from 1, 0 = unknown. */
struct ezlb_mark {
	int line;
	int col;
};
int ezlb_mark_cmp(struct ezlb_mark a, struct ezlb_mark b); /* the order of the places */

/* How packets reach a dest with forward: tunnel. All zero: IP in IP. */
struct ezlb_tunnel {
	enum ezlb_tunnel_type type;
	uint16_t port;			    /* gue only: the UDP port of the backend */
	enum ezlb_tunnel_checksum checksum; /* gue, gre */
};

/* Sticky clients: all connections of one client network go to one backend. */
struct ezlb_persistence {
	uint32_t timeout_s; /* after the last connection; 0: no persistence */
	uint8_t prefix;	    /* size of the client network: 1-32, IPv6 1-128; 0: the whole address */
	char engine[EZLB_PE_MAX + 1]; /* "sip": by SIP Call-ID, udp only; "": by address */
};

/*
 * The fewest healthy backends with which verdicts count. With fewer, every configured backend is
 * scheduled (fail open). Zero: never.
 */
struct ezlb_min_healthy {
	uint32_t count; /* backends, or with `percent` 0-100, rounded up */
	bool percent;
};

/*
 * What identifies a virtual service: protocol and listener, or a firewall mark. With a mark
 * `listen` has only its family, and `proto` is EZLB_TCP (not used): such a service takes packets of
 * every protocol and port.
 */
struct ezlb_service_key {
	enum ezlb_proto proto;
	struct ezlb_endpoint listen;
	uint32_t fwmark; /* 0: none */
};

/*
 * One place where clients connect, which is one virtual service. `key` is its listener, or the mark
 * of the file, or for a range of ports the mark that ezlb sets on its packets.
 */
struct ezlb_listener {
	struct ezlb_service_key key;
	enum ezlb_proto proto; /* of the range */
	struct ezlb_endpoint
		listen;	    /* address and first port; a mark of the file has only a family */
	uint16_t last_port; /* of a range of ports; 0: one port, or a mark of the file */
	struct ezlb_mark at;
};

struct ezlb_backend {
	struct ezlb_endpoint endpoint; /* port 0: the port that the client used */
	uint32_t weight;	       /* 0-65535; 0: no new connections */
	uint32_t upper;		       /* no new connections while it has so many; 0: no limit */
	uint32_t lower; /* ... until it has fewer than this; 0: three quarters of upper */
	bool fallback;	/* serves only while no other backend is healthy */
	struct ezlb_mark at;
};

struct ezlb_spec {
	char *file; /* the path shown to humans; owned */
	char name[EZLB_NAME_MAX + 1];
	struct ezlb_listener *listeners; /* in file order; owned */
	size_t n_listeners;		 /* at least one; their keys differ */
	struct ezlb_endpoint listen;	 /* of the first listener */
	enum ezlb_proto proto;		 /* of the first listener */
	char scheduler[EZLB_SCHED_MAX + 1];
	uint32_t flags; /* IP_VS_SVC_F_SCHED1-3 (scheduler_flags), IP_VS_SVC_F_ONEPACKET */
	struct ezlb_persistence persistence;
	enum ezlb_forward forward;
	struct ezlb_tunnel tunnel;
	bool full_nat;
	struct ezlb_addr_range snat_ip; /* family 0: MASQUERADE */
	enum ezlb_client_address client_address;
	uint32_t toa_ipv6_kind; /* of the TCP option for IPv6 clients: 254 or 253 */
	bool connection_log;	/* a line for each connection that has ended */
	bool traffic_log;
	enum ezlb_vip_when vip;
	struct ezlb_check check;
	uint32_t drain_ms; /* for a backend that leaves; 0: removed at once */
	enum ezlb_on_failure on_failure;
	struct ezlb_min_healthy min_healthy;
	uint32_t slow_start_ms;	       /* 0: full weight at once */
	struct ezlb_backend *backends; /* in file order; owned */
	size_t n_backends;	       /* at least one */
	struct ezlb_mark name_at, listen_at, snat_ip_at, client_address_at;
	struct ezlb_mark timeout_at; /* of the health check; without it that of its interval */
};

/* The set to apply, sorted by the key of the first listener; the specs are borrowed. */
struct ezlb_desired EZLB_VEC(const struct ezlb_spec *);

/*
 * The firewall mark that stands for a range of ports; it depends on nothing else, so it is the same
 * after a restart. Two ranges may get the same mark: fwmark in a file chooses another one.
 */
uint32_t ezlb_range_mark(enum ezlb_proto proto, const struct ezlb_endpoint *first,
			 uint16_t last_port);

struct ezlb_spec *ezlb_spec_new(void);
void ezlb_spec_free(struct ezlb_spec *spec); /* NULL is fine */

/* The mark of a file: no address and no port, and packets of every protocol. */
bool ezlb_listener_is_mark(const struct ezlb_listener *listener);
/* "10.0.0.1:53", "10.0.0.1:5000-5100", "fwmark 7", "fwmark 7 ipv6" */
#define EZLB_LISTENER_STRLEN (EZLB_ENDPOINT_STRLEN + 8)
const char *ezlb_listener_format(const struct ezlb_listener *listener,
				 char buf[EZLB_LISTENER_STRLEN]);
/* "tcp"; "any" for the mark of a file. */
const char *ezlb_listener_proto_str(const struct ezlb_listener *listener);
/* "tcp 10.0.0.1:53", "fwmark 7" */
#define EZLB_LISTENER_TEXT_STRLEN (EZLB_LISTENER_STRLEN + 8)
const char *ezlb_listener_text(const struct ezlb_listener *listener,
			       char buf[EZLB_LISTENER_TEXT_STRLEN]);

/* Whether a listener of the spec has this key. */
bool ezlb_spec_has(const struct ezlb_spec *spec, const struct ezlb_service_key *key);
/* The protocol of some listener. A mark of the file takes packets of every protocol. */
bool ezlb_spec_takes(const struct ezlb_spec *spec, enum ezlb_proto proto);

/* The words in a service file; _parse returns 0 or -EINVAL. */
const char *ezlb_proto_str(enum ezlb_proto proto);
int ezlb_proto_parse(const char *text, enum ezlb_proto *out);
const char *ezlb_forward_str(enum ezlb_forward forward);
int ezlb_forward_parse(const char *text, enum ezlb_forward *out);
const char *ezlb_tunnel_type_str(enum ezlb_tunnel_type type);
const char *ezlb_tunnel_checksum_str(enum ezlb_tunnel_checksum checksum);
const char *ezlb_client_address_str(enum ezlb_client_address how);
int ezlb_client_address_parse(const char *text, enum ezlb_client_address *out);
const char *ezlb_on_failure_str(enum ezlb_on_failure what);
const char *ezlb_vip_when_str(enum ezlb_vip_when when); /* "" for DEFAULT */
int ezlb_tunnel_type_parse(const char *text, enum ezlb_tunnel_type *out);
int ezlb_tunnel_checksum_parse(const char *text, enum ezlb_tunnel_checksum *out);
int ezlb_on_failure_parse(const char *text, enum ezlb_on_failure *out);
int ezlb_vip_when_parse(const char *text, enum ezlb_vip_when *out);

/* IPPROTO_TCP and so on; the inverse returns -EPROTONOSUPPORT for other numbers. */
int ezlb_proto_number(enum ezlb_proto proto);
int ezlb_proto_from_number(int number, enum ezlb_proto *out);
