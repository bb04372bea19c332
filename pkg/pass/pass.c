// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/pass.h>

#include <errno.h>
#include <unistd.h>

#include "flows.h"
#include "handover.h"
#include "ownership.h"
#include "units.h"

#define CLEANUP_TRIES	 10
#define CLEANUP_PAUSE_US (300 * 1000)

/* --- planning ------------------------------------------------------------------------------ */

static void drop_asked_for(struct ezlb_scope *unclaimed, const struct ezlb_scope *wanted)
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
static void drop_conflicts(const struct ezlb_pass *pass, const struct ezlb_desired *desired,
			   struct ezlb_pass_result *result, struct ezlb_desired *out)
{
	for (size_t i = 0; i < desired->len; i++) {
		const struct ezlb_spec *spec = desired->items[i];
		const struct ezlb_service_key key = ezlb_spec_key(spec);
		bool foreign = in_kernel(&result->actual, &key) &&
			       !ezlb_scope_has(&pass->ledger.content.services, &key);
		struct ezlb_pass_conflict *conflict;

		if (!foreign || pass->adopt != EZLB_ADOPT_NEVER) {
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
static void forget_conflicts(struct ezlb_pass_result *result)
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

static void read_kernel(struct ezlb_pass *pass, const struct ezlb_desired *desired,
			struct ezlb_pass_result *result)
{
	struct ezlb_scope scope = { 0 };

	ezlb_reconcile_scope(desired, &pass->ledger.content.services, &scope);
	/* Before the list: what changes in between is in the list, or in the next look. */
	ezlb_reconcile_peek(&pass->dp, &scope, &result->prints);
	ezlb_reconcile_list(&pass->dp, &scope, &result->actual, &result->errs);
	result->listed = true;
	for (int i = 0; i < EZLB_LAYERS; i++) {
		result->unread[i] = result->errs.layer[i].code != 0;
		result->listed = result->listed && !result->unread[i];
	}
	if (result->listed && pass->left_known)
		ezlb_reconcile_drift(&pass->left, &result->actual, &scope, &result->drift);
	EZLB_VEC_CLEAR(&scope);
}

void ezlb_pass_plan(struct ezlb_pass *pass, const struct ezlb_desired *desired,
		    const struct ezlb_verdicts *verdicts, bool refused_files,
		    struct ezlb_pass_result *result)
{
	const struct ezlb_scope none = { 0 };
	struct ezlb_desired ours = { 0 };
	struct ezlb_table target = { 0 };

	*result = (struct ezlb_pass_result){ .services = 0 };
	read_kernel(pass, desired, result);
	drop_conflicts(pass, desired, result, &ours);
	forget_conflicts(result);
	ezlb_reconcile_scope(&ours, &none, &result->wanted);
	drop_asked_for(&pass->unclaimed, &result->wanted);
	ezlb_reconcile_target(&ours, verdicts, &result->actual, &pass->policy, &target);
	if (refused_files)
		ezlb_reconcile_keep(&pass->unclaimed, &result->actual, &pass->policy, &target);
	else
		EZLB_VEC_CLEAR(&pass->unclaimed); /* every file has spoken: none asks for them */
	ownership_forget_foreign(&pass->ledger.content, &target, &result->actual);
	ownership_delete_unlisted(pass, result, &target, refused_files, &result->plan);
	ezlb_reconcile_diff(&target, &result->actual, &result->plan);
	if (pass->put_back)
		ownership_put_back(&pass->ledger.content, &result->actual, &result->plan);
	result->services = target.services.len;
	result->dests = target.dests.len;
	result->full_nat = target.snat_wanted;
	result->accepts = target.accepts_wanted;
	result->links = target.links;
	result->vips = target.vips;
	target.links = (struct ezlb_links){ 0 };
	target.vips = (struct ezlb_vips){ 0 };
	handover_plan(pass, result);
	EZLB_VEC_CLEAR(&ours);
	ezlb_table_clear(&target);
}

/* --- carrying out -------------------------------------------------------------------------- */

static bool is_done(const struct ezlb_pass_result *result)
{
	for (int i = 0; i < EZLB_LAYERS; i++)
		if (result->errs.layer[i].code != 0)
			return false;
	return result->ledger_err.code == 0 && ezlb_plan_ok(&result->plan);
}

bool ezlb_pass_ok(const struct ezlb_pass_result *result)
{
	return is_done(result) && ezlb_plan_ok(&result->old);
}

static bool any_tried(const struct ezlb_pass_result *result, const struct ezlb_layer_errs *listing)
{
	for (size_t i = 0; i < result->plan.len; i++) {
		const struct ezlb_op *op = &result->plan.items[i];

		if (op->rc <= 0 && listing->layer[ezlb_op_layer(op->kind)].code == 0)
			return true;
	}
	return false;
}

static void remember(struct ezlb_pass *pass, struct ezlb_pass_result *result)
{
	pass->prints = result->prints;
	pass->left_known = result->listed && !result->again;
	if (!pass->left_known)
		return;
	ezlb_table_clear(&pass->left);
	pass->left = result->actual;
	pass->left.snat_wanted = result->full_nat;
	pass->left.accepts_wanted = result->accepts;
	result->actual = (struct ezlb_table){ .snat_wanted = false };
}

static void take_over(struct ezlb_pass *pass, struct ezlb_pass_result *result)
{
	if (!pass->old_snat)
		return;
	handover_apply(pass, result);
	if (!result->old_gone)
		return;
	ownership_write(pass, result, ownership_without_old);
	if (result->ledger_err.code == 0)
		pass->old_snat = NULL;
}

bool ezlb_pass_apply(struct ezlb_pass *pass, struct ezlb_pass_result *result, uint64_t now_ms)
{
	const struct ezlb_layer_errs listing = result->errs;

	if (pass->paced)
		units_hold(&pass->units, &result->plan, now_ms);
	/* Without the ledger a kill now would leave orphans: better no change than that. */
	ownership_write(pass, result, ownership_before);
	if (result->ledger_err.code == 0) {
		ezlb_reconcile_apply(&pass->dp, &result->plan, &result->errs);
		result->again = any_tried(result, &listing);
		if (is_done(result))
			ownership_write(pass, result, ownership_after);
		else
			ownership_write(pass, result, ownership_without_lost);
		flows_end(pass, result);
		take_over(pass, result);
	}
	if (pass->paced)
		units_note(&pass->units, &result->plan, &result->errs, result->ledger_err.code != 0,
			   now_ms, now_ms ^ (uint64_t)getpid());
	remember(pass, result);
	return ezlb_pass_ok(result);
}

void ezlb_pass_result_clear(struct ezlb_pass_result *result)
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

bool ezlb_pass_peek(struct ezlb_pass *pass, const struct ezlb_desired *desired)
{
	struct ezlb_scope scope = { 0 };
	struct ezlb_prints prints;
	bool changed = false;

	ezlb_reconcile_scope(desired, &pass->ledger.content.services, &scope);
	ezlb_reconcile_peek(&pass->dp, &scope, &prints);
	for (int i = 0; i < EZLB_LAYERS; i++) {
		if (prints.layer[i] == pass->prints.layer[i])
			continue;
		changed = true;
		units_hurry(&pass->units, (enum ezlb_layer_kind)i);
	}
	EZLB_VEC_CLEAR(&scope);
	return changed;
}

bool ezlb_pass_cleanup(struct ezlb_pass *pass, struct ezlb_pass_result *result)
{
	const struct ezlb_desired nothing = { 0 };
	const struct ezlb_verdicts no_verdicts = { 0 };
	bool ok = false;

	*result = (struct ezlb_pass_result){ .services = 0 };
	pass->paced = false;
	for (int try = 0; try < CLEANUP_TRIES && !ok; try++) {
		if (try > 0)
			usleep(CLEANUP_PAUSE_US);
		ezlb_pass_result_clear(result);
		ezlb_pass_plan(pass, &nothing, &no_verdicts, false, result);
		ok = ezlb_pass_apply(pass, result, 0);
	}
	return ok;
}

void ezlb_pass_clear(struct ezlb_pass *pass)
{
	ezlb_ledger_close(&pass->ledger);
	EZLB_VEC_CLEAR(&pass->unclaimed);
	EZLB_VEC_CLEAR(&pass->units);
	ezlb_table_clear(&pass->left);
}
