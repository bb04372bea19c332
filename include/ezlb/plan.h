/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan: the operations that change the kernel from actual to target, in order of execution. */
#pragma once

#include <stdbool.h>

#include <ezlb/op.h>
#include <ezlb/op_text.h>

struct ezlb_plan EZLB_VEC(struct ezlb_op);

struct ezlb_op *ezlb_plan_add(struct ezlb_plan *plan, enum ezlb_op_kind kind);
void ezlb_plan_clear(struct ezlb_plan *plan);
bool ezlb_plan_ok(const struct ezlb_plan *plan); /* every op done */
