/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table: the rows that the kernel should hold (target) or holds (actual). Rows are flat values that
 * include their whole key and are sorted by it. _cmp compares keys only and is a total order; _same
 * compares the other values.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/addr.h>
#include <ezlb/mem.h>
#include <ezlb/setting.h>
#include <ezlb/spec.h>
#include <ezlb/sync.h>
#include <ezlb/timeout.h>

/* A virtual service. */
struct ezlb_service_row {
	struct ezlb_service_key key;
	char scheduler[EZLB_SCHED_MAX + 1];
	uint32_t flags;	  /* IP_VS_SVC_F_*, without the kernel's own IP_VS_SVC_F_HASHED */
	uint32_t timeout; /* persistence in seconds; 0 if the flag is not set */
	uint32_t netmask; /* IPv4: network order mask, ~0 = host; IPv6: prefix length, 128 = host */
	char engine[EZLB_PE_MAX + 1]; /* of persistence; "": by address */
};

/* A real server of a virtual service. */
struct ezlb_dest_row {
	struct ezlb_service_key service;
	struct ezlb_endpoint endpoint;
	uint32_t weight;
	uint32_t upper, lower;	   /* connection thresholds; 0 = none */
	uint32_t active;	   /* actual rows only, not compared: established connections */
	struct ezlb_tunnel tunnel; /* of forward TUNNEL; else zero */
	enum ezlb_forward forward;
	bool full_nat; /* target rows only, not compared: its SNAT row must be added first */
};

/*
 * The connections that a SNAT row translates: those to one backend, from all full_nat services that
 * send to it; or those to one service's listener. It depends on the SNAT layer which of the two its
 * rules can match.
 */
enum EZLB_BYTE ezlb_snat_key_kind { EZLB_SNAT_KEY_BACKEND, EZLB_SNAT_KEY_LISTENER };
struct ezlb_snat_key {
	enum ezlb_snat_key_kind kind;
	enum ezlb_proto proto;
	struct ezlb_endpoint endpoint; /* the backend, or the listener */
	uint32_t fwmark; /* LISTENER only, of a service with a mark; endpoint has its family */
};
struct ezlb_snat_row {
	struct ezlb_snat_key key;
	struct ezlb_addr_range to; /* family 0: MASQUERADE */
	uint64_t connections; /* actual rows only, not compared: connections translated so far */
};

/*
 * A rule that accepts a service's packets where another program's filter drops: packets to the
 * listener in INPUT, answers of backends in FORWARD.
 */
enum ezlb_gate { EZLB_GATE_INPUT, EZLB_GATE_FORWARD, EZLB_GATES };
struct ezlb_accept_row {
	enum ezlb_gate gate;
	struct ezlb_service_key service;
};

/*
 * A rule that sets the firewall mark of a service on the packets to a range of ports. With all
 * zero: something in ezlb's table of these rules is not one of them.
 */
struct ezlb_mark_row {
	struct ezlb_service_key service; /* with a mark */
	enum ezlb_proto proto;
	struct ezlb_endpoint first; /* address and first port */
	uint16_t last_port;
};

/*
 * What the program for the TCP option with the client's address ("TOA") does with the packets of a
 * full_nat TCP service to its backends. The program knows a service by its listener or mark.
 */
enum ezlb_toa_mode {
	EZLB_TOA_STRIP, /* overwrites options of that kind: a client may have forged one */
	EZLB_TOA_ADD	/* the same, and adds the option with the client's address and port */
};
struct ezlb_toa_row {
	struct ezlb_service_key service;
	enum ezlb_toa_mode mode;
	uint8_t ipv6_kind; /* ADD: the kind of the option for IPv6 clients: 254 or 253 */
};

/* The program on the egress of an interface, by which packets leave for backends. */
struct ezlb_hook_row {
	char device[EZLB_DEVICE_STRLEN];
	/*
	 * Not compared. The qdisc clsact of the interface. Actual rows: there is one. HOOK_ADD,
	 * HOOK_DEL: ezlb created it (will create it), and HOOK_DEL removes it when no filter is
	 * left. HOOK_ADD is -EEXIST if somebody else has created it meanwhile; in HOOK_DEL a hook,
	 * qdisc or interface that is gone already is no error.
	 */
	bool qdisc;
};
/*
 * By which interface packets to an address leave; actual only. An address may have no route, and
 * has a row for each interface of a multipath route.
 */
