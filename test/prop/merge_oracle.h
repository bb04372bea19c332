/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * merge_oracle: the merge of pkg/desired in its plainest form. It compares each claim with each
 * other, without tables and trees, so it is easy to believe and slow with many files.
 */
#pragma once

#include "cm.h"

#include <ezlb/desired.h>
#include <ezlb/table.h>

enum o_kind { O_NONE, O_NAME, O_LISTENER, O_SNAT };

/* A name; or a key with a mark or a listener; or with a dest. */
struct o_key {
	enum o_kind kind;
	char name[EZLB_NAME_MAX + 1];
	struct ezlb_service_key service;
};

struct o_claim {
	struct o_key key;
	struct EZLB_VEC(struct o_entry *) holders;
};

struct o_entry {
	const struct ezlb_spec *fresh, *last, *now;
	bool settled;
	enum o_kind conflict;
	const struct o_entry *holder;
	const struct ezlb_spec *holder_spec;
	size_t claim; /* of fresh */
};

struct oracle {
	enum ezlb_snat_key_kind snat_key;
	struct o_entry *entries;
	size_t n;
	bool *over; /* of each: the fresh version is refused, there is no room for its dests */
	struct EZLB_VEC(struct o_claim) claims;
	struct EZLB_VEC(struct o_entry *) waiting;
};

static inline size_t o_count(const struct oracle *o, const struct ezlb_spec *spec)
{
	bool snat = spec->full_nat && o->snat_key == EZLB_SNAT_KEY_BACKEND;

	return 1 + spec->n_listeners + (snat ? spec->n_listeners * spec->n_backends : 0);
}

static inline struct o_key o_key_of(const struct ezlb_spec *spec, size_t i)
{
	struct o_key key = { .kind = O_NAME };

	if (i == 0) {
		ezlb_strcpy(key.name, sizeof(key.name), spec->name);
		return key;
	}
	key.kind = i <= spec->n_listeners ? O_LISTENER : O_SNAT;
	i -= key.kind == O_LISTENER ? 1 : 1 + spec->n_listeners;
	key.service = spec->listeners[key.kind == O_LISTENER ? i : i / spec->n_backends].key;
	if (key.kind == O_SNAT)
		key.service.listen = ezlb_dest_endpoint(
			&key.service, &spec->backends[i % spec->n_backends].endpoint);
	return key;
}

static inline bool o_same(const struct o_key *a, const struct o_key *b)
{
	return a->kind == b->kind && strcmp(a->name, b->name) == 0 &&
	       a->service.proto == b->service.proto && a->service.fwmark == b->service.fwmark &&
	       ezlb_endpoint_cmp(&a->service.listen, &b->service.listen) == 0;
}

static inline struct o_claim *o_claim_at(struct oracle *o, const struct ezlb_spec *spec, size_t i)
{
	const struct o_key key = o_key_of(spec, i);
	struct o_claim *claim;

	for (size_t k = 0; k < o->claims.len; k++)
		if (o_same(&o->claims.items[k].key, &key))
			return &o->claims.items[k];
	claim = EZLB_PUSH(&o->claims);
	claim->key = key;
	return claim;
}

static inline void o_take(struct oracle *o, struct o_entry *e, const struct ezlb_spec *spec)
{
	e->now = spec;
	for (size_t i = 0; i < o_count(o, spec); i++)
		*EZLB_PUSH(&o_claim_at(o, spec, i)->holders) = e;
}

static inline void o_release(struct oracle *o, struct o_entry *e)
{
	for (size_t i = 0; e->now && i < o_count(o, e->now); i++) {
		struct o_claim *claim = o_claim_at(o, e->now, i);
		size_t k = 0;

		while (claim->holders.items[k] != e)
			k++;
		claim->holders.items[k] = claim->holders.items[--claim->holders.len];
	}
	e->now = NULL;
}

static inline bool o_overlap(const struct ezlb_listener *a, const struct ezlb_listener *b)
{
	unsigned last_a = a->last_port ? a->last_port : a->listen.port;
	unsigned last_b = b->last_port ? b->last_port : b->listen.port;

	return a->proto == b->proto && !ezlb_listener_is_mark(a) && !ezlb_listener_is_mark(b) &&
	       ezlb_addr_cmp(&a->listen.addr, &b->listen.addr) == 0 && a->listen.port <= last_b &&
	       b->listen.port <= last_a;
}

