/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pass: one turn of the reconciler over a data plane, with the ledger kept ahead of the kernel. */
#pragma once

#include <ezlb/reconcile.h>

#include "catalog.h"
#include "ledger.h"

struct pass_world {
	struct ezlb_dataplane dp;
	struct ledger ledger;
	/*
	 * In the ledger since before this process, and not asked for by any file so far. While a
	 * file is refused that has no version in force, one of these may be its: they are kept.
	 */
	struct ezlb_scope unclaimed;
};

struct pass_result {
	struct ezlb_plan plan;
	struct ezlb_layer_errs errs;
	struct ezlb_err ledger_err;
	size_t services, dests; /* in target */
	size_t adopted;		/* services that were in the kernel and not in the ledger */
};

/* Reads the kernel and plans; writes nothing. */
void pass_plan(struct pass_world *world, const struct ezlb_desired *desired,
	       const struct ezlb_verdicts *verdicts, bool refused_files,
	       struct pass_result *result);
/* Carries the plan out. True where the kernel is now as it should be. */
bool pass_apply(struct pass_world *world, const struct ezlb_desired *desired,
		struct pass_result *result);
bool pass_ok(const struct pass_result *result);
void pass_result_clear(struct pass_result *result);

/* Removes all that is ours: one pass towards nothing, tried three times. */
bool pass_cleanup(struct pass_world *world, struct pass_result *result);
