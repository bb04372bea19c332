/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * route: reads links, addresses and routes over rtnetlink. A request waits at most 2 s for its
 * answer; after the first timeout no request is sent any more.
 */
#pragma once

#include <ezlb/netlink.h>

#include "facts.h"

/* The running kernel. */
extern const struct ezlb_nl_source route_kernel;

struct route {
	struct ezlb_nl *nl;
	bool timed_out; /* send no more requests */
};

void route_open(struct route *route, const struct ezlb_nl_source *source);
void route_close(struct route *route);
int route_read(struct route *route, const char *root, struct net_facts *out, struct ezlb_err *err);
int route_lookup(void *route, const struct ezlb_addr *to, const struct ezlb_addr *from,
		 struct route_fact *out);
