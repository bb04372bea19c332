// SPDX-License-Identifier: GPL-2.0-or-later
#include "world.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>

/* A link may lead somewhere else after one of these has changed. */
#define LINK_FLAGS (IFF_UP | IFF_RUNNING | IFF_LOWER_UP | IFF_LOOPBACK)

void world_clear(struct world *world)
{
	EZLB_VEC_CLEAR(&world->links);
	EZLB_VEC_CLEAR(&world->routes);
}

static int link_cmp(const void *a, const void *b)
{
	const struct world_link *x = a, *y = b;

	return (x->link.ifindex > y->link.ifindex) - (x->link.ifindex < y->link.ifindex);
}

static int route_cmp(const void *a, const void *b)
{
	return ezlb_addr_cmp(&((const struct world_route *)a)->to,
			     &((const struct world_route *)b)->to);
}

struct world_link *world_link(const struct world *world, int ifindex)
{
	const struct world_link key = { .link.ifindex = ifindex };

	return EZLB_FIND(&world->links, &key, link_cmp);
}

/* --- what must be read again ----------------------------------------------------------------- */

/* Where the routes to addresses from this one on begin. */
static size_t first_from(const struct world *world, const struct ezlb_addr *addr)
{
	const struct world_route key = { .to = *addr };

	return EZLB_FIRST(&world->routes, &key, route_cmp);
}

/*
 * Makes the routes unknown that a change of this prefix may concern. They follow each other. A
 * router can have thousands of changes a second that concern none of 10,000 backends, so it must be
 * quick.
 */
static void forget_routes(struct world *world, const struct route_prefix *prefix)
{
	for (size_t i = first_from(world, &prefix->addr); i < world->routes.len; i++) {
		struct world_route *route = &world->routes.items[i];

		if (!toa_route_prefix_has(prefix, &route->to))
			return;
		route->known = false;
		world->changes++;
	}
}

void world_forget_hooks(struct world *world)
{
	world->qdiscs_known = false;
	for (size_t i = 0; i < world->links.len; i++)
		world->links.items[i].stale = true;
}

void world_forget(struct world *world)
{
	world->links_known = false;
	world_forget_hooks(world);
	for (size_t i = 0; i < world->routes.len; i++)
		world->routes.items[i].known = false;
}

void world_lose(struct world *world)
{
	world_forget(world);
	world->changes++;
}

static bool is_towards(const struct world *world, const struct ezlb_addrs *addrs)
{
	bool same = world->routes.len == addrs->len;

	for (size_t i = 0; same && i < addrs->len; i++)
		same = ezlb_addr_cmp(&world->routes.items[i].to, &addrs->items[i]) == 0;
	return same;
}

void world_towards(struct world *world, const struct ezlb_addrs *addrs)
{
	struct world_routes routes = { 0 };

	if (is_towards(world, addrs)) /* nearly always */
		return;
	for (size_t i = 0; i < addrs->len; i++) {
		const struct world_route key = { .to = addrs->items[i] };
		const struct world_route *old = EZLB_FIND(&world->routes, &key, route_cmp);

		*EZLB_PUSH(&routes) = old ? *old : key;
	}
	EZLB_VEC_CLEAR(&world->routes);
	world->routes = routes;
	world->changes++;
}

/* --- notifications --------------------------------------------------------------------------- */

static bool leads_by(const struct world_route *route, int ifindex)
{
	for (unsigned j = 0; j < route->paths.len; j++)
		if (route->paths.ifindex[j] == ifindex)
			return true;
	return false;
}

static void forget_paths(struct world *world, int ifindex)
{
	for (size_t i = 0; i < world->routes.len; i++)
		if (leads_by(&world->routes.items[i], ifindex))
			world->routes.items[i].known = false;
}

/*
 * Whether list may show something of the interface. Hosts with containers have thousands of others,
 * which come, get qdiscs and filters, and go.
 */
static bool matters(const struct world *world, int ifindex)
{
	const struct world_link *link = world_link(world, ifindex);

	if (link && (link->program || link->others))
		return true;
	for (size_t i = 0; i < world->routes.len; i++)
		if (leads_by(&world->routes.items[i], ifindex))
			return true;
	return false;
}

/*
 * When a link goes down or disappears, the kernel removes the IPv4 routes by it without a
 * notification. One that comes up may be the better way for any address.
 */
static void on_link_change(struct world *world, struct world_link *known, const struct tc_link *now,
			   bool gone)
{
	unsigned was = known->link.flags & LINK_FLAGS, is = gone ? 0 : now->flags & LINK_FLAGS;

	if (gone) {
		known->stale = true;
		world->qdiscs_known = false;
	}
	if (was & ~is)
		forget_paths(world, known->link.ifindex);
	if (is & ~was)
		forget_routes(world, &(struct route_prefix){ .len = 0 });
	known->link.flags = is;
}

/* There are many of these that say nothing new. */
static void on_link(struct world *world, const struct nlmsghdr *msg)
{
	struct world_link *known;
	struct tc_link link;
	int rc = tc_read_link(msg, &link);
	bool gone = msg->nlmsg_type == RTM_DELLINK;

	if (rc < 0)
		world_lose(world);
	if (rc <= 0)
		return;
	known = world_link(world, link.ifindex);
	if (known && !gone && strcmp(known->link.name, link.name) == 0 &&
	    ((known->link.flags ^ link.flags) & LINK_FLAGS) == 0)
		return;
	world->links_known = false;
	world->changes += matters(world, link.ifindex);
	if (known)
		on_link_change(world, known, &link, gone);
}

