// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/pass.h>

#include <errno.h>
#include <unistd.h>

#include "clsacts.h"
#include "flows.h"
#include "handover.h"
#include "ownership.h"
#include "part.h"
#include "reading.h"
#include "syncs.h"
#include "units.h"
#include "unwritten.h"

#define CLEANUP_TRIES	 10
#define CLEANUP_PAUSE_US (300 * 1000)

/* --- whose it is --------------------------------------------------------------------------- */

static bool is_foreign(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		       const struct ezlb_service_key *key)
{
	const struct ezlb_service_row row = { .key = *key };

	return EZLB_FIND(&found->actual.services, &row, ezlb_service_row_cmp) &&
	       !ezlb_scope_has(&pass->ledger.content.services, key);
}

static void add_conflict(struct ezlb_pass_found *found, const struct ezlb_spec *spec,
			 const struct ezlb_service_key *key)
{
	struct ezlb_pass_conflict *conflict = EZLB_PUSH(&found->conflicts);

	conflict->key = *key;
	ezlb_strcpy(conflict->name, sizeof(conflict->name), spec->name);
}

/* True if every listener of the service is free, owned or adopted. */
static bool find_conflict(const struct ezlb_pass *pass, const struct ezlb_spec *spec,
			  struct ezlb_pass_found *found)
{
	bool ours = true;

	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_service_key *key = &spec->listeners[i].key;

		if (!is_foreign(pass, found, key))
			continue;
		if (pass->adopt == EZLB_ADOPT_NEVER) {
			add_conflict(found, spec, key);
			ours = false;
		} else {
			*EZLB_PUSH(&found->adopted) = *key;
		}
	}
	return ours;
}

static int conflict_cmp(const void *a, const void *b)
{
	const struct ezlb_pass_conflict *x = a, *y = b;

	return ezlb_service_key_cmp(&x->key, &y->key);
}

/* Puts the services without a conflict into `ours`. */
static void find_conflicts(const struct ezlb_pass *pass, const struct ezlb_desired *desired,
			   struct ezlb_pass_found *found, struct ezlb_desired *ours)
{
	for (size_t i = 0; i < desired->len; i++)
		if (find_conflict(pass, desired->items[i], found))
			*EZLB_PUSH(ours) = desired->items[i];
	EZLB_SORT(&found->conflicts, conflict_cmp);
	EZLB_SORT(&found->adopted, ezlb_service_key_cmp);
}

/* Removes the rows of foreign services from actual. */
static void forget_conflicts(struct ezlb_pass_found *found)
{
	struct ezlb_table *actual = &found->actual;
	struct ezlb_scope foreign = { 0 };

	for (size_t i = 0; i < found->conflicts.len; i++)
		*EZLB_PUSH(&foreign) = found->conflicts.items[i].key;
	EZLB_SORT(&foreign, ezlb_service_key_cmp);
	EZLB_VEC_KEEP(&actual->services, i,
		      !ezlb_scope_has(&foreign, &actual->services.items[i].key));
	EZLB_VEC_KEEP(&actual->dests, i,
		      !ezlb_scope_has(&foreign, &actual->dests.items[i].service));
	EZLB_VEC_CLEAR(&foreign);
}

/* --- planning ------------------------------------------------------------------------------ */

static bool any_mark(const struct ezlb_scope *scope)
{
	for (size_t i = 0; i < scope->len; i++)
		if (scope->items[i].fwmark)
			return true;
	return false;
}

static bool has_addr(const struct ezlb_vips *vips, const struct ezlb_addr *addr)
{
	for (size_t i = 0; i < vips->len; i++)
		if (ezlb_addr_cmp(&vips->items[i].addr, addr) == 0)
			return true;
	return false;
}

/*
 * Which address a range of ports has is known from its marks only. While these cannot be read, all
 * addresses that ezlb has added stay.
 */