static inline bool o_overlaps(const struct ezlb_spec *spec, const struct ezlb_listener *listener)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (o_overlap(&spec->listeners[i], listener))
			return true;
	return false;
}

static inline struct o_entry *o_holder(struct oracle *o, const struct ezlb_spec *spec, size_t i)
{
	const struct o_claim *claim = o_claim_at(o, spec, i);
	struct o_entry *holder = claim->holders.len ? claim->holders.items[0] : NULL;

	if (holder)
		return claim->key.kind == O_SNAT &&
				       ezlb_range_cmp(&holder->now->snat_ip, &spec->snat_ip) == 0
			       ? NULL
			       : holder;
	for (size_t k = 0; claim->key.kind == O_LISTENER && k < o->n; k++)
		if (o->entries[k].now && o_overlaps(o->entries[k].now, &spec->listeners[i - 1]))
			return &o->entries[k];
	return NULL;
}

static inline bool o_try(struct oracle *o, struct o_entry *e)
{
	for (size_t i = 0; i < o_count(o, e->fresh); i++) {
		e->holder = o_holder(o, e->fresh, i);
		if (!e->holder)
			continue;
		e->claim = i;
		e->conflict = o_key_of(e->fresh, i).kind;
		e->holder_spec = e->holder->now;
		return false;
	}
	e->conflict = O_NONE;
	o_take(o, e, e->fresh);
	return true;
}

static inline void o_restore(struct oracle *o, struct o_entry *e)
{
	struct o_entry *holder;

	e->settled = true;
	for (size_t i = 0; e->last && i < o_count(o, e->last); i++)
		while ((holder = o_holder(o, e->last, i))) {
			if (holder->settled)
				return;
			o_release(o, holder);
			*EZLB_PUSH(&o->waiting) = holder;
		}
	if (e->last)
		o_take(o, e, e->last);
}

static inline void o_place(struct oracle *o)
{
	for (size_t i = 0; i < o->n; i++) {
		if (o->entries[i].settled)
			continue;
		*EZLB_PUSH(&o->waiting) = &o->entries[i];
		while (o->waiting.len > 0) {
			struct o_entry *e = o->waiting.items[--o->waiting.len];

			if (!o_try(o, e))
				o_restore(o, e);
		}
	}
	for (size_t i = 0; i < o->n; i++)
		o->entries[i].settled = true;
}

static inline bool o_retry_one_by_one(struct oracle *o)
{
	bool any = false;

	for (size_t i = 0; i < o->n; i++) {
		struct o_entry *e = &o->entries[i];
		const struct ezlb_spec *now = e->now;

		if (e->conflict == O_NONE || e->holder->now == e->holder_spec)
			continue;
		o_release(o, e);
		if (o_try(o, e))
			any = true;
		else if (now)
			o_take(o, e, now);
	}
	return any;
}

static inline size_t o_retry_together(struct oracle *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n; i++)
		if (o->entries[i].conflict != O_NONE) {
			o_release(o, &o->entries[i]);
			o->entries[i].settled = false;
			n++;
		}
	return n;
}

static inline void o_resolve(struct oracle *o)
{
	size_t applied = 0, before;

	do {
		o_place(o);
		while (o_retry_one_by_one(o))
			continue;
		before = applied;
		applied = 0;
		for (size_t i = 0; i < o->n; i++)
			applied += o->entries[i].conflict == O_NONE;
	} while (applied > before && o_retry_together(o) > 0);
}

static inline bool o_possible(const struct oracle *o, const struct ezlb_spec *spec)
{
	for (size_t i = 0; spec && i < spec->n_listeners; i++)
		if (spec->listeners[i].key.fwmark && spec->full_nat &&
		    o->snat_key == EZLB_SNAT_KEY_BACKEND)
			return false;
	return spec != NULL;
}

static inline size_t o_dests(const struct oracle *o, const struct ezlb_spec *spec)
{
	return o_possible(o, spec) ? spec->n_listeners * spec->n_backends : 0;
}

