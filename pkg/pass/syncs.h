/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syncs: which sync daemons of IPVS are ezlb's. The kernel has one in each role for all programs,
 * so one that the ledger does not have, with exactly its interface and id, is somebody else's.
 */
#pragma once

#include <ezlb/pass.h>

/*
 * Removes those of others from actual, except those that are taken over. A role that somebody else
 * has is removed from the target, too, and goes to found->foreign_syncs.
 */
void syncs_settle(const struct ezlb_pass *pass, struct ezlb_pass_found *found,
		  struct ezlb_table *target);

/* Adds what will be owned after the plan. */
void syncs_own(struct ezlb_ledger_content *out, const struct ezlb_pass_todo *plan);
/*
 * After a pass: removes what was stopped or could not be started. What may still run, because it
 * could not be stopped or read, stays.
 */
void syncs_drop(struct ezlb_ledger_content *out, const struct ezlb_pass_found *found,
		const struct ezlb_pass_todo *plan);