static void keep_addresses(const struct ezlb_pass *pass, struct ezlb_pass_result *result)
{
	const struct ezlb_ledger_content *owned = &pass->ledger.content;
	const struct ezlb_vips *actual = &result->found.actual.vips;
	struct ezlb_table *target = &result->plan.target;

	if (!result->found.errs.layer[EZLB_LAYER_MARK].code || !any_mark(&pass->unclaimed))
		return;
	for (size_t i = 0; i < actual->len; i++) {
		const struct ezlb_vip_row *row = &actual->items[i];

		if (EZLB_FIND(&owned->vips, row, ezlb_vip_row_cmp) &&
		    !has_addr(&target->vips, &row->addr))
			*EZLB_PUSH(&target->vips) = *row;
	}
	EZLB_SORT(&target->vips, ezlb_vip_row_cmp);
	for (size_t i = 0; i < target->vips.len; i++)
		memcpy(EZLB_PUSH(&target->links)->device, target->vips.items[i].device,
		       EZLB_DEVICE_STRLEN);
	EZLB_SORT(&target->links, ezlb_link_row_cmp);
	EZLB_UNIQUE(&target->links, ezlb_link_row_cmp);
}

/* While a file is refused, unclaimed services stay: they may be of that file. */
static void keep_unclaimed(struct ezlb_pass *pass, bool refused_files,
			   struct ezlb_pass_result *result)
{
	ezlb_scope_subtract(&pass->unclaimed, &result->plan.wanted);
	if (!refused_files) {
		EZLB_VEC_CLEAR(&pass->unclaimed); /* all files are known, and none wants them */
		return;
	}
	ezlb_reconcile_keep(&pass->unclaimed, &result->found.actual, &pass->policy,
			    &result->plan.target);
	keep_addresses(pass, result);
}

static void make_roster(struct ezlb_pass *pass, const struct ezlb_desired *ours,
			const struct ezlb_verdicts *verdicts, uint64_t now_ms,
			struct ezlb_pass_result *result)
{
	const struct ezlb_lifecycle_in in = {
		.desired = ours,
		.verdicts = verdicts,
		.dests = &result->found.actual.dests,
		.unreadable = result->found.errs.layer[EZLB_LAYER_IPVS].code != 0,
		.owned = &pass->ledger.content.services,
		.drains = &pass->ledger.content.drains,
		.single = pass->single,
		.vip_when = pass->vip_when,
		.vip_hold_ms = pass->vip_hold_ms,
		.now_ms = now_ms,
	};

	ezlb_lifecycle_step(&pass->life, &in, &result->plan.roster);
}

static void make_target(struct ezlb_pass *pass, const struct ezlb_desired *ours,
			struct ezlb_pass_result *result)
{
	const struct ezlb_scope none = { 0 };

	ezlb_reconcile_scope(ours, &none, &result->plan.wanted);
	ezlb_reconcile_target(ours, &result->plan.roster, &result->found.actual, &pass->policy,
			      &result->plan.target);
}

static void make_ops(const struct ezlb_pass *pass, struct ezlb_pass_result *result)
{
	const struct ezlb_ledger_content *owned = &pass->ledger.content;
	struct ezlb_pass_todo *plan = &result->plan;

	ownership_delete_unlisted(pass, &result->found, plan);
	if (pass->put_back)
		ownership_put_back_timeouts(owned, &result->found.actual, &plan->ops);
	ezlb_reconcile_diff(&plan->target, &result->found.actual, &plan->ops);
	clsacts_name(owned, &plan->ops);
	if (pass->put_back)
		ownership_put_back(owned, NULL, &result->found.actual, &plan->ops);
	else if (!pass->policy.hands_off)
		ownership_put_back(owned, &plan->target, &result->found.actual, &plan->ops);
}

void ezlb_pass_plan(struct ezlb_pass *pass, const struct ezlb_desired *desired,
		    const struct ezlb_verdicts *verdicts, bool refused_files, uint64_t now_ms,
		    struct ezlb_pass_result *result)
{
	struct ezlb_desired ours = { 0 };

	*result = (struct ezlb_pass_result){ .outcome = { .flows = 0 } };
	pass->needs = 0;
	for (size_t i = 0; i < desired->len; i++)
		pass->needs |= ezlb_spec_needs(desired->items[i]);
	reading_take(pass, desired, now_ms, &result->found);
	find_conflicts(pass, desired, &result->found, &ours);
	forget_conflicts(&result->found);
	make_roster(pass, &ours, verdicts, now_ms, result);
	make_target(pass, &ours, result);
	syncs_settle(pass, &result->found, &result->plan.target);
	keep_unclaimed(pass, refused_files, result);
	ownership_forget_foreign(&pass->ledger.content, &result->plan.target,
				 &result->plan.roster.withdrawn, &result->found.actual);
	make_ops(pass, result);
	handover_plan(pass, &result->found, &result->plan);
	result->outcome.errs = result->found.errs;
	EZLB_VEC_CLEAR(&ours);
}

