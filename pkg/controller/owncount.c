// SPDX-License-Identifier: GPL-2.0-or-later
#include "owncount.h"

#include <sys/socket.h>

void owncount_range(struct owncount *own, const struct ezlb_listener *listener)
{
	if (listener->key.fwmark != 0 && listener->last_port != 0)
		*EZLB_PUSH(&own->ranges) = *listener;
}

static bool covers(const struct ezlb_listener *range, const struct ezlb_service_key *to)
{
	return range->proto == to->proto &&
	       ezlb_addr_cmp(&range->listen.addr, &to->listen.addr) == 0 &&
	       range->listen.port <= to->listen.port && to->listen.port <= range->last_port;
}

static const struct ezlb_service_key *find(const struct owncount *own,
					   const struct ezlb_service_key *to)
{
	const struct ezlb_service_key *key = EZLB_FIND(own->scope, to, ezlb_service_key_cmp);

	for (size_t i = 0; !key && i < own->ranges.len; i++)
		if (covers(&own->ranges.items[i], to))
			key = EZLB_FIND(own->scope, &own->ranges.items[i].key,
					ezlb_service_key_cmp);
	return key ? key : own->marks[to->listen.addr.family == AF_INET6];
}

static void on_connection(void *arg, const struct ezlb_service_key *to)
{
	struct owncount *own = arg;
	const struct ezlb_service_key *key = find(own, to);

	if (key)
		own->rows.items[key - own->scope->items].active++;
}

int owncount_read(struct owncount *own, uint32_t most_ms)
{
	own->rows.len = 0;
	for (size_t i = 0; i < own->scope->len; i++) {
		const struct ezlb_service_key *key = &own->scope->items[i];
		bool six = key->listen.addr.family == AF_INET6;

		if (key->fwmark != 0 && !own->marks[six])
			own->marks[six] = key;
		*EZLB_PUSH(&own->rows) = (struct ezlb_traffic_row){ .service = *key,
								    .of_dest = true };
	}
	return ezlb_ipvs_own_connections(most_ms, on_connection, own);
}

void owncount_clear(struct owncount *own)
{
	EZLB_VEC_CLEAR(&own->ranges);
	EZLB_VEC_CLEAR(&own->rows);
}
