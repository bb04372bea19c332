// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#define DUMP_ATTEMPTS 5 /* what is listed may change meanwhile */

/*
 * The kernel answers while it takes the requests, so all answers of one send must fit into the
 * receive buffer. An answer takes 1 KiB of it, and 4 KiB if the route has dozens of nexthops.
 */
#define ROUTES_AT_ONCE 64
#define RECEIVE_BYTES  (512 * 1024)

/*
 * Routes that one call reads again, about 10 ms: the caller's loop waits. All are stale after a
 * change of a rule or of the default route.
 */
#define ROUTES_AGAIN 2048

static const struct ezlb_nl_source kernel = { .protocol = NETLINK_ROUTE,
					      .timeout_ms = WIRE_TIMEOUT_MS,
					      .receive_bytes = RECEIVE_BYTES };

void wire_close(struct wire *wire)
{
	ezlb_nl_free(wire->nl);
	wire->nl = NULL;
	ezlb_nl_buf_clear(&wire->request);
	ezlb_close_fd(&wire->watch);
}

/* Starts a conversation of several requests, which have one deadline. */
static struct ezlb_nl_buf *begin(struct wire *wire)
{
	if (!wire->nl)
		wire->nl = ezlb_nl_new(&kernel);
	ezlb_nl_begin(wire->nl);
	wire->request.len = 0;
	return &wire->request;
}

static struct ezlb_nl_buf *next(struct wire *wire)
{
	wire->request.len = 0;
	return &wire->request;
}

static int ask(struct wire *wire, ezlb_nl_msg_fn fn, void *arg)
{
	return ezlb_nl_ask(wire->nl, &wire->request, fn, arg);
}

/* --- lists ----------------------------------------------------------------------------------- */

struct list {
	struct links EZLB_VEC(struct tc_link) links;
	struct qdiscs EZLB_VEC(struct tc_qdisc) qdiscs;
	struct filters EZLB_VEC(struct tc_filter) filters;
};
#define AUTO_LIST __attribute__((cleanup(list_clear)))

static void list_clear(struct list *list)
{
	EZLB_VEC_CLEAR(&list->links);
	EZLB_VEC_CLEAR(&list->qdiscs);
	EZLB_VEC_CLEAR(&list->filters);
}

static int on_link(void *arg, const struct nlmsghdr *msg)
{
	struct tc_link link;
	int rc = tc_read_link(msg, &link);

	if (rc > 0)
		*EZLB_PUSH(&((struct list *)arg)->links) = link;
	return rc < 0 ? rc : 0;
}

static int on_qdisc(void *arg, const struct nlmsghdr *msg)
{
	struct tc_qdisc qdisc;
	int rc = tc_read_qdisc(msg, &qdisc);

	if (rc > 0)
		*EZLB_PUSH(&((struct list *)arg)->qdiscs) = qdisc;
	return rc < 0 ? rc : 0;
}

static int on_filter(void *arg, const struct nlmsghdr *msg)
{
	struct tc_filter filter;
	int rc = tc_read_filter(msg, &filter);

	if (rc > 0)
		*EZLB_PUSH(&((struct list *)arg)->filters) = filter;
	return rc < 0 ? rc : 0;
}

static int list_links(struct wire *wire, struct list *list)
{
	int rc = -EINTR;

	for (int i = 0; i < DUMP_ATTEMPTS && rc == -EINTR; i++) {
		list->links.len = 0;
		tc_put_links(next(wire));
		rc = ask(wire, on_link, list);
	}
	return rc == -EINTR ? -EAGAIN : rc;
}

static int list_qdiscs(struct wire *wire, struct list *list)
{
	int rc = -EINTR;

	for (int i = 0; i < DUMP_ATTEMPTS && rc == -EINTR; i++) {
		list->qdiscs.len = 0;
		tc_put_qdiscs(next(wire));
		rc = ask(wire, on_qdisc, list);
	}
	return rc == -EINTR ? -EAGAIN : rc;
}

