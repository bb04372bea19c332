/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * eligible: whether a pass over a few services is certain to do what a pass over all would do.
 * Where that is not certain the answer is no.
 */
#pragma once

#include <ezlb/pass.h>

bool eligible(const struct ezlb_pass *pass, const struct ezlb_desired *part, uint64_t now_ms);
/* The same for what the pass would do. */
bool eligible_ops(const struct ezlb_plan *ops);
