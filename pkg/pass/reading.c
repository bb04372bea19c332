// SPDX-License-Identifier: GPL-2.0-or-later
#include "reading.h"

#define READ_MS (10 * 60 * 1000)

bool reading_is_whole(const struct ezlb_pass_found *found)
{
	for (int i = 0; i < EZLB_LAYERS; i++)
		if (i != EZLB_LAYER_TOA && found->errs.layer[i].code != 0)
			return false;
	return true;
}

static void ask_for_routes(const struct ezlb_pass *pass, const struct ezlb_desired *desired)
{
	struct ezlb_layer *toa = pass->dp.layer[EZLB_LAYER_TOA];
	struct ezlb_addrs towards = { 0 };

	if (!toa->towards)
		return;
	ezlb_reconcile_towards(desired, &towards);
	toa->towards(toa, &towards);
	EZLB_VEC_CLEAR(&towards);
}

void reading_scope(struct ezlb_pass *pass, const struct ezlb_desired *desired)
{
	pass->peeked.len = 0;
	ezlb_reconcile_scope(desired, &pass->ledger.content.services, &pass->peeked);
	EZLB_VEC_FIT(&pass->peeked); /* it was made of two lists that are mostly the same */
	pass->peeked_known = true;
}

/* The connections of a dest that drains are counted anew in each pass. */
static bool any_drains(const struct ezlb_pass *pass)
{
	const struct ezlb_members *members = &pass->life.members;

	for (size_t i = 0; i < members->len; i++)
		if (members->items[i].role == EZLB_ROLE_DRAINING)
			return true;
	return pass->ledger.content.drains.len > 0;
}

/*
 * The services and dests of the last pass, if it is certain that they are still the same: then they
 * are read every 10 minutes only.
 */
static const struct ezlb_table *known_rows(struct ezlb_pass *pass, uint64_t now_ms)
{
	struct ezlb_layer *ipvs = pass->dp.layer[EZLB_LAYER_IPVS];

	if (pass->quiet && pass->left_known && pass->calm && now_ms - pass->read_at < READ_MS &&
	    !any_drains(pass) && ipvs->as_listed && ipvs->as_listed(ipvs, &pass->peeked))
		return &pass->left;
	pass->read_at = now_ms;
	return NULL;
}

void reading_take(struct ezlb_pass *pass, const struct ezlb_desired *desired, uint64_t now_ms,
		  struct ezlb_pass_found *found)
{
	const struct ezlb_scope *scope = &pass->peeked;

	reading_scope(pass, desired);
	ask_for_routes(pass, desired);
	/* Before the list, so that the next peek shows a change in between. */
	ezlb_reconcile_peek(&pass->dp, scope, &found->prints);
	ezlb_reconcile_list(&pass->dp, scope, known_rows(pass, now_ms), &found->actual,
			    &found->errs);
	if (reading_is_whole(found) && pass->left_known)
		ezlb_reconcile_drift(&pass->left, &found->actual, scope, &found->drift);
	pass->unchecked.len = pass->touched.len = pass->checked.len = 0;
}
