// SPDX-License-Identifier: GPL-2.0-or-later
/* answers: which answers of backends can go to the source addresses that somebody asks for. */
#include "who.h"

/* Of all backends without a port together: one range can have 65,535 ports. */
#define PORTS_MAX 1000

/* Where answers come from. Port 0: the port is not known. */
struct origins {
	const struct ezlb_connections_index *index;
	struct ezlb_connections_places places;
	size_t ports; /* so far, of backends without one */
};

static void add(struct origins *origins, const struct ezlb_connections_place *backend,
		enum ezlb_proto proto, uint16_t port)
{
	struct ezlb_connections_place *place = EZLB_PUSH(&origins->places);

	*place = *backend;
	place->proto = proto;
	place->at.port = port;
}

/* A backend without a port has the one that the client used. */
static void add_ports(struct origins *origins, const struct ezlb_connections_place *backend,
		      const struct ezlb_connections_place *listener)
{
	unsigned first = listener->at.port;
	unsigned last = listener->last_port ? listener->last_port : first;

	if (listener->at.addr.family != backend->at.addr.family)
		return;
	origins->ports += last - first + 1;
	if (origins->ports > PORTS_MAX) {
		add(origins, backend, listener->proto, 0);
		return;
	}
	for (unsigned port = first; port <= last; port++)
		add(origins, backend, listener->proto, (uint16_t)port);
}

static void add_listeners(struct origins *origins, const struct ezlb_connections_place *backend,
			  const struct ezlb_connections_places *listeners, bool used[])
{
	for (size_t i = 0; i < listeners->len; i++) {
		const struct ezlb_connections_place *listener = &listeners->items[i];

		if (listener->service != backend->service)
			continue;
		if (backend->at.port == 0)
			add_ports(origins, backend, listener);
		else if (!used[listener->proto])
			add(origins, backend, listener->proto, backend->at.port);
		used[listener->proto] = true;
	}
}

static bool has_mark(const struct ezlb_connections_index *index, size_t service)
{
	for (size_t i = 0; i < index->marks.len; i++)
		if (index->marks.items[i].service == service)
			return true;
	return false;
}

static void add_backend(struct origins *origins, const struct ezlb_connections_place *backend)
{
	const struct ezlb_connections_index *index = origins->index;
	bool used[EZLB_SCTP + 1] = { false };

	if (index->services.items[backend->service].forward != EZLB_MASQ)
		return;
	add_listeners(origins, backend, &index->listeners, used);
	add_listeners(origins, backend, &index->ranges, used);
	if (!has_mark(index, backend->service))
		return;
	/* With a mark it takes every protocol. */
	for (int proto = EZLB_TCP; proto <= EZLB_SCTP; proto++)
		if (!used[proto] || backend->at.port == 0)
			add(origins, backend, (enum ezlb_proto)proto, backend->at.port);
}

static bool can_have(const struct ezlb_connections_service *service, const struct ezlb_addr *source)
{
	const struct ezlb_addr_range *range = &service->source;

	return range->first.family == 0 || (ezlb_addr_cmp(source, &range->first) >= 0 &&
					    ezlb_addr_cmp(source, &range->last) <= 0);
}

/* False: there may be others. */
static bool add_answers(const struct origins *origins, const struct ezlb_endpoint *source,
			struct ezlb_connection_answers *out)
{
	for (size_t i = 0; i < origins->places.len; i++) {
		const struct ezlb_connections_place *place = &origins->places.items[i];
		const struct ezlb_connections_service *service =
			&origins->index->services.items[place->service];

		if (place->at.addr.family != source->addr.family ||
		    !can_have(service, &source->addr))
			continue;
		if (place->at.port == 0 && service->full_nat)
			return false;
		if (place->at.port == 0)
			continue;
		if (out->len == EZLB_WHO_ANSWERS_MAX)
			return false;
		*EZLB_PUSH(out) = (struct ezlb_connection_answer){ .proto = place->proto,
								   .backend = place->at,
								   .source = *source };
	}
	return true;
}

bool ezlb_who_answers(struct ezlb_who *who, const struct ezlb_connections_index *index,
		      struct ezlb_connection_answers *out)
{
	struct origins origins = { .index = index };
	bool all = true;

	ezlb_who_sort(who);
	for (size_t i = 0; i < index->backends.len; i++)
		add_backend(&origins, &index->backends.items[i]);
	for (size_t i = 0; i < who->sorted.len && all; i++)
		all = add_answers(&origins, &who->sorted.items[i], out);
	EZLB_VEC_CLEAR(&origins.places);
	if (!all)
		out->len = 0;
	EZLB_SORT(out, ezlb_connection_answer_cmp); /* services can have the same backend */
	EZLB_UNIQUE(out, ezlb_connection_answer_cmp);
	return all;
}
