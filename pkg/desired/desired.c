// SPDX-License-Identifier: GPL-2.0-or-later
/* desired: decides which version of each file is applied, without conflicts. */
#include <ezlb/desired.h>

#include <ezlb/mem.h>
#include <ezlb/table.h>

#include <uthash.h>

#include "claim.h"
#include "entry.h"

/* The entries that hold a claim. Only the source NAT of a backend can have several. */
struct claim {
	UT_hash_handle hh;
	struct holders EZLB_VEC(struct entry *) holders;
	size_t key_len;
	unsigned char key[EZLB_NAME_MAX + 2];
};

struct merge {
	struct entry *entries; /* in file order */
	size_t n;
	enum ezlb_snat_key_kind snat_key; /* LISTENER: no claims for the SNAT of backends */
	struct ranged EZLB_VEC(struct entry *) ranged; /* with a range of ports, in file order */
	struct claim *claims;
	struct waiting EZLB_VEC(struct entry *) waiting; /* entries to place */
};

/* The claims of a spec: its name, its listeners, and the source NAT of backends per listener. */
static size_t n_claims(const struct merge *merge, const struct ezlb_spec *spec)
{
	bool snat = spec->full_nat && merge->snat_key == EZLB_SNAT_KEY_BACKEND;

	return 1 + spec->n_listeners * (1 + (snat ? spec->n_backends : 0));
}

static struct claim_of claim_of(const struct ezlb_spec *spec, size_t i)
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

static struct claim *claim_find(const struct merge *merge, const struct ezlb_spec *spec, size_t i)
{
	unsigned char key[EZLB_NAME_MAX + 2];
	size_t len = claim_key(spec, i, key);
	struct claim *claim;

	HASH_FIND(hh, merge->claims, key, len, claim);
	return claim;
}

static struct claim *claim_make(struct merge *merge, const struct ezlb_spec *spec, size_t i)
{
	struct claim *claim = claim_find(merge, spec, i);

	if (claim)
		return claim;
	claim = ezlb_calloc(1, sizeof(*claim));
	claim->key_len = claim_key(spec, i, claim->key);
	HASH_ADD_KEYPTR(hh, merge->claims, claim->key, claim->key_len, claim);
	return claim;
}

static void merge_clear(struct merge *merge)
{
	struct claim *claim, *next;

	HASH_ITER(hh, merge->claims, claim, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): only the last frees the table. */
		HASH_DEL(merge->claims, claim);
		EZLB_VEC_CLEAR(&claim->holders);
		free(claim);
	}
	EZLB_VEC_CLEAR(&merge->waiting);
	EZLB_VEC_CLEAR(&merge->ranged);
}

static void take(struct merge *merge, struct entry *e, const struct ezlb_spec *spec)
{
	e->now = spec;
	for (size_t i = 0; i < n_claims(merge, spec); i++)
		*EZLB_PUSH(&claim_make(merge, spec, i)->holders) = e;
}

static void release(struct merge *merge, struct entry *e)
{
	for (size_t i = 0; e->now && i < n_claims(merge, e->now); i++) {
		struct holders *holders = &claim_find(merge, e->now, i)->holders;
		size_t k = 0;

		while (holders->items[k] != e)
			k++;
		holders->items[k] = holders->items[--holders->len];
	}
	e->now = NULL;
}

/*
 * The key of a range is its mark, so no claim is equal to that of a port in it. Two listeners of
 * one port each overlap only if their claims are equal. There can be 10,000 of these.
 */
static struct entry *overlapping(const struct merge *merge, const struct ezlb_listener *listener)
{
	size_t n = listener->last_port ? merge->n : merge->ranged.len;

	for (size_t i = 0; i < n; i++) {
		struct entry *e = listener->last_port ? &merge->entries[i] : merge->ranged.items[i];

		if (e->now && claim_overlaps(e->now, listener))
			return e;
	}
	return NULL;
}

/* The entry that holds claim i of spec and conflicts with it; equal source NATs do not conflict. */
static struct entry *holder_of(const struct merge *merge, const struct ezlb_spec *spec, size_t i)
{
	const struct claim *claim = claim_find(merge, spec, i);
	struct entry *holder = claim && claim->holders.len ? claim->holders.items[0] : NULL;
	const struct claim_of of = claim_of(spec, i);

	if (!holder && of.kind == CONFLICT_LISTENER)
		return overlapping(merge, &spec->listeners[of.listener]);
	if (holder && of.kind == CONFLICT_SNAT &&
	    ezlb_range_cmp(&holder->now->snat_ip, &spec->snat_ip) == 0)
		return NULL;
	return holder;
}

/* Applies the fresh version unless it conflicts. */
static bool try_fresh(struct merge *merge, struct entry *e)
{
	const struct ezlb_spec *fresh = e->fresh;

	for (size_t i = 0; i < n_claims(merge, fresh); i++) {
		e->holder = holder_of(merge, fresh, i);
		if (!e->holder)
			continue;
		e->claim = claim_of(fresh, i);
		e->conflict = e->claim.kind;
		e->holder_spec = e->holder->now;
		return false;
	}
	e->conflict = CONFLICT_NONE;
	take(merge, e, fresh);
	return true;
}

