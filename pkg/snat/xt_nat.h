/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xt_nat: the legacy nat table of one family: what it has of ours, and what a batch of ops makes of
 * it. Both families are alike, but that IPv6 has no chain before its first row.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/err.h>
#include <ezlb/plan.h>

#include "chain.h"
#include <ezlb/xtables.h>

/* What a nat table has of ours; zeroed it is that of a table that is not loaded. */
struct ezlb_xt_actual {
	struct ezlb_snat_chain chain;
	unsigned refs;	      /* rules anywhere that jump or go to the chain */
	unsigned plain_jumps; /* those of them that are as they should be, in POSTROUTING */
};

/* The chain is there and what leads to it as it should be, whatever rules it has. */
bool ezlb_xt_frame_sound(const struct ezlb_xt_actual *actual);

/* Asking loads the table: for tables that are loaded. */
int ezlb_xt_read(const struct ezlb_xt *xt, struct ezlb_xt_actual *actual, struct ezlb_err *err);
bool ezlb_xt_has_chain(const struct ezlb_xt *xt, const char *prefix);
void ezlb_xt_actual_clear(struct ezlb_xt_actual *actual);

/* The part of a batch that concerns one family, and what became of it. */
struct ezlb_xt_part {
	const struct ezlb_xt *xt;
	bool exists;	      /* whether there is a chain of ours, or may be one */
	struct ezlb_op **ops; /* room for the whole batch */
	size_t n;
	int rc; /* for each of these ops */
	struct ezlb_err err;
};

/* Chooses the ops that concern the family. True where one of them needs the table. */
bool ezlb_xt_select(struct ezlb_xt_part *part, struct ezlb_op *const *ops, size_t n);

/* Carries them out with at most one commit, but for those that lose a race. Needs the lock. */
void ezlb_xt_apply(struct ezlb_xt_part *part, struct ezlb_op *const *ops, size_t n);
