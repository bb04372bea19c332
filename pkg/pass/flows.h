/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flows: deletes stale UDP conntrack entries after a pass: those with a deleted dest or a changed
 * SNAT row. As long as a client sends from the same port, such an entry would keep the old backend
 * or source address. TCP and SCTP connections end by themselves; deleting their entries would break
 * them.
 */
#pragma once

#include <ezlb/pass.h>

/* The flows of the ops that succeeded, without duplicates. `actual` is the table before them. */
void flows_of(const struct ezlb_plan *plan, const struct ezlb_table *actual,
	      struct ezlb_flows *out);

/* Deletes the flows from conntrack. The outcome gets their number, or the error. */
void flows_end(const struct ezlb_pass *pass, const struct ezlb_plan *ops,
	       const struct ezlb_table *actual, struct ezlb_pass_outcome *outcome);
