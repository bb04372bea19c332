/* SPDX-License-Identifier: GPL-2.0-or-later */
/* part: how a pass over a part is applied, and what it leaves. */
#pragma once

#include <ezlb/pass.h>

/* Applies the plan, with the ledger written before it where drains change. */
void part_carry_out(struct ezlb_pass *pass, struct ezlb_pass_result *result, uint64_t now_ms);
/* Makes pass->left what the kernel has now, or unknown if an op failed. */
void part_remember(struct ezlb_pass *pass, const struct ezlb_pass_result *result);
/* After a peek: are the services that were touched before it as pass->left says? */
bool part_look(struct ezlb_pass *pass);
