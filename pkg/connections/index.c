// SPDX-License-Identifier: GPL-2.0-or-later
/* index: the services of the files, and which of them a connection belongs to. */
#include <ezlb/connections.h>

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

static int listener_cmp(const void *pa, const void *pb)
{
	const struct ezlb_connections_place *a = pa, *b = pb;
	int c = CMP(a->proto, b->proto);

	return c ? c : ezlb_endpoint_cmp(&a->at, &b->at);
}

static int backend_cmp(const void *pa, const void *pb)
{
	const struct ezlb_connections_place *a = pa, *b = pb;
	int c = ezlb_endpoint_cmp(&a->at, &b->at);

	return c ? c : CMP(a->service, b->service);
}

/* --- making it ------------------------------------------------------------------------------- */

static void add_listener(struct ezlb_connections_index *index, const struct ezlb_listener *listener,
			 size_t service)
{
	const struct ezlb_connections_place place = {
		.proto = listener->proto,
		.at = listener->listen,
		.last_port = listener->last_port,
		.mark = ezlb_listener_is_mark(listener) ? listener->key.fwmark : 0,
		.service = service,
	};

	if (place.mark)
		*EZLB_PUSH(&index->marks) = place;
	else if (place.last_port)
		*EZLB_PUSH(&index->ranges) = place;
	else
		*EZLB_PUSH(&index->listeners) = place;
}

static void add(struct ezlb_connections_index *index, const struct ezlb_spec *spec)
{
	struct ezlb_connections_service *service = EZLB_PUSH(&index->services);
	size_t at = index->services.len - 1, n_marks = index->marks.len;

	ezlb_strcpy(service->name, sizeof(service->name), spec->name);
	service->forward = spec->forward;
	service->full_nat = spec->full_nat;
	service->log = spec->connection_log;
	if (spec->full_nat)
		service->source = spec->snat_ip;
	for (size_t i = 0; i < spec->n_listeners; i++)
		add_listener(index, &spec->listeners[i], at);
	for (size_t i = 0; i < spec->n_backends; i++)
		*EZLB_PUSH(&index->backends) = (struct ezlb_connections_place){
			.at = spec->backends[i].endpoint,
			.mark = index->marks.len > n_marks ? index->marks.items[n_marks].mark : 0,
			.service = at,
		};
}

void ezlb_connections_index_make(const struct ezlb_desired *desired,
				 struct ezlb_connections_index *index)
{
	ezlb_connections_index_clear(index);
	for (size_t i = 0; i < desired->len; i++)
		add(index, desired->items[i]);
	EZLB_SORT(&index->listeners, listener_cmp);
	EZLB_SORT(&index->backends, backend_cmp);
}

void ezlb_connections_index_clear(struct ezlb_connections_index *index)
{
	EZLB_VEC_CLEAR(&index->services);
	EZLB_VEC_CLEAR(&index->listeners);
	EZLB_VEC_CLEAR(&index->ranges);
	EZLB_VEC_CLEAR(&index->marks);
	EZLB_VEC_CLEAR(&index->backends);
}

/* --- matching -------------------------------------------------------------------------------- */

static bool is_in_range(const struct ezlb_connections_place *range,
			const struct ezlb_connection *connection)
{
	return range->proto == connection->proto &&
	       ezlb_addr_cmp(&range->at.addr, &connection->listen.addr) == 0 &&
	       connection->listen.port >= range->at.port &&
	       connection->listen.port <= range->last_port;
}

static const struct ezlb_connections_place *by_listener(const struct ezlb_connections_index *index,
							const struct ezlb_connection *connection)
{
	const struct ezlb_connections_place key = { .proto = connection->proto,
						    .at = connection->listen };
	const struct ezlb_connections_place *place = EZLB_FIND(&index->listeners, &key,
							       listener_cmp);

	for (size_t i = 0; i < index->ranges.len && !place; i++)
		if (is_in_range(&index->ranges.items[i], connection))
			place = &index->ranges.items[i];
	return place;
}

static const struct ezlb_connections_place *by_mark(const struct ezlb_connections_index *index,
						    const struct ezlb_connection *connection)
{
	for (size_t i = 0; i < index->marks.len; i++) {
		const struct ezlb_connections_place *place = &index->marks.items[i];

		if (place->mark == connection->mark &&
		    place->at.addr.family == connection->listen.addr.family)
			return place;
	}
	return NULL;
}

/* The first place in `sorted` that does not sort before the key. */
static size_t first_at(const struct ezlb_connections_places *sorted,
		       const struct ezlb_connections_place *key)
{
	size_t low = 0, high = sorted->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (backend_cmp(&sorted->items[mid], key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct ezlb_connections_place *by_backend(const struct ezlb_connections_index *index,
						       const struct ezlb_endpoint *backend)
{
	const struct ezlb_connections_place key = { .at = *backend };
	size_t i = first_at(&index->backends, &key);

	for (; i < index->backends.len; i++) {
		const struct ezlb_connections_place *place = &index->backends.items[i];

		if (ezlb_endpoint_cmp(&place->at, backend) != 0)
			return NULL;
		if (place->mark)
			return place;
	}
	return NULL;
}

static const struct ezlb_connections_place *
by_marked_backend(const struct ezlb_connections_index *index,
		  const struct ezlb_connection *connection)
{
	struct ezlb_endpoint backend = connection->backend;
	const struct ezlb_connections_place *place;

	if (index->marks.len == 0 || !ezlb_connection_is_translated(connection))
		return NULL;
	place = by_backend(index, &backend);
	if (place || backend.port != connection->listen.port)
		return place;
	backend.port = 0; /* a backend without a port has the one that the client used */
	return by_backend(index, &backend);
}

static bool has_backend(const struct ezlb_connections_index *index, size_t service,
			struct ezlb_endpoint backend)
{
	struct ezlb_connections_place key = { .at = backend, .service = service };
	bool has = EZLB_FIND(&index->backends, &key, backend_cmp) != NULL;

	key.at.port = 0;
	return has || EZLB_FIND(&index->backends, &key, backend_cmp) != NULL;
}

bool ezlb_connections_knows_backend(const struct ezlb_connections_service *service,
				    const struct ezlb_connection *connection)
{
	return service->forward == EZLB_MASQ || ezlb_connection_is_translated(connection);
}

const struct ezlb_connections_service *
ezlb_connections_match(const struct ezlb_connections_index *index,
		       const struct ezlb_connection *connection)
{
	const struct ezlb_connections_place *place = by_listener(index, connection);
	const struct ezlb_connections_service *service;

	if (!place && connection->mark)
		place = by_mark(index, connection);
	if (!place)
		place = by_marked_backend(index, connection);
	if (!place)
		return NULL;
	service = &index->services.items[place->service];
	if (ezlb_connection_is_translated(connection) || service->forward != EZLB_MASQ ||
	    has_backend(index, place->service, connection->backend))
		return service;
	return NULL;
}
