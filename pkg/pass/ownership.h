/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ownership: what a pass writes to the ledger before and after it changes the kernel, so that the
 * ledger always has everything that ezlb owns; and what the plan does because of the ledger.
 */
#pragma once

#include <ezlb/pass.h>

/*
 * Removes foreign links and addresses from actual. An address that moves to the other link is ours,
 * and one that is withdrawn, which must not be announced.
 */
void ownership_forget_foreign(const struct ezlb_ledger_content *owned,
			      const struct ezlb_table *target, const struct ezlb_addrs *withdrawn,
			      struct ezlb_table *actual);

/*
 * Adds the removal of services, links and clsacts that are owned, not wanted, and not listed. The
 * kernel's list can lack services while another network namespace changes IPVS, and does not have
 * links that are down, or a clsact whose filter somebody else has removed. The removal of a missing
 * object is no error.
 */
void ownership_delete_unlisted(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			       struct ezlb_pass_todo *plan);

/*
 * Adds the ops that reset the settings of the host, in reverse order: all of them, or with a target
 * those that are to be reset as soon as no service of it needs them.
 */
void ownership_put_back(const struct ezlb_ledger_content *owned, const struct ezlb_table *target,
			const struct ezlb_table *actual, struct ezlb_plan *plan);

/* The same for the timeouts of IPVS that still have the value that ezlb set. */
void ownership_put_back_timeouts(const struct ezlb_ledger_content *owned,
				 const struct ezlb_table *actual, struct ezlb_plan *plan);

typedef void (*ownership_fn)(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			     const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out);
/* Everything that is owned now or will be owned after the plan. */
void ownership_before(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		      const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out);
/* The same with the drains that the ledger has already. */
void ownership_before_but_drains(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
				 const struct ezlb_pass_todo *plan,
				 struct ezlb_ledger_content *out);
/* After a pass without errors, except in TOA: only what is wanted. */
void ownership_after(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		     const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out);
/*
 * After a pass over a part: the drains of its services as they are now, also where an op has
 * failed. Nothing else that is owned can change in one.
 */
void ownership_after_part(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			  const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out);
/*
 * After a pass with errors: without the objects that somebody else created since the list, and
 * without those that the pass deleted.
 */
void ownership_without_lost(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			    const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out);
/* Without the rules of the other SNAT driver. */
void ownership_without_old(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			   const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out);

/* Writes the ledger content that `make` computes. */
void ownership_write(struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		     const struct ezlb_pass_todo *plan, ownership_fn make, struct ezlb_err *err);
