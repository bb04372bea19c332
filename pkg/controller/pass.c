// SPDX-License-Identifier: GPL-2.0-or-later
#include "pass.h"

#include <unistd.h>

static void claim(struct ezlb_scope *unclaimed, const struct ezlb_desired *desired)
{
	struct ezlb_scope wanted = { 0 }, none = { 0 };
	size_t n = 0;

	ezlb_reconcile_scope(desired, &none, &wanted);
	for (size_t i = 0; i < unclaimed->len; i++)
		if (!ezlb_scope_has(&wanted, &unclaimed->items[i]))
			unclaimed->items[n++] = unclaimed->items[i];
	unclaimed->len = n;
	EZLB_VEC_CLEAR(&wanted);
}

void pass_plan(struct pass_world *world, const struct ezlb_desired *desired,
	       const struct ezlb_verdicts *verdicts, bool refused_files, struct pass_result *result)
{
	struct ezlb_table actual = { 0 }, target = { 0 };
	struct ezlb_scope scope = { 0 };

	*result = (struct pass_result){ .services = 0 };
	claim(&world->unclaimed, desired);
	ezlb_reconcile_scope(desired, &world->ledger.owned, &scope);
	ezlb_reconcile_list(&world->dp, &scope, &actual, &result->errs);
	ezlb_reconcile_target(desired, verdicts, &actual, &target);
	if (refused_files)
		ezlb_reconcile_keep(&world->unclaimed, &actual, &target);
	else
		EZLB_VEC_CLEAR(&world->unclaimed); /* every file has spoken: none asks for them */
	ezlb_reconcile_diff(&target, &actual, &result->plan);
	result->services = target.services.len;
	result->dests = target.dests.len;
	for (size_t i = 0; i < actual.services.len; i++)
		result->adopted += !ezlb_scope_has(&world->ledger.owned,
						   &actual.services.items[i].key);
	EZLB_VEC_CLEAR(&scope);
	ezlb_table_clear(&actual);
	ezlb_table_clear(&target);
}

bool pass_ok(const struct pass_result *result)
{
	for (int i = 0; i < EZLB_LAYERS; i++)
		if (result->errs.layer[i].code != 0)
			return false;
	return result->ledger_err.code == 0 && ezlb_plan_ok(&result->plan);
}

/* After a pass without errors the kernel has nothing of ours beyond what is wanted. */
static void shrink_ledger(struct pass_world *world, const struct ezlb_scope *wanted,
			  struct pass_result *result)
{
	struct ezlb_scope owned = { 0 };

	for (size_t i = 0; i < world->ledger.owned.len; i++) {
		const struct ezlb_service_key *key = &world->ledger.owned.items[i];

		if (ezlb_scope_has(wanted, key) || ezlb_scope_has(&world->unclaimed, key))
			*EZLB_PUSH(&owned) = *key;
	}
	ledger_set(&world->ledger, &owned, &result->ledger_err);
	EZLB_VEC_CLEAR(&owned);
}

bool pass_apply(struct pass_world *world, const struct ezlb_desired *desired,
		struct pass_result *result)
{
	struct ezlb_scope wanted = { 0 }, none = { 0 };

	ezlb_reconcile_scope(desired, &none, &wanted);
	/* Without the ledger a kill now would leave orphans: better no change than that. */
	if (ledger_add(&world->ledger, &wanted, &result->ledger_err) == 0) {
		ezlb_reconcile_apply(&world->dp, &result->plan, &result->errs);
		if (pass_ok(result))
			shrink_ledger(world, &wanted, result);
	}
	EZLB_VEC_CLEAR(&wanted);
	return pass_ok(result);
}

void pass_result_clear(struct pass_result *result)
{
	ezlb_plan_clear(&result->plan);
}

bool pass_cleanup(struct pass_world *world, struct pass_result *result)
{
	const struct ezlb_desired nothing = { 0 };
	const struct ezlb_verdicts no_verdicts = { 0 };
	bool ok = false;

	*result = (struct pass_result){ .services = 0 };
	for (int try = 0; try < 3 && !ok; try++) {
		if (try > 0)
			usleep(300 * 1000);
		pass_result_clear(result);
		pass_plan(world, &nothing, &no_verdicts, false, result);
		ok = pass_apply(world, &nothing, result);
	}
	return ok;
}
