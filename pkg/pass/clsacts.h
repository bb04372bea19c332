/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clsacts: the interfaces whose qdisc clsact ezlb created for its hook, in the ledger. Everything
 * else of TOA is known by its name.
 */
#pragma once

#include <ezlb/pass.h>

/* Adds the removal of those that are not wanted, and whose hook somebody else has removed. */
void clsacts_delete(const struct ezlb_ledger_content *owned, const struct ezlb_table *target,
		    const struct ezlb_table *actual, struct ezlb_plan *plan);
/* Marks the removals of hooks whose clsact ezlb has created. */
void clsacts_name(const struct ezlb_ledger_content *owned, struct ezlb_plan *plan);
/* Before the plan: those that it may create, without ops that wait. */
void clsacts_own(struct ezlb_ledger_content *out, const struct ezlb_plan *plan);
/* After the plan: without those that are gone, or that ezlb did not create after all. */
void clsacts_drop(struct ezlb_ledger_content *out, const struct ezlb_plan *plan);
