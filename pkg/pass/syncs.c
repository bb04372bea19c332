// SPDX-License-Identifier: GPL-2.0-or-later
#include "syncs.h"

#include <errno.h>

static bool is_owned(const struct ezlb_ledger_content *owned, const struct ezlb_sync_row *row)
{
	return EZLB_FIND(&owned->syncs, row, ezlb_sync_owned_cmp) != NULL;
}

static bool is_same(const struct ezlb_sync_row *a, const struct ezlb_sync_row *b)
{
	return ezlb_sync_owned_cmp(a, b) == 0;
}

void syncs_settle(const struct ezlb_pass *pass, struct ezlb_pass_found *found,
		  struct ezlb_table *target)
{
	struct ezlb_syncs *actual = &found->actual.syncs, others = { 0 };

	for (size_t i = 0; i < actual->len; i++) {
		const struct ezlb_sync_row *row = &actual->items[i], *want;

		if (is_owned(&pass->ledger.content, row))
			continue;
		want = EZLB_FIND(&target->syncs, row, ezlb_sync_row_cmp);
		if (want && is_same(want, row) && pass->adopt == EZLB_ADOPT_MATCHING)
			continue;
		*EZLB_PUSH(&others) = *row;
		if (want)
			*EZLB_PUSH(&found->foreign_syncs) = *row;
	}
	EZLB_VEC_KEEP(actual, i, !EZLB_FIND(&others, &actual->items[i], ezlb_sync_row_cmp));
	EZLB_VEC_KEEP(&target->syncs, i,
		      !EZLB_FIND(&others, &target->syncs.items[i], ezlb_sync_row_cmp));
	EZLB_VEC_CLEAR(&others);
}

/* The op that leads to this row, or away from it; NULL: none. */
static const struct ezlb_op *op_of(const struct ezlb_plan *plan, const struct ezlb_sync_row *row,
				   bool away)
{
	for (size_t i = 0; i < plan->len; i++) {
		const struct ezlb_op *op = &plan->items[i];

		if (ezlb_op_object(op->kind) != EZLB_OBJECT_SYNC)
			continue;
		if (away ? (op->kind == EZLB_OP_SYNC_DEL && is_same(&op->sync, row)) ||
				    (op->kind == EZLB_OP_SYNC_SET && is_same(&op->old_sync, row))
			 : op->kind != EZLB_OP_SYNC_DEL && is_same(&op->sync, row))
			return op;
	}
	return NULL;
}

void syncs_own(struct ezlb_ledger_content *out, const struct ezlb_pass_todo *plan)
{
	const struct ezlb_syncs *target = &plan->target.syncs;

	for (size_t i = 0; i < target->len; i++) {
		const struct ezlb_op *op = op_of(&plan->ops, &target->items[i], false);

		if (!op || op->rc != EZLB_HELD)
			*EZLB_PUSH(&out->syncs) = target->items[i];
	}
	EZLB_SORT(&out->syncs, ezlb_sync_owned_cmp);
	EZLB_UNIQUE(&out->syncs, ezlb_sync_owned_cmp);
}

static bool may_run(const struct ezlb_sync_row *row, const struct ezlb_pass_todo *plan)
{
	const struct ezlb_op *to = op_of(&plan->ops, row, false);
	const struct ezlb_op *from = op_of(&plan->ops, row, true);
	const struct ezlb_sync_row *want = EZLB_FIND(&plan->target.syncs, row, ezlb_sync_row_cmp);

	if (from && from->rc != 0)
		return true;
	if (!want || !is_same(want, row))
		return false;
	/* Nobody knows what a kernel did that has not answered. */
	return !to || to->rc == 0 || to->rc == -ETIMEDOUT || to->rc == -ENOBUFS;
}

void syncs_drop(struct ezlb_ledger_content *out, const struct ezlb_pass_found *found,
		const struct ezlb_pass_todo *plan)
{
	if (found->errs.layer[EZLB_LAYER_IPVS].code != 0)
		return;
	EZLB_VEC_KEEP(&out->syncs, i, may_run(&out->syncs.items[i], plan));
}
