/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * claims: what a pass has to write down, before and after it touches the kernel, so that the ledger
 * always names at least what is ezlb's.
 */
#pragma once

#include "pass.h"

/* Links and addresses that are not in the ledger and not wanted either are somebody else's. */
void claims_forget_foreign(const struct ezlb_ledger_content *owned, const struct ezlb_table *target,
			   struct ezlb_table *actual);

/*
 * Adds the removal of services and links that are ours, not wanted, and not listed: while another
 * network namespace changes IPVS the kernel's list may lack some, and a link that is down is not as
 * it should be. What is gone indeed is no failure.
 */
void claims_delete_unlisted(const struct pass_world *world, const struct pass_result *result,
			    const struct ezlb_table *target, bool keep_unclaimed,
			    struct ezlb_plan *plan);

/* Adds the ops that set the host's settings back, the last that was made first. */
void claims_put_back(const struct ezlb_ledger_content *owned, const struct ezlb_table *actual,
		     struct ezlb_plan *plan);

typedef void (*claims_fn)(const struct pass_world *world, const struct pass_result *result,
			  struct ezlb_ledger_content *out);
/* What will be ours once the plan is carried out, and what is so far. */
void claims_before(const struct pass_world *world, const struct pass_result *result,
		   struct ezlb_ledger_content *out);
/* After a pass without errors the kernel has nothing of ours beyond what is wanted. */
void claims_after(const struct pass_world *world, const struct pass_result *result,
		  struct ezlb_ledger_content *out);
/*
 * Without what somebody else made between our look and our write, which is not ours after all, and
 * what is gone already although the pass has not done all.
 */
void claims_without_lost(const struct pass_world *world, const struct pass_result *result,
			 struct ezlb_ledger_content *out);
/* Without the rules of the other SNAT backend. */
void claims_without_old(const struct pass_world *world, const struct pass_result *result,
			struct ezlb_ledger_content *out);

/* Writes what `make` says into the ledger; a failure is in result->ledger_err. */
void claims_write(struct pass_world *world, struct pass_result *result, claims_fn make);
