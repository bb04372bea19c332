/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flows: which udp flows must be decided upon anew after a pass: those whose backend has gone, and
 * those whose source NAT is another now. A udp client that keeps sending from one port would keep
 * the old way for ever. Connections of tcp and sctp are left: they end by themselves, and to take
 * away what they hang on would break them.
 */
#pragma once

#include <ezlb/pass.h>

/* The flows, each once, of the ops that are done. `actual` is what was before them. */
void flows_of(const struct ezlb_plan *plan, const struct ezlb_table *actual,
	      struct ezlb_flows *out);

/* Deletes them from conntrack; how many there were, or why not, is in the outcome. */
void flows_end(const struct ezlb_pass *pass, const struct ezlb_plan *ops,
	       const struct ezlb_table *actual, struct ezlb_pass_outcome *outcome);
