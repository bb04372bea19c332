// SPDX-License-Identifier: GPL-2.0-or-later
/* settings: plans and applies only the settings of the host, for an init container. */
#include <ezlb/pass.h>

#include "ownership.h"

static void keep_settings(struct ezlb_plan *plan)
{
	EZLB_VEC_KEEP(plan, i, plan->items[i].kind == EZLB_OP_HOST_SET);
}

bool ezlb_pass_settings(struct ezlb_pass *pass, const struct ezlb_desired *desired,
			struct ezlb_pass_result *result)
{
	const struct ezlb_roster no_roster = { .due_ms = UINT64_MAX };
	const struct ezlb_scope none = { 0 };
	struct ezlb_table target = { .snat_wanted = false };
	bool done;

	ezlb_reconcile_list(&pass->dp, &none, NULL, &result->found.actual, &result->found.errs);
	result->outcome.errs = result->found.errs;
	ezlb_reconcile_target(desired, &no_roster, &result->found.actual, &pass->policy, &target);
	ezlb_reconcile_diff(&target, &result->found.actual, &result->plan.ops);
	ezlb_table_clear(&target);
	keep_settings(&result->plan.ops);
	ownership_write(pass, &result->found, &result->plan, ownership_before,
			&result->outcome.ledger_err);
	if (result->outcome.ledger_err.code != 0)
		return false;
	done = ezlb_reconcile_apply(&pass->dp, &result->plan.ops, &result->outcome.errs);
	if (!done)
		ownership_write(pass, &result->found, &result->plan, ownership_without_lost,
				&result->outcome.ledger_err);
	return done;
}
