/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handover: from one SNAT backend to the other, when the flag or the host has changed since the
 * last process. The rules of the old one stay until those of the new one are all in place: both are
 * there for a moment, and no dest is ever without.
 */
#pragma once

#include <ezlb/pass.h>

/* The ledger's word on the frame that this SNAT layer makes. */
bool *handover_frame(const struct ezlb_layer *snat, struct ezlb_ledger_content *content);

/* Looks into pass->old_snat: result->old is its teardown, or old_gone says that there is nothing.
 */
void handover_plan(const struct ezlb_pass *pass, struct ezlb_pass_result *result);
/* Carries out result->old after the plan, or holds it while anything may rely on the old rules. */
void handover_apply(const struct ezlb_pass *pass, struct ezlb_pass_result *result);
