/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handover: from one SNAT driver to the other, if the flag or the host changed since the last
 * process. The old rules stay until all new ones exist, so no dest is ever without source NAT.
 */
#pragma once

#include <ezlb/pass.h>

/* The member of the ledger that says whether ezlb owns the frame of this SNAT layer. */
bool *handover_frame(const struct ezlb_layer *snat, struct ezlb_ledger_content *content);

/* Lists pass->old_snat. Sets plan->old to its teardown, or found->old_gone if it is empty. */
void handover_plan(const struct ezlb_pass *pass, struct ezlb_pass_found *found,
		   struct ezlb_pass_todo *plan);
/*
 * Applies plan->old after the plan, or holds it while a dest may need the old rules. True if
 * old_snat has nothing of ezlb's any more.
 */
bool handover_apply(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		    struct ezlb_pass_todo *plan, struct ezlb_pass_outcome *outcome);
