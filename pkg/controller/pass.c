// SPDX-License-Identifier: GPL-2.0-or-later
#include "pass.h"

#include <errno.h>
#include <unistd.h>

#include "handover.h"

bool pass_by_listener(const struct pass_world *world)
{
	return world->dp.layer[EZLB_LAYER_SNAT]->by_listener;
}

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
		const struct ezlb_service_key key = { spec->proto, spec->listen };
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
	for (int i = 0; i < EZLB_LAYERS; i++)
		result->listed = result->listed && result->errs.layer[i].code == 0;
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
	bool by_listener = pass_by_listener(world);

	*result = (struct pass_result){ .services = 0 };
	read_kernel(world, desired, result);
	drop_conflicts(world, desired, result, &ours);
	forget_conflicts(result);
	ezlb_reconcile_scope(&ours, &none, &result->wanted);
	claim(&world->unclaimed, &result->wanted);
	ezlb_reconcile_target(&ours, verdicts, &result->actual, by_listener, &target);
	if (refused_files)
		ezlb_reconcile_keep(&world->unclaimed, &result->actual, by_listener, &target);
	else
		EZLB_VEC_CLEAR(&world->unclaimed); /* every file has spoken: none asks for them */
	ezlb_reconcile_diff(&target, &result->actual, &result->plan);
	result->services = target.services.len;
	result->dests = target.dests.len;
	result->full_nat = target.snat_wanted;
	handover_plan(world, result);
	EZLB_VEC_CLEAR(&ours);
	ezlb_table_clear(&target);
}

/* --- the ledger ---------------------------------------------------------------------------- */

/* What will be ours once the plan is carried out, and what is so far. */
static void ledger_before(const struct pass_world *world, const struct pass_result *result,
			  struct ledger_content *out)
{
	const struct ezlb_scope *owned = &world->ledger.content.services;

	ledger_content_copy(out, &world->ledger.content);
	for (size_t i = 0; i < result->wanted.len; i++)
		if (!ezlb_scope_has(owned, &result->wanted.items[i]))
			*EZLB_PUSH(&out->services) = result->wanted.items[i];
	EZLB_SORT(&out->services, ezlb_service_key_cmp);
	*handover_frame(world->dp.layer[EZLB_LAYER_SNAT], out) |= result->full_nat;
	for (size_t i = 0; i < result->plan.len; i++) {
		const struct ezlb_op *op = &result->plan.items[i];

		/* A module is loaded or not: there is no way back to a value. */
		if (op->kind == EZLB_OP_HOST_SET && op->setting.setting != EZLB_IP_TABLES &&
		    out->was[op->setting.setting] == LEDGER_UNTOUCHED)
			out->was[op->setting.setting] = op->old_setting.value < 0
								? 0
								: op->old_setting.value;
	}
}

/* After a pass without errors the kernel has nothing of ours beyond what is wanted. */
static void ledger_after(const struct pass_world *world, const struct pass_result *result,
			 struct ledger_content *out)
{
	const struct ezlb_scope *owned = &world->ledger.content.services;

	ledger_content_copy(out, &world->ledger.content);
	out->services.len = 0;
	for (size_t i = 0; i < owned->len; i++)
		if (ezlb_scope_has(&result->wanted, &owned->items[i]) ||
		    ezlb_scope_has(&world->unclaimed, &owned->items[i]))
			*EZLB_PUSH(&out->services) = owned->items[i];
	*handover_frame(world->dp.layer[EZLB_LAYER_SNAT], out) = result->full_nat;
}

static bool is_op_for(const struct ezlb_op *op, const struct ezlb_service_key *key)
{
	return op->kind == EZLB_OP_SERVICE_ADD && op->rc == -EEXIST &&
	       ezlb_service_key_cmp(&op->service.key, key) == 0;
}

/* Somebody else was quicker, between our look and our write: it is not ours after all. */
static void ledger_without_lost(const struct pass_world *world, const struct pass_result *result,
				struct ledger_content *out)
{
	size_t n = 0;

	ledger_content_copy(out, &world->ledger.content);
	for (size_t i = 0; i < out->services.len; i++) {
		bool lost = false;

		for (size_t k = 0; k < result->plan.len && !lost; k++)
			lost = is_op_for(&result->plan.items[k], &out->services.items[i]);
		if (!lost)
			out->services.items[n++] = out->services.items[i];
	}
	out->services.len = n;
}

static void ledger_without_old(const struct pass_world *world, const struct pass_result *result,
			       struct ledger_content *out)
{
	(void)result;
	ledger_content_copy(out, &world->ledger.content);
	*handover_frame(world->old_snat, out) = false;
}

static void write_ledger(struct pass_world *world, struct pass_result *result,
			 void (*make)(const struct pass_world *, const struct pass_result *,
				      struct ledger_content *))
{
	struct ledger_content content;

	ledger_content_init(&content);
	make(world, result, &content);
	ledger_set(&world->ledger, &content, &result->ledger_err);
	ledger_content_clear(&content);
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

static bool has_lost_adds(const struct pass_result *result)
{
	for (size_t i = 0; i < result->plan.len; i++)
		if (result->plan.items[i].kind == EZLB_OP_SERVICE_ADD &&
		    result->plan.items[i].rc == -EEXIST)
			return true;
	return false;
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
	result->actual = (struct ezlb_table){ .snat_wanted = false };
}

static void take_over(struct pass_world *world, struct pass_result *result)
{
	if (!world->old_snat)
		return;
	handover_apply(world, result);
	if (!result->old_gone)
		return;
	write_ledger(world, result, ledger_without_old);
	if (result->ledger_err.code == 0)
		world->old_snat = NULL;
}

bool pass_apply(struct pass_world *world, struct pass_result *result, uint64_t now_ms)
{
	const struct ezlb_layer_errs listing = result->errs;

	if (world->paced)
		units_hold(&world->units, &result->plan, now_ms);
	/* Without the ledger a kill now would leave orphans: better no change than that. */
	write_ledger(world, result, ledger_before);
	if (result->ledger_err.code == 0) {
		ezlb_reconcile_apply(&world->dp, &result->plan, &result->errs);
		result->again = any_tried(result, &listing);
		if (is_done(result))
			write_ledger(world, result, ledger_after);
		else if (world->adopt == EZLB_ADOPT_NEVER && has_lost_adds(result))
			write_ledger(world, result, ledger_without_lost);
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
	for (int try = 0; try < 3 && !ok; try++) {
		if (try > 0)
			usleep(300 * 1000);
		pass_result_clear(result);
		pass_plan(world, &nothing, &no_verdicts, false, result);
		ok = pass_apply(world, result, 0);
	}
	return ok;
}

void pass_world_clear(struct pass_world *world)
{
	ledger_close(&world->ledger);
	EZLB_VEC_CLEAR(&world->unclaimed);
	EZLB_VEC_CLEAR(&world->units);
	ezlb_table_clear(&world->left);
}
