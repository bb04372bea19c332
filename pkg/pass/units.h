/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * units: what fails, or is fought over with somebody else, is tried again at its own pace and keeps
 * nothing else waiting. A unit is one virtual service with its dests, one SNAT rule, one
 * setting, link or address of the host, or a whole layer (its frame, its lock). Pure: time and
 * randomness are passed in.
 *
 * Failure: 200 ms, doubling up to 30 s, +-20 %. Fight: what somebody else takes away three times
 * within a minute is repaired every 5 s at most, until it is left alone for a minute.
 */
#pragma once

#include <ezlb/pass.h>

#define UNITS_FIGHT   5000  /* ms */
#define UNITS_LONGEST 30000 /* ms */

/* Sets rc of every op whose unit has to wait to EZLB_HELD. */
void units_hold(struct ezlb_units *units, struct ezlb_plan *plan, uint64_t now);
/* Takes in what became of the plan, after units_hold and apply. */
void units_note(struct ezlb_units *units, const struct ezlb_plan *plan,
		const struct ezlb_layer_errs *errs, bool ledger_failed, uint64_t now,
		uint64_t random);
/*
 * Takes in what somebody else did (ezlb_reconcile_drift). Returns the first op of a unit that has
 * just become a fight, NULL for none; *n counts such units. Borrowed from drift.
 */
const struct ezlb_op *units_taken(struct ezlb_units *units, const struct ezlb_plan *drift,
				  uint64_t now, size_t *n);
/* Ends the fights that have been quiet for the window; the number of those that ended. */
size_t units_calm(struct ezlb_units *units, uint64_t now);
/* What is waiting because it failed may be tried at once: the kernel or the files have changed. */
void units_hurry(struct ezlb_units *units, enum ezlb_layer_kind layer);
/* When the next unit is due; EZLB_PASS_NEVER where none waits. */
uint64_t units_due(const struct ezlb_units *units);
/* Is the service fought over, or its SNAT rows, or a layer as a whole that it needs? */
bool units_fought_over(const struct ezlb_units *units, const struct ezlb_spec *spec);
