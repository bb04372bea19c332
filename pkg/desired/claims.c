// SPDX-License-Identifier: GPL-2.0-or-later
#include "claims.h"

#include <ezlb/mem.h>

struct claim {
	struct holders EZLB_VEC(struct hold) holders;
	uint32_t hash;
	unsigned char len, key[EZLB_NAME_MAX + 2];
};

/* Open addressing. The hash is a keyed one: whoever writes the files chooses the keys. */
struct claim_table {
	struct claim *claims; /* room for those of all versions */
	size_t n;
	size_t *slots;	/* indexes of claims + 1; 0: free */
	size_t n_slots; /* a power of two, and at least half of them are free */
};

/* For the SNAT of backends there are no claims if its rows are for listeners. */
static size_t n_claims(const struct ezlb_spec *spec, enum ezlb_snat_key_kind snat_key)
{
	bool snat = spec->full_nat && snat_key == EZLB_SNAT_KEY_BACKEND;

	return 1 + spec->n_listeners * (1 + (snat ? spec->n_backends : 0));
}

struct claim_of claim_of(const struct ezlb_spec *spec, size_t i)
{
	if (i == 0)
		return (struct claim_of){ .kind = CONFLICT_NAME };
	if (i <= spec->n_listeners)
		return (struct claim_of){ .kind = CONFLICT_LISTENER, .listener = i - 1 };
	i -= 1 + spec->n_listeners;
	return (struct claim_of){ .kind = CONFLICT_SNAT,
				  .listener = i / spec->n_backends,
				  .backend = i % spec->n_backends };
}

static size_t put_key(unsigned char *key, const struct ezlb_service_key *of)
{
	const struct ezlb_endpoint *ep = &of->listen;

	key[1] = (unsigned char)of->proto;
	key[2] = ep->addr.family;
	memcpy(key + 3, ep->addr.bytes, sizeof(ep->addr.bytes));
	key[19] = (unsigned char)(ep->port >> 8);
	key[20] = (unsigned char)ep->port;
	memcpy(key + 21, &of->fwmark, sizeof(of->fwmark));
	return 25;
}

static size_t claim_key(const struct ezlb_spec *spec, size_t i, unsigned char *key)
{
	const struct claim_of of = claim_of(spec, i);
	size_t len = strlen(spec->name);
	struct ezlb_service_key service;

	key[0] = (unsigned char)of.kind;
	if (of.kind == CONFLICT_NAME) {
		memcpy(key + 1, spec->name, len);
		return len + 1;
	}
	service = spec->listeners[of.listener].key;
	if (of.kind == CONFLICT_SNAT)
		service.listen = ezlb_dest_endpoint(&service, &spec->backends[of.backend].endpoint);
	return put_key(key, &service);
}

static bool same_key(const struct claim *a, const struct claim *b)
{
	return a->hash == b->hash && a->len == b->len && memcmp(a->key, b->key, a->len) == 0;
}

static struct claim *find_or_make(struct claim_table *table, const struct ezlb_spec *spec, size_t i)
{
	struct claim *next = &table->claims[table->n];
	size_t slot;

	next->len = (unsigned char)claim_key(spec, i, next->key);
	next->hash = ezlb_hash_keyed(next->key, next->len);
	for (slot = next->hash & (table->n_slots - 1); table->slots[slot];
	     slot = (slot + 1) & (table->n_slots - 1))
		if (same_key(&table->claims[table->slots[slot] - 1], next))
			return &table->claims[table->slots[slot] - 1];
	table->slots[slot] = ++table->n;
	return next;
}

static void fill_in(struct claim_table *table, struct version *version)
{
	version->claims = ezlb_calloc(version->n_claims, sizeof(struct claim *));
	version->at = ezlb_calloc(version->n_claims, sizeof(*version->at));
	for (size_t i = 0; i < version->n_claims; i++)
		version->claims[i] = find_or_make(table, version->spec, i);
}

struct claim_table *claims_new(struct entry *entries, size_t n, enum ezlb_snat_key_kind snat_key)
{
	struct claim_table *table = ezlb_calloc(1, sizeof(*table));
	size_t total = 1; /* room for a key that turns out to be known */

	for (size_t i = 0; i < 2 * n; i++) {
		struct version *version = &entries[i / 2].versions[i % 2];

		if (version->spec)
			version->n_claims = n_claims(version->spec, snat_key);
		total += version->n_claims;
	}
	table->claims = ezlb_calloc(total, sizeof(*table->claims));
	for (table->n_slots = 2; table->n_slots < 2 * total;)
		table->n_slots *= 2;
	table->slots = ezlb_calloc(table->n_slots, sizeof(*table->slots));
	for (size_t i = 0; i < 2 * n; i++)
		if (entries[i / 2].versions[i % 2].spec)
			fill_in(table, &entries[i / 2].versions[i % 2]);
	return table;
}

void claims_free(struct claim_table *table, struct entry *entries, size_t n)
{
	for (size_t i = 0; i < 2 * n; i++) {
		free(entries[i / 2].versions[i % 2].claims);
		free(entries[i / 2].versions[i % 2].at);
		free(entries[i / 2].versions[i % 2].places);
	}
	for (size_t i = 0; i < table->n; i++)
		EZLB_VEC_CLEAR(&table->claims[i].holders);
	free(table->slots);
	free(table->claims);
	free(table);
}

const struct hold *claim_holder(const struct claim *claim)
{
	return claim->holders.len ? &claim->holders.items[0] : NULL;
}

void claims_take(struct entry *e, struct version *version)
{
	e->now = version;
	for (size_t i = 0; i < version->n_claims; i++) {
		struct holders *holders = &version->claims[i]->holders;

		*EZLB_ROOM(holders, 1) = (struct hold){ e, i }; /* most have one */
		version->at[i] = holders->len++;
	}
}

/* The last one takes the free place. */
void claims_release(struct entry *e)
{
	for (size_t i = 0; e->now && i < e->now->n_claims; i++) {
		struct holders *holders = &e->now->claims[i]->holders;
		size_t at = e->now->at[i];
		struct hold *moved = &holders->items[--holders->len];

		holders->items[at] = *moved;
		moved->entry->now->at[moved->claim] = at;
	}
	e->now = NULL;
}
