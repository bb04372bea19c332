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

static void add(struct ezlb_spec *spec, const struct reader *r, const struct listen_item *item,
		enum ezlb_proto proto)
{
	struct ezlb_listener *listener = &spec->listeners[spec->n_listeners++];

	*listener = (struct ezlb_listener){ .key = { .proto = proto, .listen = item->first },
					    .proto = proto,
					    .listen = item->first,
					    .last_port = item->last_port,
					    .at = item->at };
	if (!item->last_port)
		return;
	listener->key = (struct ezlb_service_key){
		.proto = EZLB_TCP,
		.listen.addr.family = item->first.addr.family,
		.fwmark = r->fwmark ? r->fwmark
				    : ezlb_range_mark(proto, &item->first, item->last_port),
	};
}

static void add_mark(struct ezlb_spec *spec, const struct reader *r)
{
	struct ezlb_endpoint any = { .addr = family_of_backends(spec) };

	spec->listen_at = ezlb_read_at(r, &service_table, "fwmark");
	spec->listeners[spec->n_listeners++] = (struct ezlb_listener){
		.key = { .proto = EZLB_TCP, .listen = any, .fwmark = r->fwmark },
		.proto = EZLB_TCP,
		.listen = any,
		.at = spec->listen_at,
	};
}

void ezlb_listeners_make(struct reader *r)
{
	struct ezlb_spec *spec = r->spec;

	spec->listeners = ezlb_calloc(r->listen.len * r->n_protos + 1, sizeof(*spec->listeners));
	for (size_t i = 0; i < r->listen.len; i++)
		for (size_t j = 0; j < r->n_protos; j++)
			add(spec, r, &r->listen.items[i], r->protos[j]);
	if (r->fwmark && r->listen.len == 0)
		add_mark(spec, r);
	if (spec->n_listeners == 0) /* reported */
		spec->n_listeners = 1;
	spec->listen = spec->listeners[0].listen;
	spec->proto = spec->listeners[0].proto;
}
