// SPDX-License-Identifier: GPL-2.0-or-later
#include "pass.h"

#include <errno.h>
#include <unistd.h>

#include "claims.h"
#include "flows.h"
#include "handover.h"

#define CLEANUP_TRIES	 10
#define CLEANUP_PAUSE_US (300 * 1000)

/* --- planning ------------------------------------------------------------------------------ */

static void claim(struct ezlb_scope *unclaimed, const struct ezlb_scope *wanted)
{
	size_t n = 0;

	for (size_t i = 0; i < unclaimed->len; i++)
		if (!ezlb_scope_has(wanted, &unclaimed->items[i]))
			unclaimed->items[n++] = unclaimed->items[i];
	unclaimed->len = n;
}

static bool in_kernel(const struct ezlb_table *actual, const struct ezlb_service_key *key)
{
	const struct ezlb_service_row row = { .key = *key };

	return EZLB_FIND(&actual->services, &row, ezlb_service_row_cmp) != NULL;
}

/* The desired set without what is held by a virtual service that is not ours. */
static void drop_conflicts(const struct pass_world *world, const struct ezlb_desired *desired,
			   struct pass_result *result, struct ezlb_desired *out)
{
	for (size_t i = 0; i < desired->len; i++) {
		const struct ezlb_spec *spec = desired->items[i];
		const struct ezlb_service_key key = ezlb_spec_key(spec);
		bool foreign = in_kernel(&result->actual, &key) &&
			       !ezlb_scope_has(&world->ledger.content.services, &key);
		struct pass_conflict *conflict;

		if (!foreign || world->adopt != EZLB_ADOPT_NEVER) {
			*EZLB_PUSH(out) = spec;
			if (foreign)
				*EZLB_PUSH(&result->adopted) = key;
			continue;
		}
		conflict = EZLB_PUSH(&result->conflicts);
		conflict->key = key;
		ezlb_strcpy(conflict->name, sizeof(conflict->name), spec->name);
	}
}

/* What is in conflict is foreign, and foreign rows are none of our business. */
static void forget_conflicts(struct pass_result *result)
{
	struct ezlb_table *actual = &result->actual;
	struct ezlb_scope foreign = { 0 };
	size_t n = 0, m = 0;

	for (size_t i = 0; i < result->conflicts.len; i++)
		*EZLB_PUSH(&foreign) = result->conflicts.items[i].key;
	EZLB_SORT(&foreign, ezlb_service_key_cmp);
	for (size_t i = 0; i < actual->services.len; i++)
		if (!ezlb_scope_has(&foreign, &actual->services.items[i].key))
			actual->services.items[n++] = actual->services.items[i];
	for (size_t i = 0; i < actual->dests.len; i++)
		if (!ezlb_scope_has(&foreign, &actual->dests.items[i].service))
			actual->dests.items[m++] = actual->dests.items[i];
	actual->services.len = n;
	actual->dests.len = m;
	EZLB_VEC_CLEAR(&foreign);
}

static void read_kernel(struct pass_world *world, const struct ezlb_desired *desired,
			struct pass_result *result)
{
	struct ezlb_scope scope = { 0 };

	ezlb_reconcile_scope(desired, &world->ledger.content.services, &scope);
	/* Before the list: what changes in between is in the list, or in the next look. */
	ezlb_reconcile_peek(&world->dp, &scope, &result->prints);
	ezlb_reconcile_list(&world->dp, &scope, &result->actual, &result->errs);
	result->listed = true;
	for (int i = 0; i < EZLB_LAYERS; i++) {
		result->unread[i] = result->errs.layer[i].code != 0;
		result->listed = result->listed && !result->unread[i];
	}
	if (result->listed && world->left_known)
		ezlb_reconcile_drift(&world->left, &result->actual, &scope, &result->drift);
	EZLB_VEC_CLEAR(&scope);
}

void pass_plan(struct pass_world *world, const struct ezlb_desired *desired,
	       const struct ezlb_verdicts *verdicts, bool refused_files, struct pass_result *result)
{
	const struct ezlb_scope none = { 0 };
	struct ezlb_desired ours = { 0 };
	struct ezlb_table target = { 0 };

	*result = (struct pass_result){ .services = 0 };
	read_kernel(world, desired, result);
	drop_conflicts(world, desired, result, &ours);
	forget_conflicts(result);
	ezlb_reconcile_scope(&ours, &none, &result->wanted);
	claim(&world->unclaimed, &result->wanted);
	ezlb_reconcile_target(&ours, verdicts, &result->actual, &world->policy, &target);
	if (refused_files)
		ezlb_reconcile_keep(&world->unclaimed, &result->actual, &world->policy, &target);
	else
		EZLB_VEC_CLEAR(&world->unclaimed); /* every file has spoken: none asks for them */
	claims_forget_foreign(&world->ledger.content, &target, &result->actual);
	claims_delete_unlisted(world, result, &target, refused_files, &result->plan);
	ezlb_reconcile_diff(&target, &result->actual, &result->plan);
	if (world->put_back)
		claims_put_back(&world->ledger.content, &result->actual, &result->plan);
	result->services = target.services.len;
	result->dests = target.dests.len;
	result->full_nat = target.snat_wanted;
	result->accepts = target.accepts_wanted;
	result->links = target.links;
	result->vips = target.vips;
	target.links = (struct ezlb_links){ 0 };
	target.vips = (struct ezlb_vips){ 0 };
	handover_plan(world, result);
	EZLB_VEC_CLEAR(&ours);
	ezlb_table_clear(&target);
}

