// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/connection.h>

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

int ezlb_connection_cmp(const void *pa, const void *pb)
{
	const struct ezlb_connection *a = pa, *b = pb;
	int c = ezlb_endpoint_cmp(&a->client, &b->client);

	if (c == 0)
		c = ezlb_endpoint_cmp(&a->listen, &b->listen);
	if (c == 0)
		c = CMP(a->proto, b->proto);
	if (c == 0)
		c = ezlb_endpoint_cmp(&a->source, &b->source);
	if (c == 0)
		c = ezlb_endpoint_cmp(&a->backend, &b->backend);
	if (c == 0)
		c = CMP(a->zone, b->zone);
	return c ? c : CMP(a->id, b->id);
}

int ezlb_connection_answer_cmp(const void *pa, const void *pb)
{
	const struct ezlb_connection_answer *a = pa, *b = pb;
	int c = CMP(a->proto, b->proto);

	if (c == 0)
		c = ezlb_endpoint_cmp(&a->backend, &b->backend);
	return c ? c : ezlb_endpoint_cmp(&a->source, &b->source);
}

bool ezlb_connection_is_translated(const struct ezlb_connection *connection)
{
	return ezlb_endpoint_cmp(&connection->backend, &connection->listen) != 0;
}

static bool has(const struct ezlb_endpoint *want, uint16_t last_port,
		const struct ezlb_endpoint *have)
{
	if (want->addr.family && ezlb_addr_cmp(&want->addr, &have->addr) != 0)
		return false;
	if (last_port)
		return have->port >= want->port && have->port <= last_port;
	return want->port == 0 || want->port == have->port;
}

bool ezlb_connection_select_has(const struct ezlb_connection_select *select,
				const struct ezlb_connection *connection)
{
	return (!select->has_proto || select->proto == connection->proto) &&
	       has(&select->client, 0, &connection->client) &&
	       has(&select->listen, select->last_port, &connection->listen) &&
	       has(&select->backend, 0, &connection->backend) &&
	       has(&select->source, 0, &connection->source);
}
