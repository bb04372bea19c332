/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ownership: what a pass writes into the ledger, before and after it touches the kernel, so that
 * the ledger always names at least what is ezlb's; and what follows from it for the plan.
 */
#pragma once

#include <ezlb/pass.h>

/* Links and addresses that are not in the ledger and not wanted either are somebody else's. */
void ownership_forget_foreign(const struct ezlb_ledger_content *owned,
			      const struct ezlb_table *target, struct ezlb_table *actual);

/*
 * Adds the removal of services and links that are ours, not wanted, and not listed: while another
 * network namespace changes IPVS the kernel's list may lack some, and a link that is down is not as
 * it should be. What is gone indeed is no failure.
 */
void ownership_delete_unlisted(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			       struct ezlb_pass_todo *plan);

/* Adds the ops that set the host's settings back, the last that was made first. */
void ownership_put_back(const struct ezlb_ledger_content *owned, const struct ezlb_table *actual,
			struct ezlb_plan *plan);

typedef void (*ownership_fn)(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			     const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out);
/* What will be ours once the plan is carried out, and what is so far. */
void ownership_before(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		      const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out);
/* After a pass without errors the kernel has nothing of ours beyond what is wanted. */
void ownership_after(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		     const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out);
/*
 * Without what somebody else made between our look and our write, which is not ours after all, and
 * what is gone already although the pass has not done all.
 */
void ownership_without_lost(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			    const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out);
/* Without the rules of the other SNAT driver. */
void ownership_without_old(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			   const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out);

/* Writes what `make` says into the ledger. */
void ownership_write(struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		     const struct ezlb_pass_todo *plan, ownership_fn make, struct ezlb_err *err);
