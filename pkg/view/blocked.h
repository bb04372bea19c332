/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blocked: which services do not have what they should, and why: the ops of a pass that failed or
 * wait, found again by service. Pure; borrows from the result.
 */
#pragma once

#include <ezlb/pass.h>

struct blocked_op {
	struct ezlb_subject subject;
	const struct ezlb_op *op;
};

struct blocked {
	struct blocked_ops EZLB_VEC(struct blocked_op) ops; /* sorted by subject */
	/* What concerns all of these; NULL: none. */
	const struct ezlb_op *needs[EZLB_NEEDS];
	const struct ezlb_op *everybody;
};

void blocked_find(struct blocked *blocked, const struct ezlb_plan *plan);
/* The op that keeps the service from being as it should, a failed one first; NULL: none. */
const struct ezlb_op *blocked_by(const struct blocked *blocked, const struct ezlb_spec *spec);
void blocked_clear(struct blocked *blocked);
