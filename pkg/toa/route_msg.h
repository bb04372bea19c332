/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * route_msg: messages of rtnetlink about routes. Pure. The request asks for what IPVS itself looks
 * up for a dest (do_output_route4 and __ip_vs_route_output_v6 in ip_vs_xmit.c): the address alone,
 * without a source address, a mark or an interface. IPVS looks the route up before source NAT and
 * with an empty flow, so rules of policy routing that match a source or a mark do not apply to it.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/addr.h>
#include <ezlb/netlink.h>

/* Different interfaces of one multipath route; further ones are ignored. */
#define ROUTE_PATHS 16

/* By which interfaces packets to an address leave. */
struct route_paths {
	unsigned len; /* 0: no route, or one that leads nowhere or to this host */
	int ifindex[ROUTE_PATHS];
};

/* A prefix, whose other bits are 0; all addresses of all families if addr.family is 0. */
struct route_prefix {
	struct ezlb_addr addr;
	unsigned len;
};

/* Appends a request for the route to an address. */
void toa_route_put(struct ezlb_nl_buf *out, const struct ezlb_addr *to);

/* Reads the answer. -EBADMSG if it is damaged. */
int toa_route_read(const struct nlmsghdr *msg, struct route_paths *out);

/* Of a notification that a route was added or removed: which addresses it may concern. */
int toa_route_read_prefix(const struct nlmsghdr *msg, struct route_prefix *out);
bool toa_route_prefix_has(const struct route_prefix *prefix, const struct ezlb_addr *addr);
