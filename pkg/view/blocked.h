/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blocked: the failed and held ops of a pass, by the service that they block. Pure; borrows from
 * the result of the pass.
 */
#pragma once

#include <ezlb/pass.h>

struct blocked_op {
	struct ezlb_subject subject;
	const struct ezlb_op *op;
};

struct blocked {
	struct blocked_ops EZLB_VEC(struct blocked_op) ops; /* sorted by subject */
	/* Ops that block every service with the need, or every service; NULL: none. */
	const struct ezlb_op *needs[EZLB_NEEDS];
	const struct ezlb_op *everybody;
	/* Of the TOA layer, which blocks no service; in the order of the plan. */
	struct EZLB_VEC(const struct ezlb_op *) toa;
};

void blocked_find(struct blocked *blocked, const struct ezlb_plan *plan);
/* The op that blocks the service, a failed one first; NULL: none. */
const struct ezlb_op *blocked_by(const struct blocked *blocked, const struct ezlb_spec *spec);
void blocked_clear(struct blocked *blocked);
