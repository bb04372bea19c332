/* SPDX-License-Identifier: GPL-2.0-or-later */
/* facts: the state of the host as values, and the functions that turn it into findings. */
#pragma once

#include <linux/rtnetlink.h>

#include <ezlb/doctor.h>
#include <ezlb/obstacle.h>

/* --- the host -------------------------------------------------------------------------------- */

/* UNKNOWN: no module lists here, as in a container; the kernel loads modules from the host. */
enum module_state { MODULE_MISSING, MODULE_UNKNOWN, MODULE_LOADABLE, MODULE_LOADED };

#define NUMBER_NONE (-1) /* the file is missing */

struct host_facts {
	uint64_t caps; /* effective */
	enum module_state ip_vs;
	long vs_conntrack, ip_forward, ip6_forwarding;
	long conntrack_count, conntrack_max;
	char legacy[2][128];	  /* loaded legacy tables, "nat filter": IPv4, IPv6 */
	bool iptables_nft[2];	  /* iptables-nft has tables; set by filters_read() */
	struct ezlb_err lock_err; /* of the iptables lock; code 0: the lock is free */
};

/* Waits at most 200 ms for the lock. */
void facts_read(const char *root, struct host_facts *out);
enum module_state facts_module(const char *root, const char *name);
/* The effective IPv4 value: the larger one of `all` and the link's own. */
long facts_rp_filter(const char *root, const char *link);

/* --- the network ----------------------------------------------------------------------------- */

struct link_fact {
	int index;
	char name[EZLB_DEVICE_STRLEN];
	bool on_wire;	/* up, uses ARP and is not loopback */
	long rp_filter; /* the effective value, see facts_rp_filter() */
	bool up;
};

struct addr_fact {
	struct ezlb_addr addr;
	int link;
};

struct route_fact {
	uint8_t type; /* RTN_LOCAL or another RTN_* */
	int link;
	struct ezlb_addr source; /* family 0: none */
};

/* Looks up the route to `to`, with source `from` or NULL for any. 0, or the kernel's -errno. */
typedef int (*route_fn)(void *arg, const struct ezlb_addr *to, const struct ezlb_addr *from,
			struct route_fact *out);

/* A rule that the doctor recognizes by the comment of the commands that it proposes. */
struct pass_fact {
	char table[96]; /* as in struct ezlb_drop */
	char chain[64];
	char comment[96]; /* "ezlb-web" */
};
struct pass_facts EZLB_VEC(struct pass_fact);

/* The TCP connections to a listener with full_nat. */
struct connections_fact {
	const struct ezlb_spec *spec; /* borrowed */
	struct ezlb_endpoint listen;
	size_t untranslated; /* those without source NAT that are not being closed */
};

struct net_facts {
	struct EZLB_VEC(struct link_fact) links;
	struct EZLB_VEC(struct addr_fact) addrs;
	struct ezlb_obstacle_listeners listeners; /* of all services, sorted */
	struct ezlb_drops drops;
	struct pass_facts passes;
	struct EZLB_VEC(struct connections_fact) connections;
	struct ezlb_err connections_err; /* why `untranslated` is unknown */
	struct ezlb_err filter_err;	 /* why drops and passes are unknown */
	struct ezlb_err route_err;	 /* why all other facts are unknown */
	route_fn route;
	void *route_arg;
};
void net_facts_clear(struct net_facts *net);
/* Asks conntrack, which may load the module nf_conntrack_netlink. */
void connections_read(const struct ezlb_desired *desired, const struct host_facts *host,
		      struct net_facts *net);
const struct link_fact *net_link(const struct net_facts *net, int index); /* or NULL */

/* --- findings -------------------------------------------------------------------------------- */

void check_host(const struct ezlb_doctor *doctor, const struct host_facts *host,
		const struct net_facts *net, struct ezlb_findings *out);
void check_service(const struct ezlb_doctor *doctor, const struct ezlb_spec *spec,
		   enum module_state scheduler, const struct net_facts *net,
		   struct ezlb_findings *out);
/* Nothing if the address is not on a link. */
void check_guard(const struct ezlb_doctor *doctor, const struct ezlb_spec *spec,
		 const struct ezlb_addr *vip, const struct net_facts *net,
		 struct ezlb_findings *out);
void check_connections(const struct ezlb_spec *spec, const struct net_facts *net,
		       struct ezlb_findings *out);
void check_source_ports(const struct ezlb_doctor *doctor, const struct ezlb_spec *spec,
			struct ezlb_findings *out);
void check_client_address(const struct ezlb_doctor *doctor, const struct ezlb_spec *spec,
			  struct ezlb_findings *out);
void check_filters(const struct ezlb_spec *spec, const struct net_facts *net,
		   struct ezlb_findings *out);

void check_sync(const struct ezlb_doctor *doctor, const struct net_facts *net,
		struct ezlb_findings *out);

/* Is there a rule with this comment in the filter that drops? */
bool filters_has_pass(const struct net_facts *net, const struct ezlb_drop *drop,
		      const char *comment);
/* The command for its rules, like "iptables-nft"; NULL: it is a table written for nft. */
const char *filters_tool(const struct ezlb_drop *drop);

/* Adds a finding; set_fix sets its fix, if there is one. */
struct ezlb_finding *say(struct ezlb_findings *out, enum ezlb_level level, const char *check,
			 const char *service, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void set_fix(struct ezlb_finding *finding, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
