/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world: what is known of the interfaces of the network namespace, of the filters on them and of
 * the routes to backends, and which of that must be read again. Pure: wire.h reads it from the
 * kernel, and notifications of the kernel say what has changed since.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/netlink.h>
#include <ezlb/table.h>

#include "route_msg.h"
#include "tc_msg.h"

struct world_link {
	struct tc_link link;
	bool clsact;
	bool ingress; /* the qdisc ingress is in the place of clsact */
	bool stale;   /* read its filters again */
	/* Of our filters on the egress: */
	uint32_t program; /* of the one with our preference and handle; 0: there is none */
	size_t others;	  /* how many there are beside it */
};

struct world_route {
	struct ezlb_addr to;
	bool known; /* false: read it again */
	bool read;  /* it has been read at least once: `paths` is at least what it was */
	struct route_paths paths;
};

struct world {
	struct world_links EZLB_VEC(struct world_link) links;	 /* by index of the interface */
	struct world_routes EZLB_VEC(struct world_route) routes; /* by address */
	bool links_known;
	bool qdiscs_known;
	size_t next_route; /* where the next read of routes starts */
	uint64_t changes;  /* increases with each change that list may show */
};

void world_clear(struct world *world);
/* Everything must be read again, or the filters of all interfaces. These do not count as a change.
 */
void world_forget(struct world *world);
void world_forget_hooks(struct world *world);
/* Notifications were lost: the same, and something may have changed. */
void world_lose(struct world *world);
/* The addresses to find routes for, sorted. Keeps what is known of those that there were. */
void world_towards(struct world *world, const struct ezlb_addrs *addrs);
/* A notification. One that is damaged counts as lost. */
void world_on_event(struct world *world, const struct nlmsghdr *msg);

struct world_link *world_link(const struct world *world, int ifindex); /* NULL: unknown */
/* What was read. Replaces all links; keeps what is known of the filters on those that stay. */
void world_set_links(struct world *world, const struct tc_link *links, size_t n);
void world_set_qdiscs(struct world *world, const struct tc_qdisc *qdiscs, size_t n);
/* Before the filters of an interface are read, and for each of them. */
void world_start_filters(struct world_link *link);
void world_add_filter(struct world_link *link, const struct tc_filter *filter);
/* The filter is the one with our name, preference, handle and protocol. */
bool world_is_hook(const struct tc_filter *filter);

/* Interfaces with at least one filter of ours. */
size_t world_hooks(const struct world *world);
/* Appends the hooks with this program, without `others`. False: there are other filters of ours. */
bool world_list_hooks(const struct world *world, uint32_t program, struct ezlb_hooks *out);
/* Appends the routes that have been read, also those to be read again. */
void world_list_routes(const struct world *world, struct ezlb_routes *out);