/* An interface or a qdisc that disappears meanwhile has no filters. */
static int list_filters(struct wire *wire, int ifindex, enum tc_side side, struct list *list)
{
	int rc = -EINTR;

	for (int i = 0; i < DUMP_ATTEMPTS && rc == -EINTR; i++) {
		list->filters.len = 0;
		tc_put_filters(next(wire), ifindex, side);
		rc = ask(wire, on_filter, list);
	}
	if (rc == -ENODEV || rc == -EINVAL || rc == -ENOENT) {
		list->filters.len = 0;
		return 0;
	}
	return rc == -EINTR ? -EAGAIN : rc;
}

/* --- reading --------------------------------------------------------------------------------- */

static int read_links(struct wire *wire, struct world *world)
{
	AUTO_LIST struct list list = { 0 };
	int rc = list_links(wire, &list);

	if (rc == 0)
		world_set_links(world, list.links.items, list.links.len);
	return rc;
}

static int read_qdiscs(struct wire *wire, struct world *world)
{
	AUTO_LIST struct list list = { 0 };
	int rc = list_qdiscs(wire, &list);

	if (rc == 0)
		world_set_qdiscs(world, list.qdiscs.items, list.qdiscs.len);
	return rc;
}

static int read_filters(struct wire *wire, struct world *world)
{
	AUTO_LIST struct list list = { 0 };

	for (size_t i = 0; i < world->links.len; i++) {
		struct world_link *link = &world->links.items[i];
		int rc;

		if (!link->clsact || !link->stale)
			continue;
		rc = list_filters(wire, link->link.ifindex, TC_EGRESS, &list);
		if (rc < 0)
			return rc;
		world_start_filters(link);
		for (size_t k = 0; k < list.filters.len; k++)
			world_add_filter(link, &list.filters.items[k]);
		link->stale = false;
	}
	return 0;
}

/* The routes that one send asks for. */
struct batch {
	struct world_route *routes[ROUTES_AT_ONCE];
	size_t len;
};

static int on_route(void *arg, size_t i, const struct nlmsghdr *msg)
{
	const struct batch *batch = arg;

	return i < batch->len ? toa_route_read(msg, &batch->routes[i]->paths) : 0;
}

/* An address for which the kernel has no route gets no message: it has no paths. */
static int ask_batch(struct wire *wire, struct batch *batch)
{
	int rc;

	for (size_t i = 0; i < batch->len; i++)
		batch->routes[i]->paths.len = 0;
	ezlb_nl_ack_last(&wire->request);
	rc = ezlb_nl_ask_many(wire->nl, &wire->request, on_route, batch);
	for (size_t i = 0; rc == 0 && i < batch->len; i++)
		batch->routes[i]->known = batch->routes[i]->read = true;
	batch->len = 0;
	next(wire);
	return rc;
}

/*
 * A route that was read before keeps its paths when there are too many to read again: the next call
 * goes on where this one stops, and the change makes sure that there is one soon.
 */
static int read_routes(struct wire *wire, struct world *world)
{
	size_t start = world->next_route, again = 0;
	struct batch batch = { .len = 0 };
	int rc = 0;

	next(wire);
	for (size_t i = 0; rc == 0 && i < world->routes.len; i++) {
		size_t at = (start + i) % world->routes.len;
		struct world_route *route = &world->routes.items[at];

		if (route->known)
			continue;
		if (route->read && again++ >= ROUTES_AGAIN) {
			world->next_route = again == ROUTES_AGAIN + 1 ? at : world->next_route;
			continue;
		}
		toa_route_put(&wire->request, &route->to);
		batch.routes[batch.len++] = route;
		if (batch.len == ROUTES_AT_ONCE)
			rc = ask_batch(wire, &batch);
	}
	world->changes += again > ROUTES_AGAIN;
	return rc == 0 && batch.len ? ask_batch(wire, &batch) : rc;
}

int wire_read(struct wire *wire, struct world *world)
{
	int rc = 0;

	begin(wire);
	if (!world->links_known)
		rc = read_links(wire, world);
	if (rc == 0 && !world->qdiscs_known)
		rc = read_qdiscs(wire, world);
	if (rc == 0)
		rc = read_filters(wire, world);
	return rc == 0 ? read_routes(wire, world) : rc;
}

/* --- changing -------------------------------------------------------------------------------- */

