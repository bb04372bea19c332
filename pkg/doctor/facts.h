/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts: what the host is like, as values; and the checks that make findings of them. */
#pragma once

#include <linux/rtnetlink.h>

#include <ezlb/doctor.h>

/* --- of the host ----------------------------------------------------------------------------- */

/* Without lists of modules, as in a container, nobody here can tell: the kernel loads from its own.
 */
enum module_state { MODULE_MISSING, MODULE_UNKNOWN, MODULE_LOADABLE, MODULE_THERE };

#define NUMBER_NONE (-1) /* there is no such file */

struct host_facts {
	uint64_t caps; /* effective */
	enum module_state ip_vs;
	long vs_conntrack, ip_forward, ip6_forwarding;
	long conntrack_count, conntrack_max;
	char legacy[2][128];	  /* tables that are loaded, "nat filter": IPv4, IPv6 */
	bool iptables_nft[2];	  /* iptables-nft has made tables; from filters_read() */
	struct ezlb_err lock_err; /* of the lock of iptables; code 0: it can be had */
};

/* The lock is tried for 200 ms. */
void facts_read(const char *root, struct host_facts *out);
enum module_state facts_module(const char *root, const char *name);
/* IPv4's: the larger one of that for `all` and of the link's own counts. */
long facts_rp_filter(const char *root, const char *link);

/* --- of its network -------------------------------------------------------------------------- */

struct link_fact {
	int index;
	char name[EZLB_DEVICE_STRLEN];
	bool on_wire;	/* others can answer ARP on it */
	long rp_filter; /* as it counts: the larger one of `all` and its own */
};

struct addr_fact {
	struct ezlb_addr addr;
	int link;
};

struct route_fact {
	uint8_t type; /* RTN_LOCAL and so on */
	int link;
	struct ezlb_addr source; /* family 0: none */
};

/* Where a packet to `to` would go; from: NULL where that is open. 0, or the kernel's -errno. */
typedef int (*route_fn)(void *arg, const struct ezlb_addr *to, const struct ezlb_addr *from,
			struct route_fact *out);

/* A rule with a comment of the form that the doctor proposes, by which it is known again. */
struct pass_fact {
	char table[96]; /* as in struct ezlb_drop */
	char chain[64];
	char comment[80]; /* "ezlb-web" */
};
struct pass_facts EZLB_VEC(struct pass_fact);

struct net_facts {
	struct EZLB_VEC(struct link_fact) links;
	struct EZLB_VEC(struct addr_fact) addrs;
	struct ezlb_drops drops;
	struct pass_facts passes;
	struct ezlb_err filter_err; /* why drops and passes are not known */
	struct ezlb_err route_err;  /* why all else is not known */
	route_fn route;
	void *route_arg;
};
void net_facts_clear(struct net_facts *net);
const struct link_fact *net_link(const struct net_facts *net, int index); /* or NULL */

/* --- the checks ------------------------------------------------------------------------------ */

void check_host(const struct ezlb_doctor *doctor, const struct host_facts *host,
		const struct net_facts *net, struct ezlb_findings *out);
void check_service(const struct ezlb_doctor *doctor, const struct ezlb_spec *spec,
		   enum module_state scheduler, const struct net_facts *net,
		   struct ezlb_findings *out);
void check_filters(const struct ezlb_spec *spec, const struct net_facts *net,
		   struct ezlb_findings *out);

/* A finding; its fix is set by `mend`, where there is one. */
struct ezlb_finding *say(struct ezlb_findings *out, enum ezlb_level level, const char *check,
			 const char *service, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void mend(struct ezlb_finding *finding, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
