// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/plan.h>

struct ezlb_op *ezlb_plan_add(struct ezlb_plan *plan, enum ezlb_op_kind kind)
{
	struct ezlb_op *op = EZLB_PUSH(plan);

	op->kind = kind;
	op->rc = EZLB_PENDING;
	return op;
}

void ezlb_plan_clear(struct ezlb_plan *plan)
{
	EZLB_VEC_CLEAR(plan);
	EZLB_VEC_CLEAR(&plan->vip_needs);
}

bool ezlb_plan_ok(const struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++)
		if (plan->items[i].rc != 0)
			return false;
	return true;
}