/* Applies the last version; unsettled entries that hold one of its claims must try again. */
static void restore_last(struct merge *merge, struct entry *e)
{
	const struct ezlb_spec *last = e->last;
	struct entry *holder;

	e->settled = true;
	for (size_t i = 0; last && i < n_claims(merge, last); i++)
		while ((holder = holder_of(merge, last, i))) {
			if (holder->settled) /* only if two last versions conflict */
				return;
			release(merge, holder);
			*EZLB_PUSH(&merge->waiting) = holder;
		}
	if (last)
		take(merge, e, last);
}

static const struct ezlb_spec *possible(const struct merge *merge, const struct ezlb_spec *spec)
{
	return spec && claim_needs_nftables(spec, merge->snat_key) ? NULL : spec;
}

static void add_entry(struct merge *merge, struct entry *e, const struct ezlb_candidate *candidate)
{
	const struct ezlb_spec *fresh = possible(merge, candidate->fresh);
	const struct ezlb_spec *last = possible(merge, candidate->last);

	e->fresh = fresh;
	e->last = last;
	e->settled = !fresh || (last && claim_nothing_new(fresh, last));
	if (e->settled && (!fresh || !try_fresh(merge, e)))
		restore_last(merge, e);
}

static void place_unsettled(struct merge *merge)
{
	for (size_t i = 0; i < merge->n; i++) {
		if (merge->entries[i].settled)
			continue;
		*EZLB_PUSH(&merge->waiting) = &merge->entries[i];
		while (merge->waiting.len > 0) {
			struct entry *e = merge->waiting.items[--merge->waiting.len];

			if (!try_fresh(merge, e))
				restore_last(merge, e);
		}
	}
	for (size_t i = 0; i < merge->n; i++)
		merge->entries[i].settled = true;
}

/* Retries each entry whose conflict was with a version that is not applied any more. */
static bool retry_one_by_one(struct merge *merge)
{
	bool any = false;

	for (size_t i = 0; i < merge->n; i++) {
		struct entry *e = &merge->entries[i];
		const struct ezlb_spec *now = e->now;

		if (e->conflict == CONFLICT_NONE || e->holder->now == e->holder_spec)
			continue;
		release(merge, e);
		if (try_fresh(merge, e))
			any = true;
		else if (now)
			take(merge, e, now);
	}
	return any;
}

/* Unsettles all entries with a conflict: two of them may be able to swap now. */
static bool retry_together(struct merge *merge)
{
	bool any = false;

	for (size_t i = 0; i < merge->n; i++) {
		struct entry *e = &merge->entries[i];

		if (e->conflict == CONFLICT_NONE)
			continue;
		release(merge, e);
		e->settled = false;
		any = true;
	}
	return any;
}

static size_t count_without_conflict(const struct merge *merge)
{
	size_t n = 0;

	for (size_t i = 0; i < merge->n; i++)
		n += merge->entries[i].conflict == CONFLICT_NONE;
	return n;
}

/*
 * An entry is settled if its last version is applied, or if fresh has no claim that last does not
 * hold. All others first give up their old claims, so that two files can swap, and then try their
 * new claims in file order. After a conflict an entry goes back to its last version and may
 * displace others that are not settled. Repeats until nothing improves, so that the same merge
 * again changes nothing.
 */
static void resolve(struct merge *merge)
{
	size_t applied = 0, before;

	do {
		place_unsettled(merge);
		while (retry_one_by_one(merge))
			continue;
		before = applied;
		applied = count_without_conflict(merge);
	} while (applied > before && retry_together(merge));
}

void ezlb_desired_merge(struct ezlb_candidate *candidates, size_t n,
			enum ezlb_snat_key_kind snat_key, struct ezlb_desired *out,
			struct ezlb_diags *diags)
{
	EZLB_AUTO_FREE struct entry *entries = ezlb_calloc(n, sizeof(*entries));
	struct merge merge = { .entries = entries, .n = n, .snat_key = snat_key };

	for (size_t i = 0; i < n; i++)
		if (claim_has_range(candidates[i].fresh) || claim_has_range(candidates[i].last))
			*EZLB_PUSH(&merge.ranged) = &entries[i];
	for (size_t i = 0; i < n; i++)
		add_entry(&merge, &entries[i], &candidates[i]);
	resolve(&merge);
	for (size_t i = 0; i < n; i++) {
		candidates[i].chosen = entries[i].now;
		if (entries[i].now)
			*EZLB_PUSH(out) = entries[i].now;
		if (entries[i].conflict != CONFLICT_NONE)
			report_conflict(&entries[i], diags);
		else if (candidates[i].fresh && !entries[i].fresh)
			report_mark(candidates[i].fresh,
				    claim_needs_nftables(candidates[i].fresh, snat_key), diags);
	}
	merge_clear(&merge);
	EZLB_SORT(out, desired_cmp);
}
