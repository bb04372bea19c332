/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ports: how many source ports full_nat services use. A connection needs a port that no other
 * connection from the same source address to the same backend address, port and protocol has. So
 * one source address allows EZLB_PORTS_EACH connections to one backend, of all services together.
 * Pure: the caller reads the counters.
 *
 * The numbers come from IPVS, which counts the connections of each dest. IPVS keeps a connection at
 * least as long as conntrack does, which holds the port; a UDP flow much longer. So these numbers
 * are never too small. Conntrack has the exact ones, and costs much more to ask.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/spec.h>
#include <ezlb/table.h>
#include <ezlb/traffic.h>

/*
 * The kernel gives a client port from 1024 on one of 1024-65535 (net/netfilter/nf_nat_core.c); the
 * few clients below that have other ranges.
 */
#define EZLB_PORTS_EACH 64512

/*
 * Percent. For a new connection the kernel tries 248 ports of the address, in five runs of
 * neighbours. From here on all of them are in use for some connections, whose first packet it drops
 * (docs/dev/kernel-facts.md).
 */
#define EZLB_PORTS_EXHAUSTED 93

/* A listener of a full_nat service. */
struct ezlb_ports_use {
	struct ezlb_service_key listener;
	struct ezlb_service_key service; /* of the first listener, which names the service */
	enum ezlb_proto proto;		 /* of the packets; a mark of the file counts as tcp */
	struct ezlb_addr_range source;	 /* family 0: the address of the outgoing interface */
};
struct ezlb_ports_uses EZLB_VEC(struct ezlb_ports_use); /* sorted by listener */

/* The backend of one service to which most ports are used, by all services with this source. */
struct ezlb_ports_row {
	struct ezlb_service_key service; /* of the first listener */
	struct ezlb_addr_range source;
	enum ezlb_proto proto;
	/*
	 * Family 0: the service has no dest. Port 0: the backend has the port of the packet, and
	 * `used` is the sum of all its ports, more than any of them can have.
	 */
	struct ezlb_endpoint backend;
	uint64_t used; /* of all addresses of the source */
	/*
	 * The kernel chooses one of several addresses by a hash of client and backend, so they are
	 * not used evenly. Only conntrack knows. `exact`: it has been asked, `used` comes from
	 * there, and the next two are valid.
	 */
	bool exact;
	struct ezlb_addr fullest; /* the address with the most ports used */
	uint64_t fullest_used;
	bool low; /* few are left: set by ezlb_ports_judge */
};
struct ezlb_ports EZLB_VEC(struct ezlb_ports_row); /* sorted by service */

/* Adds the listeners of a full_nat service; of others nothing. Sort when all have been added. */
void ezlb_ports_want(const struct ezlb_spec *spec, struct ezlb_ports_uses *out);
void ezlb_ports_sort(struct ezlb_ports_uses *uses);
/* One row for each service of `uses`. The rows of `traffic` are sorted; only those of dests count.
 */
void ezlb_ports_count(const struct ezlb_ports_uses *uses, const struct ezlb_traffic *traffic,
		      struct ezlb_ports *out);
/* The row of this service; NULL: none. */
struct ezlb_ports_row *ezlb_ports_find(const struct ezlb_ports *ports,
				       const struct ezlb_service_key *service);

/* The ports that one source address uses towards one port of a backend. */
struct ezlb_ports_source {
	uint16_t port; /* of the backend */
	struct ezlb_addr addr;
	uint64_t used;
};
struct ezlb_ports_sources EZLB_VEC(struct ezlb_ports_source);
/* Whether conntrack should be asked: half of the ports of one address may be in use. */
bool ezlb_ports_doubtful(const struct ezlb_ports_row *row);
/*
 * Takes what conntrack has of the row's backend, sorted by port; addresses that are not of its
 * source are ignored. A backend without a port gets the one to which most are used.
 */
void ezlb_ports_refine(struct ezlb_ports_row *row, const struct ezlb_ports_sources *sources);
/* Whether two rows count the same connections. */
bool ezlb_ports_same(const struct ezlb_ports_row *a, const struct ezlb_ports_row *b);

/* How many addresses the source has, and ports they have together. */
uint64_t ezlb_ports_addresses(const struct ezlb_ports_row *row);
uint64_t ezlb_ports_available(const struct ezlb_ports_row *row);
/* Percent in use: of the fullest address if that is known. Rounded down; may exceed 100. */
unsigned ezlb_ports_percent(const struct ezlb_ports_row *row);
/*
 * Sets `low` at 80 percent; a row that was low in `before` stays so until it is below 70. Returns
 * true if a service became low or is no longer.
 */
bool ezlb_ports_judge(struct ezlb_ports *ports, const struct ezlb_ports *before);
/* With how many addresses about half of the ports would be in use; at least one. */
uint64_t ezlb_ports_needed(const struct ezlb_ports_row *row);

/*
 * What is wrong and how to change it, for conditions and findings: "52000 of 64512 source ports
 * ...". Returns buf.
 */
#define EZLB_PORTS_STRLEN 256
const char *ezlb_ports_explain(const struct ezlb_ports_row *row, char buf[EZLB_PORTS_STRLEN]);
/* "10.0.0.3-10.0.0.6", or "masquerade" */
const char *ezlb_ports_source(const struct ezlb_ports_row *row, char buf[EZLB_RANGE_STRLEN]);
