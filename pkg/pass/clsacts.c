// SPDX-License-Identifier: GPL-2.0-or-later
#include "clsacts.h"

#include <errno.h>

static struct ezlb_link_row device_of(const struct ezlb_hook_row *hook)
{
	struct ezlb_link_row row;

	memcpy(row.device, hook->device, sizeof(row.device));
	return row;
}

void clsacts_delete(const struct ezlb_ledger_content *owned, const struct ezlb_table *target,
		    const struct ezlb_table *actual, struct ezlb_plan *plan)
{
	/* Without the program no list shows its hooks, and these stay: see toa_want. */
	if (target->toa_wanted && actual->toa_problem[0])
		return;
	for (size_t i = 0; i < owned->clsacts.len; i++) {
		struct ezlb_hook_row row = { .qdisc = true };

		memcpy(row.device, owned->clsacts.items[i].device, sizeof(row.device));
		if (!EZLB_FIND(&target->hooks, &row, ezlb_hook_row_cmp) &&
		    !EZLB_FIND(&actual->hooks, &row, ezlb_hook_row_cmp))
			ezlb_plan_add(plan, EZLB_OP_HOOK_DEL)->hook = row;
	}
}

void clsacts_name(const struct ezlb_ledger_content *owned, struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++) {
		struct ezlb_op *op = &plan->items[i];
		struct ezlb_link_row row;

		if (op->kind != EZLB_OP_HOOK_DEL)
			continue;
		row = device_of(&op->hook);
		op->hook.qdisc = EZLB_FIND(&owned->clsacts, &row, ezlb_link_row_cmp) != NULL;
	}
}

void clsacts_own(struct ezlb_ledger_content *out, const struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++) {
		const struct ezlb_op *op = &plan->items[i];

		if (op->kind == EZLB_OP_HOOK_ADD && op->hook.qdisc && op->rc != EZLB_HELD)
			*EZLB_PUSH(&out->clsacts) = device_of(&op->hook);
	}
	EZLB_SORT(&out->clsacts, ezlb_link_row_cmp);
	EZLB_UNIQUE(&out->clsacts, ezlb_link_row_cmp);
}

/*
 * Somebody else has created the clsact, or the op was not tried, or the clsact is gone. Each that
 * is not wanted any more has its op.
 */
static bool has_no_clsact(const struct ezlb_op *op)
{
	if (ezlb_op_object(op->kind) != EZLB_OBJECT_HOOK || !op->hook.qdisc)
		return false;
	return op->kind == EZLB_OP_HOOK_ADD ? op->rc == -EEXIST || op->rc == EZLB_HELD
					    : op->rc == 0;
}

void clsacts_drop(struct ezlb_ledger_content *out, const struct ezlb_plan *plan)
{
	struct ezlb_links lost = { 0 };

	for (size_t i = 0; i < plan->len; i++)
		if (has_no_clsact(&plan->items[i]))
			*EZLB_PUSH(&lost) = device_of(&plan->items[i].hook);
	EZLB_SORT(&lost, ezlb_link_row_cmp);
	EZLB_VEC_KEEP(&out->clsacts, i,
		      !EZLB_FIND(&lost, &out->clsacts.items[i], ezlb_link_row_cmp));
	EZLB_VEC_CLEAR(&lost);
}
