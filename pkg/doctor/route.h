/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * route: links, addresses and the way to an address, asked of the kernel over rtnetlink. Nothing
 * waits longer than 2 s for an answer; after the first that did not come nothing is asked again.
 */
#pragma once

#include <ezlb/netlink.h>

#include "facts.h"

/* The running kernel. */
extern const struct ezlb_nl_source route_kernel;

struct route {
	struct ezlb_nl *nl;
	bool mute; /* has not answered, and is not asked again */
};

void route_open(struct route *route, const struct ezlb_nl_source *source);
void route_close(struct route *route);
int route_read(struct route *route, const char *root, struct net_facts *out, struct ezlb_err *err);
int route_lookup(void *route, const struct ezlb_addr *to, const struct ezlb_addr *from,
		 struct route_fact *out);
