/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xt_nat: reads ezlb's rules from the legacy nat table of one family, and applies ops to it. The
 * only difference between the families: IPv6 has no chain before its first row.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/err.h>
#include <ezlb/plan.h>

#include "chain.h"
#include <ezlb/xtables.h>

/* What ezlb owns in a nat table; zeroed for a table that is not loaded. */
struct ezlb_xt_actual {
	struct ezlb_snat_chain chain;
	unsigned refs;	      /* rules in the whole table that jump or go to the chain */
	unsigned plain_jumps; /* those that are plain jumps in POSTROUTING, as intended */
};

/* True if the chain exists and exactly one plain jump leads to it. Ignores the chain's rules. */
bool ezlb_xt_frame_sound(const struct ezlb_xt_actual *actual);

/* These would load the table: call them only for a loaded table. */
int ezlb_xt_read(const struct ezlb_xt *xt, struct ezlb_xt_actual *actual, struct ezlb_err *err);
bool ezlb_xt_has_chain(const struct ezlb_xt *xt, const char *prefix);
void ezlb_xt_actual_clear(struct ezlb_xt_actual *actual);

/* The ops of a batch that belong to one family, and their result. */
struct ezlb_xt_part {
	const struct ezlb_xt *xt;
	bool exists;	      /* ezlb's chain exists, or may exist */
	struct ezlb_op **ops; /* room for the whole batch */
	size_t n;
	int rc; /* the result of all these ops */
	struct ezlb_err err;
};

/* Applies the ops of the family with one commit, repeated after a lost race. Needs the lock. */
void ezlb_xt_apply(struct ezlb_xt_part *part, struct ezlb_op *const *ops, size_t n);
