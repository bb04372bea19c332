/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * units: the times of retries. A unit (struct ezlb_unit) that fails or is fought over is tried
 * again at its own times, and delays no other unit. Pure: the caller passes time and randomness.
 *
 * Failure: 200 ms, doubled up to 30 s, +-20 %. Units that fail in the same pass are tried again in
 * the same pass. Fight: a unit that somebody else changes three times within a minute is repaired
 * at most every 5 s, until nobody changes it for a minute.
 */
#pragma once

#include <ezlb/pass.h>

#define UNITS_FIGHT   5000  /* ms */
#define UNITS_LONGEST 30000 /* ms */

/* Sets the rc of every op whose unit must wait to EZLB_HELD. */
void units_hold(struct ezlb_units *units, struct ezlb_plan *plan, uint64_t now);
/* Records the results of the plan, after units_hold and apply. */
void units_note(struct ezlb_units *units, const struct ezlb_plan *plan,
		const struct ezlb_layer_errs *errs, bool ledger_failed, uint64_t now,
		uint64_t random);
/* See ezlb_pass_fights; drift is of ezlb_reconcile_drift. */
const struct ezlb_op *units_taken(struct ezlb_units *units, const struct ezlb_plan *drift,
				  uint64_t now, size_t *n);
/* See ezlb_pass_calm. */
size_t units_calm(struct ezlb_units *units, uint64_t now);
/* Makes the failed units of the layer due at once: the kernel or the files changed. */
void units_hurry(struct ezlb_units *units, enum ezlb_layer_kind layer);
/* See ezlb_pass_rest. */
void units_rest(struct ezlb_units *units, uint64_t until);
/* See ezlb_pass_due. */
uint64_t units_due(const struct ezlb_units *units);