struct ezlb_route_row {
	struct ezlb_addr to;
	char device[EZLB_DEVICE_STRLEN];
	bool qdisc;   /* the interface has a qdisc clsact, whoever made it */
	bool ingress; /* it has the qdisc ingress, beside which clsact, and so a hook, cannot be */
};

/* A dummy link that ezlb owns, and a listener's address on one. */
struct ezlb_link_row {
	char device[EZLB_DEVICE_STRLEN];
};
struct ezlb_vip_row {
	char device[EZLB_DEVICE_STRLEN];
	struct ezlb_addr addr;
};

/*
 * An address at which only services answer: a new connection to it that IPVS does not take is
 * rejected. Family 0: something in ezlb's table of these addresses is not ezlb's.
 */
struct ezlb_guard_row {
	struct ezlb_addr addr;
	/*
	 * Ops only, not compared: there is a dest on this host whose packets have this address.
	 * GUARD_DEL comes before that dest, GUARD_ADD after it is gone.
	 */
	bool by_dest;
};

/* An address that is added only if one of its services can take a connection. */
struct ezlb_vip_need {
	struct ezlb_addr addr;
	struct ezlb_service_key service;
	bool ready; /* in a plan: it could before the plan, and still can after it */
};

#define EZLB_TOA_PROBLEM_STRLEN 160

struct ezlb_services EZLB_VEC(struct ezlb_service_row);
struct ezlb_dests EZLB_VEC(struct ezlb_dest_row);
struct ezlb_snats EZLB_VEC(struct ezlb_snat_row);
struct ezlb_setting_rows EZLB_VEC(struct ezlb_setting_row);
struct ezlb_accepts EZLB_VEC(struct ezlb_accept_row);
struct ezlb_marks EZLB_VEC(struct ezlb_mark_row);
struct ezlb_guards EZLB_VEC(struct ezlb_guard_row);
struct ezlb_toas EZLB_VEC(struct ezlb_toa_row);
struct ezlb_hooks EZLB_VEC(struct ezlb_hook_row);
struct ezlb_routes EZLB_VEC(struct ezlb_route_row);
struct ezlb_links EZLB_VEC(struct ezlb_link_row);
struct ezlb_vips EZLB_VEC(struct ezlb_vip_row);
struct ezlb_addrs EZLB_VEC(struct ezlb_addr);
struct ezlb_vip_needs EZLB_VEC(struct ezlb_vip_need);

struct ezlb_table {
	struct ezlb_services services;
	struct ezlb_dests dests;
	struct ezlb_snats snats;
	struct ezlb_setting_rows settings;
	/* Actual: those of the kernel if the layer was asked for them. Target: those to set. */
	struct ezlb_timeout_rows timeouts;
	struct ezlb_syncs syncs; /* actual: if the layer was asked for them */
	struct ezlb_accepts accepts;
	struct ezlb_marks marks;
	struct ezlb_guards guards;
	struct ezlb_toas toas;
	struct ezlb_hooks hooks;
	struct ezlb_routes routes; /* actual: of the addresses that the layer was asked for */
	struct ezlb_links links;
	struct ezlb_vips vips;
	struct ezlb_vip_needs vip_needs; /* target: of the vips that have any */
	struct ezlb_addrs elsewhere; /* actual: local addresses on links that ezlb does not own */
	/*
	 * The frame of the SNAT rows: for iptables the chain EZLB-SNAT and the jump to it. Target:
	 * whether it should exist. Actual: `present` if any part of it exists, `sound` if it is
	 * complete (the chain exists, there is exactly one jump, and the chain holds only rows).
	 */
	bool snat_wanted;
	bool snat_present, snat_sound;
	/*
	 * The same for the accepts: the chains EZLB-INPUT and EZLB-FORWARD in every filter that
	 * drops. gates, actual only: whether such a filter exists, by gate, for IPv4 and IPv6.
	 */
	bool accepts_wanted;
	bool accepts_present, accepts_sound;
	bool gates[EZLB_GATES][2];
	/*
	 * The same for TOA: the pinned program and its maps. toa_problem, actual only: why this
	 * host cannot do it, for the operator; "": it can, as far as is known. With a problem
	 * target leaves what the kernel has while a file asks for it, and services work without.
	 */
	bool toa_wanted;
	bool toa_present, toa_sound;
	char toa_problem[EZLB_TOA_PROBLEM_STRLEN];
};

