// SPDX-License-Identifier: GPL-2.0-or-later
#include "print.h"

#include <ezlb/mem.h>
#include <ezlb/text.h>

/* Appends a value: not whole rows, which have padding. */
#define PUT(bytes, value) ezlb_text_put((bytes), (const char *)&(value), sizeof(value))

/* Eight bytes at a time: there can be many rows. */
static uint64_t hash(const struct ezlb_text *bytes)
{
	const unsigned char key[16] = { 0 };

	return ezlb_siphash(key, bytes->items, bytes->len);
}

static void put_addr(struct ezlb_text *bytes, const struct ezlb_addr *addr)
{
	PUT(bytes, addr->family);
	PUT(bytes, addr->bytes);
}

static void put_endpoint(struct ezlb_text *bytes, const struct ezlb_endpoint *endpoint)
{
	put_addr(bytes, &endpoint->addr);
	PUT(bytes, endpoint->port);
}

static void put_key(struct ezlb_text *bytes, const struct ezlb_service_key *key)
{
	PUT(bytes, key->proto);
	PUT(bytes, key->fwmark);
	put_endpoint(bytes, &key->listen);
}

static void put_service(struct ezlb_text *bytes, const struct ezlb_service_row *row)
{
	put_key(bytes, &row->key);
	ezlb_text_put(bytes, row->scheduler, strlen(row->scheduler) + 1);
	PUT(bytes, row->flags);
	PUT(bytes, row->timeout);
	PUT(bytes, row->netmask);
	ezlb_text_put(bytes, row->engine, strlen(row->engine) + 1);
}

static void put_dest(struct ezlb_text *bytes, const struct ezlb_dest_row *row)
{
	put_key(bytes, &row->service);
	put_endpoint(bytes, &row->endpoint);
	PUT(bytes, row->forward);
	PUT(bytes, row->weight);
	PUT(bytes, row->upper);
	PUT(bytes, row->lower);
	PUT(bytes, row->tunnel.type);
	PUT(bytes, row->tunnel.port);
	PUT(bytes, row->tunnel.checksum);
}

static void put_snat(struct ezlb_text *bytes, const struct ezlb_snat_row *row)
{
	PUT(bytes, row->key.kind);
	PUT(bytes, row->key.proto);
	PUT(bytes, row->key.fwmark);
	put_endpoint(bytes, &row->key.endpoint);
	put_addr(bytes, &row->to.first);
	put_addr(bytes, &row->to.last);
}

static void put_host(struct ezlb_text *bytes, const struct ezlb_table *table)
{
	for (size_t i = 0; i < table->settings.len; i++) {
		PUT(bytes, table->settings.items[i].setting);
		PUT(bytes, table->settings.items[i].device);
		PUT(bytes, table->settings.items[i].value);
	}
	for (size_t i = 0; i < table->links.len; i++)
		PUT(bytes, table->links.items[i].device);
	for (size_t i = 0; i < table->vips.len; i++) {
		PUT(bytes, table->vips.items[i].device);
		put_addr(bytes, &table->vips.items[i].addr);
	}
	for (size_t i = 0; i < table->elsewhere.len; i++)
		put_addr(bytes, &table->elsewhere.items[i]);
}

static void put_firewall(struct ezlb_text *bytes, const struct ezlb_table *table)
{
	for (size_t i = 0; i < table->accepts.len; i++) {
		PUT(bytes, table->accepts.items[i].gate);
		put_key(bytes, &table->accepts.items[i].service);
	}
	PUT(bytes, table->accepts_present);
	PUT(bytes, table->accepts_sound);
	PUT(bytes, table->gates);
}

static void put_marks(struct ezlb_text *bytes, const struct ezlb_table *table)
{
	for (size_t i = 0; i < table->marks.len; i++) {
		put_key(bytes, &table->marks.items[i].service);
		PUT(bytes, table->marks.items[i].proto);
		put_endpoint(bytes, &table->marks.items[i].first);
		PUT(bytes, table->marks.items[i].last_port);
	}
	for (size_t i = 0; i < table->guards.len; i++)
		put_addr(bytes, &table->guards.items[i].addr);
}

static void put_toa(struct ezlb_text *bytes, const struct ezlb_table *table)
{
	for (size_t i = 0; i < table->toas.len; i++) {
		put_key(bytes, &table->toas.items[i].service);
		PUT(bytes, table->toas.items[i].mode);
		PUT(bytes, table->toas.items[i].ipv6_kind);
	}
	for (size_t i = 0; i < table->hooks.len; i++)
		PUT(bytes, table->hooks.items[i].device);
	for (size_t i = 0; i < table->routes.len; i++) {
		put_addr(bytes, &table->routes.items[i].to);
		PUT(bytes, table->routes.items[i].device);
		PUT(bytes, table->routes.items[i].qdisc);
	}
	PUT(bytes, table->toa_present);
	PUT(bytes, table->toa_sound);
	PUT(bytes, table->toa_problem);
}

static void put_syncs(struct ezlb_text *bytes, const struct ezlb_table *table)
{
	for (size_t i = 0; i < table->syncs.len; i++) {
		PUT(bytes, table->syncs.items[i].role);
		PUT(bytes, table->syncs.items[i].device);
		PUT(bytes, table->syncs.items[i].id);
		PUT(bytes, table->syncs.items[i].stale);
	}
}

static void put_table(struct ezlb_text *bytes, const struct ezlb_table *table)
{
	for (size_t i = 0; i < table->services.len; i++)
		put_service(bytes, &table->services.items[i]);
	for (size_t i = 0; i < table->dests.len; i++)
		put_dest(bytes, &table->dests.items[i]);
	for (size_t i = 0; i < table->snats.len; i++)
		put_snat(bytes, &table->snats.items[i]);
	put_marks(bytes, table);
	put_toa(bytes, table);
	put_host(bytes, table);
	put_syncs(bytes, table);
	put_firewall(bytes, table);
	for (size_t i = 0; i < table->timeouts.len; i++)
		PUT(bytes, table->timeouts.items[i].seconds);
	PUT(bytes, table->snat_present);
	PUT(bytes, table->snat_sound);
}

uint64_t ezlb_memory_print(const struct ezlb_table *table)
{
	struct ezlb_text bytes = { 0 };
	uint64_t print;

	put_table(&bytes, table);
	print = hash(&bytes);
	EZLB_VEC_CLEAR(&bytes);
	return print;
}

void ezlb_memory_print_services(const struct ezlb_table *table, struct service_prints *out)
{
	struct ezlb_text bytes = { 0 };
	size_t dest = 0;

	for (size_t i = 0; i < table->services.len; i++) {
		const struct ezlb_service_key *key = &table->services.items[i].key;

		bytes.len = 0;
		put_service(&bytes, &table->services.items[i]);
		while (dest < table->dests.len &&
		       ezlb_service_key_cmp(&table->dests.items[dest].service, key) <= 0)
			put_dest(&bytes, &table->dests.items[dest++]);
		*EZLB_PUSH(out) = (struct service_print){ *key, hash(&bytes) };
	}
	EZLB_VEC_CLEAR(&bytes);
}
