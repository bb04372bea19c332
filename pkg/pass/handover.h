/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handover: from one SNAT driver to the other, when the flag or the host has changed since the
 * last process. The rules of the old one stay until those of the new one are all in place: both are
 * there for a moment, and no dest is ever without.
 */
#pragma once

#include <ezlb/pass.h>

/* The ledger's word on the frame that this SNAT layer makes. */
bool *handover_frame(const struct ezlb_layer *snat, struct ezlb_ledger_content *content);

/* Looks into pass->old_snat: plan->old is its teardown, or found->old_gone: there is nothing. */
void handover_plan(const struct ezlb_pass *pass, struct ezlb_pass_found *found,
		   struct ezlb_pass_todo *plan);
/*
 * Carries out plan->old after the plan, or holds it while anything may rely on the old rules. True
 * where nothing of ours is left in old_snat.
 */
bool handover_apply(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		    struct ezlb_pass_todo *plan, struct ezlb_pass_outcome *outcome);