/* --- applying ------------------------------------------------------------------------------ */

/* Nothing else depends on these. */
static bool is_extra(const struct ezlb_op *op)
{
	return ezlb_op_layer(op->kind) == EZLB_LAYER_TOA ||
	       ezlb_op_object(op->kind) == EZLB_OBJECT_SYNC ||
	       ezlb_op_object(op->kind) == EZLB_OBJECT_GUARD;
}

/* All but the extras, and but the teardown of old_snat. */
static bool is_done(const struct ezlb_pass_result *result)
{
	const struct ezlb_plan *ops = &result->plan.ops;

	for (int i = 0; i < EZLB_LAYERS; i++)
		if (i != EZLB_LAYER_TOA && result->outcome.errs.layer[i].code != 0)
			return false;
	for (size_t i = 0; i < ops->len; i++)
		if (ops->items[i].rc != 0 && !is_extra(&ops->items[i]))
			return false;
	return result->outcome.ledger_err.code == 0;
}

bool ezlb_pass_serves(const struct ezlb_pass_result *result)
{
	return is_done(result) && ezlb_plan_ok(&result->plan.old);
}

bool ezlb_pass_ok(const struct ezlb_pass_result *result)
{
	return ezlb_pass_serves(result) && result->outcome.errs.layer[EZLB_LAYER_TOA].code == 0 &&
	       ezlb_plan_ok(&result->plan.ops);
}

static bool any_tried(const struct ezlb_plan *ops, const struct ezlb_layer_errs *listing)
{
	for (size_t i = 0; i < ops->len; i++) {
		const struct ezlb_op *op = &ops->items[i];

		if (op->rc <= 0 && listing->layer[ezlb_op_layer(op->kind)].code == 0)
			return true;
	}
	return false;
}

/* What fails, waits, is late or belongs to somebody else needs a pass over all services. */
static bool is_calm(const struct ezlb_pass *pass, const struct ezlb_pass_result *result)
{
	return pass->left_known && ezlb_pass_ok(result) && pass->late.err.code == 0 &&
	       !pass->old_snat && pass->unclaimed.len == 0 && result->found.conflicts.len == 0 &&
	       result->found.foreign_syncs.len == 0;
}

/* For the drift of the next pass. After a pass with tried ops the kernel is not known. */
static void remember(struct ezlb_pass *pass, const struct ezlb_pass_result *result)
{
	pass->prints = result->found.prints;
	pass->left_known = reading_is_whole(&result->found) && !result->outcome.again;
	pass->calm = is_calm(pass, result);
	if (!pass->left_known)
		return;
	ezlb_table_copy(&pass->left, &result->found.actual);
	/* With nothing to do, the wanted timeouts are as the kernel has them. */
	EZLB_VEC_COPY(&pass->left.timeouts, &result->plan.target.timeouts);
	pass->left.snat_wanted = result->plan.target.snat_wanted;
	pass->left.toa_wanted = result->plan.target.toa_wanted;
	pass->left.accepts_wanted = result->plan.target.accepts_wanted;
}

static void write_ledger(struct ezlb_pass *pass, struct ezlb_pass_result *result, ownership_fn make)
{
	ownership_write(pass, &result->found, &result->plan, make, &result->outcome.ledger_err);
}

static void take_over(struct ezlb_pass *pass, struct ezlb_pass_result *result)
{
	if (!pass->old_snat ||
	    !handover_apply(pass, &result->found, &result->plan, &result->outcome))
		return;
	write_ledger(pass, result, ownership_without_old);
	if (result->outcome.ledger_err.code == 0)
		pass->old_snat = NULL;
}

static void carry_out(struct ezlb_pass *pass, struct ezlb_pass_result *result, uint64_t now_ms)
{
	ezlb_reconcile_apply(&pass->dp, &result->plan.ops, &result->outcome.errs);
	flows_restart(pass, result);
	result->outcome.again = any_tried(&result->plan.ops, &result->found.errs);
	write_ledger(pass, result, is_done(result) ? ownership_after : ownership_without_lost);
	flows_end(pass, result, now_ms);
	take_over(pass, result);
}

