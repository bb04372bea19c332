/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flow: sets of flows from clients to one listener, as conntrack has them. */
#pragma once

#include <stdbool.h>

#include <ezlb/spec.h>

/*
 * The flows from any client to `listen` that IPVS sends to `backend`; or with `untranslated` those
 * that are not translated as FullNAT does it: they are not sent to a backend, or their source
 * address does not become one of `source`. With `last_port` the flows to every port from that of
 * `listen` to this one. A backend with port 0 has the port that the client used.
 */
struct ezlb_flow {
	enum ezlb_proto proto;
	struct ezlb_endpoint listen;  /* address, and first port of a range */
	uint16_t last_port;	      /* of a range; 0: one port */
	struct ezlb_endpoint backend; /* not used with `untranslated` */
	bool untranslated;
	struct ezlb_addr_range source; /* snat_ip; family 0: any, except the client's own */
};
struct ezlb_flows EZLB_VEC(struct ezlb_flow);

/* By proto, listen, last_port, untranslated, backend. */
int ezlb_flow_cmp(const void *a, const void *b);