static void on_qdisc(struct world *world, const struct nlmsghdr *msg)
{
	struct world_link *link;
	struct tc_qdisc qdisc;
	int rc = tc_read_qdisc(msg, &qdisc);

	if (rc < 0)
		world_lose(world);
	if (rc <= 0)
		return;
	world->qdiscs_known = false;
	world->changes += matters(world, qdisc.ifindex);
	link = world_link(world, qdisc.ifindex);
	if (link)
		link->stale = true;
}

static void on_filter(struct world *world, const struct nlmsghdr *msg)
{
	struct world_link *link;
	struct tc_filter filter;
	int rc = tc_read_filter(msg, &filter);

	if (rc < 0 || (rc > 0 && filter.ifindex == 0))
		world_lose(world);
	if (rc <= 0)
		return;
	link = world_link(world, filter.ifindex);
	if (link)
		link->stale = true;
	world->changes += filter.ours || matters(world, filter.ifindex);
}

/* Each IPv6 interface gets a link-local one, to which no route of ours leads. */
static void on_address(struct world *world, const struct nlmsghdr *msg)
{
	const struct ifaddrmsg *head = mnl_nlmsg_get_payload(msg);

	if (mnl_nlmsg_get_payload_len(msg) >= sizeof(*head) && head->ifa_family == AF_INET6 &&
	    head->ifa_scope == RT_SCOPE_LINK)
		return;
	forget_routes(world, &(struct route_prefix){ .len = 0 });
}

static void on_route(struct world *world, const struct nlmsghdr *msg)
{
	struct route_prefix prefix;

	if (toa_route_read_prefix(msg, &prefix) < 0)
		prefix = (struct route_prefix){ .len = 0 };
	forget_routes(world, &prefix);
}

void world_on_event(struct world *world, const struct nlmsghdr *msg)
{
	switch (msg->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		on_link(world, msg);
		break;
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
		on_qdisc(world, msg);
		break;
	case RTM_NEWTFILTER:
	case RTM_DELTFILTER:
		on_filter(world, msg);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		on_route(world, msg);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		on_address(world, msg);
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		forget_routes(world, &(struct route_prefix){ .len = 0 });
		break;
	case RTM_NEWCHAIN:
	case RTM_DELCHAIN:
		world_forget_hooks(world);
		world->changes++;
		break;
	default: /* classes of other qdiscs, and what is not about this */
		break;
	}
}

/* --- what was read --------------------------------------------------------------------------- */

void world_set_links(struct world *world, const struct tc_link *links, size_t n)
{
	struct world_links fresh = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct world_link *old = world_link(world, links[i].ifindex);
		struct world_link *link = EZLB_PUSH(&fresh);

		*link = old ? *old : (struct world_link){ .stale = true };
		link->link = links[i];
	}
	EZLB_SORT(&fresh, link_cmp);
	EZLB_VEC_CLEAR(&world->links);
	world->links = fresh;
	world->links_known = true;
}

void world_set_qdiscs(struct world *world, const struct tc_qdisc *qdiscs, size_t n)
{
	for (size_t i = 0; i < world->links.len; i++)
		world->links.items[i].clsact = world->links.items[i].ingress = false;
	for (size_t i = 0; i < n; i++) {
		struct world_link *link = world_link(world, qdiscs[i].ifindex);

		if (!link)
			continue;
		link->clsact = qdiscs[i].clsact;
		link->ingress = !qdiscs[i].clsact;
	}
	for (size_t i = 0; i < world->links.len; i++)
		if (!world->links.items[i].clsact)
			world_start_filters(&world->links.items[i]);
	world->qdiscs_known = true;
}

void world_start_filters(struct world_link *link)
{
	link->program = 0;
	link->others = 0;
}

bool world_is_hook(const struct tc_filter *filter)
{
	return filter->ours && filter->pref == TC_PREF && filter->handle == TC_HANDLE &&
	       filter->chain == 0 && filter->protocol == htons(ETH_P_ALL);
}

void world_add_filter(struct world_link *link, const struct tc_filter *filter)
{
	if (!filter->ours)
		return;
	if (world_is_hook(filter) && filter->direct && filter->program)
		link->program = filter->program;
	else
		link->others++;
}

/* --- rows ------------------------------------------------------------------------------------ */

size_t world_hooks(const struct world *world)
{
	size_t n = 0;

	for (size_t i = 0; i < world->links.len; i++)
		n += world->links.items[i].program || world->links.items[i].others;
	return n;
}

bool world_list_hooks(const struct world *world, uint32_t program, struct ezlb_hooks *out)
{
	bool sound = true;

	for (size_t i = 0; i < world->links.len; i++) {
		const struct world_link *link = &world->links.items[i];
		struct ezlb_hook_row row = { .qdisc = true };

		if (link->others || (link->program && link->program != program))
			sound = false;
		else if (link->program) {
			ezlb_strcpy(row.device, sizeof(row.device), link->link.name);
			*EZLB_PUSH(out) = row;
		}
	}
	return sound;
}

void world_list_routes(const struct world *world, struct ezlb_routes *out)
{
	for (size_t i = 0; i < world->routes.len; i++) {
		const struct world_route *route = &world->routes.items[i];

		for (unsigned j = 0; route->read && j < route->paths.len; j++) {
			const struct world_link *link = world_link(world, route->paths.ifindex[j]);
			struct ezlb_route_row row = { .to = route->to };

			if (!link || link->link.flags & IFF_LOOPBACK)
				continue;
			ezlb_strcpy(row.device, sizeof(row.device), link->link.name);
			row.qdisc = link->clsact;
			row.ingress = link->ingress;
			*EZLB_PUSH(out) = row;
		}
	}
}