/* --- carrying out -------------------------------------------------------------------------- */

static bool is_done(const struct pass_result *result)
{
	for (int i = 0; i < EZLB_LAYERS; i++)
		if (result->errs.layer[i].code != 0)
			return false;
	return result->ledger_err.code == 0 && ezlb_plan_ok(&result->plan);
}

bool pass_ok(const struct pass_result *result)
{
	return is_done(result) && ezlb_plan_ok(&result->old);
}

static bool any_tried(const struct pass_result *result, const struct ezlb_layer_errs *listing)
{
	for (size_t i = 0; i < result->plan.len; i++) {
		const struct ezlb_op *op = &result->plan.items[i];

		if (op->rc <= 0 && listing->layer[ezlb_op_layer(op->kind)].code == 0)
			return true;
	}
	return false;
}

static void remember(struct pass_world *world, struct pass_result *result)
{
	world->prints = result->prints;
	world->left_known = result->listed && !result->again;
	if (!world->left_known)
		return;
	ezlb_table_clear(&world->left);
	world->left = result->actual;
	world->left.snat_wanted = result->full_nat;
	world->left.accepts_wanted = result->accepts;
	result->actual = (struct ezlb_table){ .snat_wanted = false };
}

static void take_over(struct pass_world *world, struct pass_result *result)
{
	if (!world->old_snat)
		return;
	handover_apply(world, result);
	if (!result->old_gone)
		return;
	claims_write(world, result, claims_without_old);
	if (result->ledger_err.code == 0)
		world->old_snat = NULL;
}

bool pass_apply(struct pass_world *world, struct pass_result *result, uint64_t now_ms)
{
	const struct ezlb_layer_errs listing = result->errs;

	if (world->paced)
		units_hold(&world->units, &result->plan, now_ms);
	/* Without the ledger a kill now would leave orphans: better no change than that. */
	claims_write(world, result, claims_before);
	if (result->ledger_err.code == 0) {
		ezlb_reconcile_apply(&world->dp, &result->plan, &result->errs);
		result->again = any_tried(result, &listing);
		if (is_done(result))
			claims_write(world, result, claims_after);
		else
			claims_write(world, result, claims_without_lost);
		flows_end(world, result);
		take_over(world, result);
	}
	if (world->paced)
		units_note(&world->units, &result->plan, &result->errs,
			   result->ledger_err.code != 0, now_ms, now_ms ^ (uint64_t)getpid());
	remember(world, result);
	return pass_ok(result);
}

void pass_result_clear(struct pass_result *result)
{
	ezlb_plan_clear(&result->plan);
	ezlb_plan_clear(&result->old);
	ezlb_plan_clear(&result->drift);
	ezlb_table_clear(&result->actual);
	EZLB_VEC_CLEAR(&result->wanted);
	EZLB_VEC_CLEAR(&result->adopted);
	EZLB_VEC_CLEAR(&result->conflicts);
	EZLB_VEC_CLEAR(&result->links);
	EZLB_VEC_CLEAR(&result->vips);
}

bool pass_peek(struct pass_world *world, const struct ezlb_desired *desired)
{
	struct ezlb_scope scope = { 0 };
	struct ezlb_prints prints;
	bool changed = false;

	ezlb_reconcile_scope(desired, &world->ledger.content.services, &scope);
	ezlb_reconcile_peek(&world->dp, &scope, &prints);
	for (int i = 0; i < EZLB_LAYERS; i++) {
		if (prints.layer[i] == world->prints.layer[i])
			continue;
		changed = true;
		units_hurry(&world->units, (enum ezlb_layer_kind)i);
	}
	EZLB_VEC_CLEAR(&scope);
	return changed;
}

bool pass_cleanup(struct pass_world *world, struct pass_result *result)
{
	const struct ezlb_desired nothing = { 0 };
	const struct ezlb_verdicts no_verdicts = { 0 };
	bool ok = false;

	*result = (struct pass_result){ .services = 0 };
	world->paced = false;
	for (int try = 0; try < CLEANUP_TRIES && !ok; try++) {
		if (try > 0)
			usleep(CLEANUP_PAUSE_US);
		pass_result_clear(result);
		pass_plan(world, &nothing, &no_verdicts, false, result);
		ok = pass_apply(world, result, 0);
	}
	return ok;
}

void pass_world_clear(struct pass_world *world)
{
	ezlb_ledger_close(&world->ledger);
	EZLB_VEC_CLEAR(&world->unclaimed);
	EZLB_VEC_CLEAR(&world->units);
	ezlb_table_clear(&world->left);
}
