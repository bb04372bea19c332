// SPDX-License-Identifier: GPL-2.0-or-later
/* desired: decides which version of each file is applied, without conflicts. */
#include <ezlb/desired.h>

#include <ezlb/mem.h>

#include "claim.h"
#include "claims.h"
#include "ports.h"

struct merge {
	struct entry *entries; /* in file order */
	size_t n;
	enum ezlb_snat_key_kind snat_key; /* LISTENER: no claims for the SNAT of backends */
	struct claim_table *claims;
	struct ports *ports;				 /* NULL: no file has a range of ports */
	struct waiting EZLB_VEC(struct entry *) waiting; /* entries to place */
};

static void take(struct merge *merge, struct entry *e, struct version *version)
{
	claims_take(e, version);
	if (merge->ports)
		ports_put(merge->ports, version, (size_t)(e - merge->entries));
}

static void release(struct merge *merge, struct entry *e)
{
	if (merge->ports && e->now)
		ports_drop(merge->ports, e->now);
	claims_release(e);
}

/*
 * The key of a range is its mark, so no claim is equal to that of a port in it. Two listeners of
 * one port each overlap only if their claims are equal.
 */
static struct entry *overlapping(const struct merge *merge, const struct ezlb_listener *listener)
{
	size_t i = merge->ports ? ports_holder(merge->ports, listener) : PORTS_NOBODY;

	return i == PORTS_NOBODY ? NULL : &merge->entries[i];
}

static bool same_snat_ip(const struct entry *holder, const struct ezlb_spec *spec)
{
	return ezlb_range_cmp(&holder->now->spec->snat_ip, &spec->snat_ip) == 0;
}

/*
 * Who holds claim i of the version and conflicts with it; equal source NATs do not conflict. The
 * entry is NULL if nobody does. Where only ports overlap, hold.claim is 0.
 */
static struct hold holder_of(const struct merge *merge, const struct version *version, size_t i)
{
	const struct hold *hold = claim_holder(version->claims[i]);
	const struct claim_of of = claim_of(version->spec, i);
	const struct hold none = { .entry = NULL };

	if (!hold && of.kind == CONFLICT_LISTENER)
		return (struct hold){ .entry = overlapping(
					      merge, &version->spec->listeners[of.listener]) };
	if (!hold || (of.kind == CONFLICT_SNAT && same_snat_ip(hold->entry, version->spec)))
		return none;
	return *hold;
}

/* Applies the fresh version unless it conflicts. */
static bool try_fresh(struct merge *merge, struct entry *e)
{
	for (size_t i = 0; i < e->fresh->n_claims; i++) {
		const struct hold hold = holder_of(merge, e->fresh, i);

		if (!hold.entry)
			continue;
		e->holder = hold.entry;
		e->holder_version = hold.entry->now;
		e->claim = claim_of(e->fresh->spec, i);
		e->held = claim_of(e->holder_version->spec, hold.claim);
		e->conflict = e->claim.kind;
		return false;
	}
	e->conflict = CONFLICT_NONE;
	take(merge, e, e->fresh);
	return true;
}

/* Applies the last version; unsettled entries that hold one of its claims must try again. */
static void restore_last(struct merge *merge, struct entry *e)
{
	struct version *last = e->last;
	struct entry *holder;

	e->settled = true;
	for (size_t i = 0; last && i < last->n_claims; i++)
		while ((holder = holder_of(merge, last, i).entry)) {
			if (holder->settled) /* only if two last versions conflict */
				return;
			release(merge, holder);
			*EZLB_PUSH(&merge->waiting) = holder;
		}
	if (last)
		take(merge, e, last);
}

static bool possible(const struct merge *merge, const struct ezlb_spec *spec)
{
	return spec && !claim_needs_nftables(spec, merge->snat_key);
}

static void add_versions(const struct merge *merge, struct entry *e,
			 const struct ezlb_candidate *candidate)
{
	if (possible(merge, candidate->fresh)) {
		e->fresh = &e->versions[0];
		e->fresh->spec = candidate->fresh;
	}
	if (possible(merge, candidate->last)) {
		e->last = candidate->last == candidate->fresh ? e->fresh : &e->versions[1];
		e->last->spec = candidate->last;
	}
}

static void add_entry(struct merge *merge, struct entry *e)
{
	e->settled = !e->fresh || (e->last && claim_nothing_new(e->fresh->spec, e->last->spec));
	if (e->settled && (!e->fresh || !try_fresh(merge, e)))
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
		struct version *now = e->now;

		if (e->conflict == CONFLICT_NONE || e->holder->now == e->holder_version)
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

static void report(const struct merge *merge, const struct entry *e,
		   const struct ezlb_candidate *candidate, struct ezlb_diags *diags)
{
	if (e->conflict != CONFLICT_NONE)
		report_conflict(e, diags);
	else if (candidate->fresh && !e->fresh)
		report_mark(candidate->fresh,
			    claim_needs_nftables(candidate->fresh, merge->snat_key), diags);
}

void ezlb_desired_merge(struct ezlb_candidate *candidates, size_t n,
			enum ezlb_snat_key_kind snat_key, struct ezlb_desired *out,
			struct ezlb_diags *diags)
{
	EZLB_AUTO_FREE struct entry *entries = ezlb_calloc(n, sizeof(*entries));
	struct merge merge = { .entries = entries, .n = n, .snat_key = snat_key };

	for (size_t i = 0; i < n; i++)
		add_versions(&merge, &entries[i], &candidates[i]);
	merge.claims = claims_new(entries, n, snat_key);
	merge.ports = ports_new(entries, n);
	for (size_t i = 0; i < n; i++)
		add_entry(&merge, &entries[i]);
	resolve(&merge);
	for (size_t i = 0; i < n; i++) {
		candidates[i].chosen = entries[i].now ? entries[i].now->spec : NULL;
		if (candidates[i].chosen)
			*EZLB_PUSH(out) = candidates[i].chosen;
		report(&merge, &entries[i], &candidates[i], diags);
	}
	EZLB_VEC_CLEAR(&merge.waiting);
	ports_free(merge.ports);
	claims_free(merge.claims, entries, n);
	EZLB_SORT(out, desired_cmp);
}