/* The keys that a pass may read: those that ezlb owns or wants. Everything else is foreign. */
struct ezlb_scope EZLB_VEC(struct ezlb_service_key);

void ezlb_table_sort(struct ezlb_table *table);
/* Replaces the content of `to`. */
void ezlb_table_copy(struct ezlb_table *to, const struct ezlb_table *from);
void ezlb_table_clear(struct ezlb_table *table);

int ezlb_service_key_cmp(const void *a, const void *b);
int ezlb_snat_key_cmp(const void *a, const void *b);
int ezlb_service_row_cmp(const void *a, const void *b);
int ezlb_dest_row_cmp(const void *a, const void *b);
int ezlb_snat_row_cmp(const void *a, const void *b);
int ezlb_accept_row_cmp(const void *a, const void *b);
int ezlb_mark_row_cmp(const void *a, const void *b);
int ezlb_guard_row_cmp(const void *a, const void *b);
int ezlb_toa_row_cmp(const void *a, const void *b);
int ezlb_hook_row_cmp(const void *a, const void *b);
int ezlb_route_row_cmp(const void *a, const void *b); /* by address */
int ezlb_link_row_cmp(const void *a, const void *b);
int ezlb_vip_row_cmp(const void *a, const void *b);
int ezlb_addr_row_cmp(const void *a, const void *b); /* for struct ezlb_addrs */
int ezlb_vip_need_cmp(const void *a, const void *b); /* by address, service */

bool ezlb_service_row_same(const void *a, const void *b);
bool ezlb_dest_row_same(const void *a, const void *b);
bool ezlb_snat_row_same(const void *a, const void *b);
bool ezlb_toa_row_same(const void *a, const void *b);

/* The key of the first listener. */
struct ezlb_service_key ezlb_spec_key(const struct ezlb_spec *spec);
/*
 * The endpoint of the dest for a backend of the file: without a port it gets the port of the
 * listener, and in a service with a mark it stays without one (IPVS keeps the port of the packet).
 */
struct ezlb_endpoint ezlb_dest_endpoint(const struct ezlb_service_key *service,
					const struct ezlb_endpoint *backend);
/*
 * The key of the SNAT row for connections of this service to this backend, which is one of the file
 * or its dest. Only LISTENER can tell the connections of a service with a mark.
 */
struct ezlb_snat_key ezlb_snat_key_of(enum ezlb_snat_key_kind kind,
				      const struct ezlb_service_key *service,
				      const struct ezlb_endpoint *backend);

bool ezlb_scope_has(const struct ezlb_scope *scope, const struct ezlb_service_key *key);
/* Removes from scope what is in other. */
void ezlb_scope_subtract(struct ezlb_scope *scope, const struct ezlb_scope *other);

/* "tcp 10.0.0.1:80", "fwmark 7", "fwmark 7 ipv6" */
#define EZLB_SERVICE_KEY_STRLEN (EZLB_ENDPOINT_STRLEN + 8)
const char *ezlb_service_key_format(const struct ezlb_service_key *key,
				    char buf[EZLB_SERVICE_KEY_STRLEN]);
/* The inverse. -EINVAL; then *out is unchanged. */
int ezlb_service_key_parse(const char *text, struct ezlb_service_key *out);
/* The backend or the listener of a SNAT row in the same way. */
const char *ezlb_snat_key_format(const struct ezlb_snat_key *key,
				 char buf[EZLB_SERVICE_KEY_STRLEN]);

/* "tcp 10.0.0.1:5000-5100"; truncates nothing. */
#define EZLB_MARK_STRLEN (EZLB_ENDPOINT_STRLEN + 16)
const char *ezlb_mark_row_format(const struct ezlb_mark_row *row, char buf[EZLB_MARK_STRLEN]);

const char *ezlb_toa_mode_str(enum ezlb_toa_mode mode); /* "strip" */
const char *ezlb_gate_str(enum ezlb_gate gate);		/* "input" */
