/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flows: ends UDP flows after a pass that would otherwise keep what they had at their start for as
 * long as the client sends from the same port: a deleted backend, a changed source address, no
 * source NAT at all. TCP and SCTP connections end by themselves; deleting their entries would break
 * them.
 */
#pragma once

#include <ezlb/pass.h>

/*
 * The flows of the ops that succeeded, without duplicates: those of a deleted dest, or of a changed
 * SNAT row. `actual` is the table before them.
 */
void flows_of(const struct ezlb_plan *plan, const struct ezlb_table *actual,
	      struct ezlb_flows *out);

/*
 * For each UDP service whose source NAT has come into force since the last pass, or that this
 * process has not seen in force before: the flows that are not translated. They began before the
 * service, or while ezlb was not running. `known` gets all UDP services with source NAT, `fresh`
 * those of `out`; both sorted.
 */
void flows_untranslated(const struct ezlb_pass *pass, const struct ezlb_pass_result *result,
			struct ezlb_scope *known, struct ezlb_scope *fresh, struct ezlb_flows *out);

/*
 * The wanted UDP dests whose IPVS connections started under other conditions: without
 * net.ipv4.vs.conntrack, or with another forwarding method. Source NAT has no effect on these.
 */
void flows_old_dests(const struct ezlb_pass_result *result, struct ezlb_dests *out);
/* Deletes these dests and adds them again; appends the ops to the plan. Takes 50 ms if it does. */
void flows_restart(const struct ezlb_pass *pass, struct ezlb_pass_result *result);

/*
 * Deletes the conntrack entries, and those that are late, if due. The outcome gets their number, or
 * the error.
 */
void flows_end(struct ezlb_pass *pass, struct ezlb_pass_result *result, uint64_t now_ms);