static inline void o_clear(struct oracle *o)
{
	for (size_t i = 0; i < o->claims.len; i++)
		EZLB_VEC_CLEAR(&o->claims.items[i].holders);
	EZLB_VEC_CLEAR(&o->claims);
	EZLB_VEC_CLEAR(&o->waiting);
	free(o->entries);
}

/* Sets the entries from nothing. Those that are over have no fresh version. */
static inline void o_once(struct oracle *o, const struct ezlb_candidate *candidates)
{
	o->entries = ezlb_calloc(o->n, sizeof(*o->entries));
	for (size_t i = 0; i < o->n; i++) {
		struct o_entry *e = &o->entries[i];

		if (o_possible(o, candidates[i].fresh) && !o->over[i])
			e->fresh = candidates[i].fresh;
		if (o_possible(o, candidates[i].last))
			e->last = candidates[i].last;
		e->settled = !e->fresh || (e->last && ezlb_desired_fits_for(e->fresh, e->last));
		if (e->settled && (!e->fresh || !o_try(o, e)))
			o_restore(o, e);
	}
	o_resolve(o);
}

static inline size_t o_sum(const struct oracle *o)
{
	size_t sum = 0;

	for (size_t i = 0; i < o->n; i++)
		sum += o_dests(o, o->entries[i].now);
	return sum;
}

/* Who would exceed the limit, if each that has room so far gets it. */
static inline void o_refuse(struct oracle *o, const struct ezlb_candidate *candidates, size_t max)
{
	for (size_t i = 0; i < o->n; i++) {
		size_t sum = 0;

		for (size_t k = 0; k < o->n; k++) {
			size_t last = o_dests(o, candidates[k].last);
			size_t fresh = o_dests(o, candidates[k].fresh);

			sum += k <= i && !(k < i && o->over[k]) && fresh > last ? fresh : last;
		}
		o->over[i] = o_dests(o, candidates[i].fresh) > o_dests(o, candidates[i].last) &&
			     sum > max;
	}
}

/* The caller frees it with oracle_clear. Every entry has its result. */
static inline void oracle_merge(struct oracle *o, const struct ezlb_candidate *given, size_t n,
				enum ezlb_snat_key_kind snat_key, size_t max)
{
	struct ezlb_candidate *candidates = ezlb_calloc(n, sizeof(*candidates));
	bool changed = true;

	*o = (struct oracle){ .snat_key = snat_key, .n = n };
	o->over = ezlb_calloc(n, sizeof(*o->over));
	memcpy(candidates, given, n * sizeof(*candidates));
	o_once(o, candidates);
	while (changed && o_sum(o) > max) {
		for (int limited = 1; changed && limited >= 0; limited--) {
			o_clear(o);
			*o = (struct oracle){ .snat_key = snat_key, .n = n, .over = o->over };
			memset(o->over, 0, n * sizeof(*o->over));
			if (limited)
				o_refuse(o, candidates, max);
			o_once(o, candidates);
			if (!limited)
				continue;
			changed = false;
			for (size_t i = 0; i < n; i++) {
				changed |= candidates[i].last != o->entries[i].now;
				candidates[i].last = o->entries[i].now;
			}
		}
	}
	free(candidates);
}

static inline void oracle_clear(struct oracle *o)
{
	o_clear(o);
	free(o->over);
}

/* Where the holder has what was wanted; if only ports overlap, its first listener. */
static inline struct ezlb_mark oracle_place(const struct o_entry *e)
{
	const struct ezlb_spec *holder = e->holder_spec;
	const struct o_key want = o_key_of(e->fresh, e->claim);
	size_t n = want.kind == O_SNAT ? holder->n_listeners * holder->n_backends : 0;

	for (size_t i = 0; i < 1 + holder->n_listeners + n; i++) {
		const struct o_key have = o_key_of(holder, i);

		if (!o_same(&have, &want))
			continue;
		if (i == 0)
			return holder->name_at;
		if (i <= holder->n_listeners)
			return holder->listeners[i - 1].at;
		return holder->backends[(i - 1 - holder->n_listeners) % holder->n_backends].at;
	}
	return holder->listen_at;
}