static int find_link(struct wire *wire, const char *device, int *ifindex)
{
	AUTO_LIST struct list list = { 0 };
	int rc;

	tc_put_link(begin(wire), device);
	rc = ask(wire, on_link, &list);
	if (rc == 0 && list.links.len != 1)
		rc = -EBADMSG;
	if (rc == 0)
		*ifindex = list.links.items[0].ifindex;
	return rc;
}

/* The qdisc ingress is in the same place, and would take a filter for egress as one of ingress. */
static int check_clsact(struct wire *wire, int ifindex)
{
	AUTO_LIST struct list list = { 0 };
	int rc = list_qdiscs(wire, &list);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < list.qdiscs.len; i++)
		if (list.qdiscs.items[i].ifindex == ifindex)
			return list.qdiscs.items[i].clsact ? 0 : -EBUSY;
	return -EAGAIN; /* somebody has just deleted it */
}

/*
 * Makes sure that the egress of the interface takes filters. A list of all qdiscs for each of a
 * thousand interfaces would take seconds, so whoever has just created the qdisc needs none.
 * -EEXIST: somebody else has created it meanwhile, so it is not ours to remove.
 */
static int have_clsact(struct wire *wire, int ifindex, bool make)
{
	int rc;

	if (!make)
		return check_clsact(wire, ifindex);
	tc_put_clsact_add(next(wire), ifindex);
	rc = ask(wire, NULL, NULL);
	if (rc == -EEXIST && check_clsact(wire, ifindex) == -EBUSY)
		rc = -EBUSY;
	return rc;
}

/* All filters of a preference have the same kind and protocol. */
static bool is_in_the_way(const struct tc_filter *filter)
{
	return !filter->ours && filter->pref == TC_PREF && filter->chain == 0 &&
	       (filter->handle == TC_HANDLE || !filter->bpf ||
		filter->protocol != htons(ETH_P_ALL));
}

/* Removes those of our filters that are listed; keep_hook: except the one in our place. */
static int remove_ours(struct wire *wire, const struct filters *filters, bool keep_hook)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < filters->len; i++) {
		const struct tc_filter *filter = &filters->items[i];

		if (!filter->ours || !filter->ifindex || (keep_hook && world_is_hook(filter)))
			continue;
		tc_put_detach(next(wire), filter);
		rc = ask(wire, NULL, NULL);
		if (rc == -ENOENT || rc == -EINVAL || rc == -ENODEV) /* already gone */
			rc = 0;
	}
	return rc;
}

int wire_attach(struct wire *wire, const char *device, int program_fd, bool make)
{
	AUTO_LIST struct list list = { 0 };
	int ifindex = 0, rc = find_link(wire, device, &ifindex);

	if (rc == 0)
		rc = have_clsact(wire, ifindex, make);
	if (rc == 0)
		rc = list_filters(wire, ifindex, TC_EGRESS, &list);
	for (size_t i = 0; rc == 0 && i < list.filters.len; i++)
		if (is_in_the_way(&list.filters.items[i]))
			rc = -EEXIST;
	if (rc < 0)
		return rc;
	tc_put_attach(next(wire), ifindex, program_fd);
	rc = ask(wire, NULL, NULL);
	return rc < 0 ? rc : remove_ours(wire, &list.filters, true);
}

static int drop_clsact(struct wire *wire, int ifindex, struct list *list)
{
	int rc = list_filters(wire, ifindex, TC_EGRESS, list);

	if (rc == 0 && list->filters.len == 0)
		rc = list_filters(wire, ifindex, TC_INGRESS, list);
	if (rc < 0 || list->filters.len > 0)
		return rc;
	tc_put_clsact_del(next(wire), ifindex);
	rc = ask(wire, NULL, NULL);
	/* Gone by itself, or the qdisc of somebody else is in the place. */
	return rc == -ENOENT || rc == -EINVAL || rc == -ENODEV ? 0 : rc;
}

int wire_detach(struct wire *wire, const char *device, bool drop)
{
	AUTO_LIST struct list list = { 0 };
	int ifindex = 0, rc = find_link(wire, device, &ifindex);

	if (rc == -ENODEV)
		return 0;
	if (rc == 0)
		rc = list_filters(wire, ifindex, TC_EGRESS, &list);
	if (rc == 0)
		rc = remove_ours(wire, &list.filters, false);
	return rc == 0 && drop ? drop_clsact(wire, ifindex, &list) : rc;
}
