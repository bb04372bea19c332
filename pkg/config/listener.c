// SPDX-License-Identifier: GPL-2.0-or-later
/* The listeners of the spec: each item of `listen` with each protocol, or a mark. */
#include "reader.h"

/* Packets with a mark are of the family of the backends. */
static struct ezlb_addr family_of_backends(const struct ezlb_spec *spec)
{
	struct ezlb_addr none = { .family = 0 };

	for (size_t i = 0; i < spec->n_backends && !none.family; i++)
		none.family = spec->backends[i].endpoint.addr.family;
	return none;
}

struct ezlb_listener ezlb_listener_of(enum ezlb_proto proto, const struct ezlb_endpoint *first,
				      uint16_t last_port, uint32_t fwmark)
{
	struct ezlb_listener listener = { .key = { .proto = proto, .listen = *first },
					  .proto = proto,
					  .listen = *first,
					  .last_port = last_port };

	if (last_port || fwmark)
		listener.key = (struct ezlb_service_key){
			.proto = EZLB_TCP,
			.listen.addr.family = first->addr.family,
			.fwmark = fwmark ? fwmark : ezlb_range_mark(proto, first, last_port),
		};
	return listener;
}

static void add(struct ezlb_spec *spec, const struct reader *r, const struct listen_item *item,
		enum ezlb_proto proto)
{
	struct ezlb_listener *listener = &spec->listeners[spec->n_listeners++];

	*listener = ezlb_listener_of(proto, &item->first, item->last_port,
				     item->last_port ? r->fwmark : 0);
	listener->at = item->at;
}

static void add_mark(struct ezlb_spec *spec, const struct reader *r)
{
	struct ezlb_endpoint any = { .addr = family_of_backends(spec) };
	struct ezlb_listener *listener = &spec->listeners[spec->n_listeners++];

	spec->listen_at = ezlb_read_at(r, &service_table, "fwmark");
	*listener = ezlb_listener_of(EZLB_TCP, &any, 0, r->fwmark);
	listener->at = spec->listen_at;
}

void ezlb_listeners_make(struct reader *r)
{
	struct ezlb_spec *spec = r->spec;
	size_t n = r->listen.len * r->n_protos;

	spec->listeners = ezlb_calloc(n ? n : 1, sizeof(*spec->listeners));
	for (size_t i = 0; i < r->listen.len; i++)
		for (size_t j = 0; j < r->n_protos; j++)
			add(spec, r, &r->listen.items[i], r->protos[j]);
	if (r->fwmark && r->listen.len == 0)
		add_mark(spec, r);
	if (spec->n_listeners == 0) /* reported */
		spec->listeners[spec->n_listeners++].proto = r->protos[0];
	spec->listen = spec->listeners[0].listen;
	spec->proto = spec->listeners[0].proto;
}
