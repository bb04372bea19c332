// SPDX-License-Identifier: GPL-2.0-or-later
/* desired: decides which version of each file is applied, without conflicts. */
#include <ezlb/desired.h>

#include <ezlb/mem.h>

#include "claim.h"
#include "claims.h"
#include "ports.h"
#include "within.h"

/* What a round makes room for is taken in the next one; a chain of more rounds needs an update. */
#define ROUNDS_MAX 8

struct merge {
	const struct ezlb_candidate *candidates;
	struct entry *entries; /* in file order */
	size_t n;
	size_t max;		       /* dests of all versions that are chosen */
	const struct ezlb_spec **last; /* of each candidate; from the second round, of the first */
	bool *over;		       /* the candidate's fresh version is refused: no room */
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

static void add_versions(const struct merge *merge, struct entry *e, size_t i)
{
	const struct ezlb_spec *fresh = merge->candidates[i].fresh, *last = merge->last[i];

	if (possible(merge, fresh) && !merge->over[i]) {
		e->fresh = &e->versions[0];
		e->fresh->spec = fresh;
	}
	if (possible(merge, last)) {
		e->last = last == fresh ? e->fresh : &e->versions[1];
		e->last->spec = last;
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

static void begin(struct merge *merge)
{
	size_t n = merge->n;

	merge->entries = ezlb_calloc(n, sizeof(*merge->entries));
	for (size_t i = 0; i < n; i++)
		add_versions(merge, &merge->entries[i], i);
	merge->claims = claims_new(merge->entries, n, merge->snat_key);
	merge->ports = ports_new(merge->entries, n);
	for (size_t i = 0; i < n; i++)
		add_entry(merge, &merge->entries[i]);
	resolve(merge);
}

static void end(struct merge *merge)
{
	EZLB_VEC_CLEAR(&merge->waiting);
	ports_free(merge->ports);
	claims_free(merge->claims, merge->entries, merge->n);
	free(merge->entries);
}

/* --- at most so many dests ----------------------------------------------------------------------
 */

static const struct ezlb_spec *spec_now(const struct merge *merge, size_t i)
{
	return merge->entries[i].now ? merge->entries[i].now->spec : NULL;
}

static bool too_many(const struct merge *merge)
{
	size_t sum = 0;

	for (size_t i = 0; i < merge->n; i++)
		sum += desired_dests(spec_now(merge, i));
	return sum > merge->max;
}

static size_t dests_if_possible(const struct merge *merge, const struct ezlb_spec *spec)
{
	return possible(merge, spec) ? desired_dests(spec) : 0;
}

/*
 * Versions that are applied stay. Of those that add dests, the first in file order have the room.
 * Whichever of its two versions a file gets in the end, the sum is not larger.
 */
static void refuse_some(struct merge *merge)
{
	size_t sum = 0;

	for (size_t i = 0; i < merge->n; i++)
		sum += dests_if_possible(merge, merge->last[i]);
	for (size_t i = 0; i < merge->n; i++) {
		size_t have = dests_if_possible(merge, merge->last[i]);
		size_t want = dests_if_possible(merge, merge->candidates[i].fresh);

		merge->over[i] = want > have && sum + want - have > merge->max;
		if (want > have && !merge->over[i])
			sum += want - have;
	}
}

/* What is chosen becomes what is applied. False: it was already. */
static bool adopt(struct merge *merge)
{
	bool any = false;

	for (size_t i = 0; i < merge->n; i++) {
		any |= merge->last[i] != spec_now(merge, i);
		merge->last[i] = spec_now(merge, i);
	}
	return any;
}

/*
 * Usually all fits. If not, some are refused, as if their files had no new version. That can make
 * room: the next round is what a merge would find that comes later, so that it changes nothing.
 */
static void resolve_within(struct merge *merge)
{
	begin(merge);
	for (int round = 0; too_many(merge); round++) {
		end(merge);
		refuse_some(merge);
		begin(merge);
		if (round == ROUNDS_MAX || !adopt(merge))
			return;
		end(merge);
		memset(merge->over, 0, merge->n * sizeof(*merge->over));
		begin(merge);
	}
}

static void report(const struct merge *merge, size_t i, struct ezlb_diags *diags)
{
	const struct entry *e = &merge->entries[i];
	const struct ezlb_spec *fresh = merge->candidates[i].fresh;

	if (e->conflict != CONFLICT_NONE)
		report_conflict(e, diags);
	else if (merge->over[i])
		report_over(fresh, e->now != NULL, merge->max, diags);
	else if (fresh && !e->fresh)
		report_mark(fresh, claim_needs_nftables(fresh, merge->snat_key), diags);
}

void desired_merge_within(struct ezlb_candidate *candidates, size_t n,
			  enum ezlb_snat_key_kind snat_key, size_t max, struct ezlb_desired *out,
			  struct ezlb_diags *diags)
{
	EZLB_AUTO_FREE const struct ezlb_spec **last = ezlb_calloc(n, sizeof(*last));
	EZLB_AUTO_FREE bool *over = ezlb_calloc(n, sizeof(*over));
	struct merge merge = { .candidates = candidates,
			       .n = n,
			       .max = max,
			       .last = last,
			       .over = over,
			       .snat_key = snat_key };

	for (size_t i = 0; i < n; i++)
		last[i] = candidates[i].last;
	resolve_within(&merge);
	for (size_t i = 0; i < n; i++) {
		candidates[i].chosen = spec_now(&merge, i);
		if (candidates[i].chosen)
			*EZLB_PUSH(out) = candidates[i].chosen;
		report(&merge, i, diags);
	}
	end(&merge);
	EZLB_SORT(out, desired_cmp);
}

void ezlb_desired_merge(struct ezlb_candidate *candidates, size_t n,
			enum ezlb_snat_key_kind snat_key, struct ezlb_desired *out,
			struct ezlb_diags *diags)
{
	desired_merge_within(candidates, n, snat_key, EZLB_DESIRED_DESTS_MAX, out, diags);
}
