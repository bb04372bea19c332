/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan: the operations that change the kernel from actual to target, in order of execution. */
#pragma once

#include <stdbool.h>

#include <ezlb/op.h>
#include <ezlb/op_text.h>

/* A vector (mem.h) with one more member. */
struct ezlb_plan {
	struct ezlb_op *items;
	size_t len, cap;
	struct ezlb_vip_needs vip_needs; /* what VIP_ADD waits for; sorted */
};

struct ezlb_op *ezlb_plan_add(struct ezlb_plan *plan, enum ezlb_op_kind kind);
void ezlb_plan_clear(struct ezlb_plan *plan);
bool ezlb_plan_ok(const struct ezlb_plan *plan); /* every op done */