/*
 * If the ledger cannot be written, create nothing: a kill would leave unowned objects. Drains are
 * no objects: one that is not on disk begins again after a restart.
 */
static bool may_change(struct ezlb_pass *pass, struct ezlb_pass_result *result)
{
	struct ezlb_err err = { .code = 0 };

	write_ledger(pass, result, ownership_before);
	if (result->outcome.ledger_err.code == 0)
		return true;
	ownership_write(pass, &result->found, &result->plan, ownership_before_but_drains, &err);
	return err.code == 0 || unwritten_hold(pass, &result->plan);
}

bool ezlb_pass_apply(struct ezlb_pass *pass, struct ezlb_pass_result *result, uint64_t now_ms)
{
	if (pass->paced)
		units_hold(&pass->units, &result->plan.ops, now_ms);
	if (result->part)
		part_carry_out(pass, result, now_ms);
	else if (may_change(pass, result))
		carry_out(pass, result, now_ms);
	if (pass->paced)
		units_note(&pass->units, &result->plan.ops, &result->outcome.errs,
			   result->outcome.ledger_err.code != 0, now_ms,
			   now_ms ^ (uint64_t)getpid());
	if (result->part)
		part_remember(pass, result);
	else
		remember(pass, result);
	return ezlb_pass_ok(result);
}

void ezlb_pass_result_clear(struct ezlb_pass_result *result)
{
	ezlb_table_clear(&result->found.actual);
	EZLB_VEC_CLEAR(&result->found.adopted);
	EZLB_VEC_CLEAR(&result->found.conflicts);
	EZLB_VEC_CLEAR(&result->found.foreign_syncs);
	ezlb_plan_clear(&result->found.drift);
	EZLB_VEC_CLEAR(&result->plan.wanted);
	ezlb_table_clear(&result->plan.target);
	ezlb_roster_clear(&result->plan.roster);
	ezlb_plan_clear(&result->plan.ops);
	ezlb_plan_clear(&result->plan.old);
}

bool ezlb_pass_peek(struct ezlb_pass *pass, const struct ezlb_desired *desired)
{
	struct ezlb_prints prints;
	bool changed = false;

	if (!pass->peeked_known)
		reading_scope(pass, desired);
	ezlb_reconcile_peek(&pass->dp, &pass->peeked, &prints);
	for (int i = 0; i < EZLB_LAYERS; i++) {
		if (prints.layer[i] == pass->prints.layer[i])
			continue;
		changed = true;
		units_hurry(&pass->units, (enum ezlb_layer_kind)i);
	}
	/* The print does not show how these services have changed until now. */
	return !part_look(pass) || changed;
}

bool ezlb_pass_cleanup(struct ezlb_pass *pass, struct ezlb_pass_result *result)
{
	const struct ezlb_desired nothing = { 0 };
	const struct ezlb_verdicts no_verdicts = { 0 };
	bool ok = false;

	*result = (struct ezlb_pass_result){ .outcome = { .flows = 0 } };
	pass->paced = false;
	pass->policy.sync_device[0] = '\0';
	for (int try = 0; try < CLEANUP_TRIES && !ok; try++) {
		if (try > 0)
			usleep(CLEANUP_PAUSE_US);
		ezlb_pass_result_clear(result);
		ezlb_pass_plan(pass, &nothing, &no_verdicts, false, 0, result);
		ok = ezlb_pass_apply(pass, result, 0);
	}
	return ok;
}

void ezlb_pass_clear(struct ezlb_pass *pass)
{
	ezlb_ledger_close(&pass->ledger);
	EZLB_VEC_CLEAR(&pass->unclaimed);
	EZLB_VEC_CLEAR(&pass->units);
	ezlb_lifecycle_clear(&pass->life);
	EZLB_VEC_CLEAR(&pass->translated);
	EZLB_VEC_CLEAR(&pass->late.flows);
	EZLB_VEC_CLEAR(&pass->late.services);
	ezlb_table_clear(&pass->left);
	EZLB_VEC_CLEAR(&pass->unchecked);
	EZLB_VEC_CLEAR(&pass->touched);
	EZLB_VEC_CLEAR(&pass->checked);
	EZLB_VEC_CLEAR(&pass->peeked);
}
