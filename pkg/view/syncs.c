// SPDX-License-Identifier: GPL-2.0-or-later
#include "syncs.h"

#include <stdio.h>

static bool is_done(const struct ezlb_op *op, enum ezlb_op_kind kind, enum ezlb_sync_role role)
{
	return op->kind == kind && op->rc == 0 && op->sync.role == role;
}

/* After the pass. */
static bool runs(const struct ezlb_pass_result *result, enum ezlb_sync_role role)
{
	const struct ezlb_sync_row key = { .role = role };
	const struct ezlb_sync_row *row = EZLB_FIND(&result->found.actual.syncs, &key,
						    ezlb_sync_row_cmp);
	const struct ezlb_sync_row *want = EZLB_FIND(&result->plan.target.syncs, &key,
						     ezlb_sync_row_cmp);
	bool as_wanted = row && want && ezlb_sync_row_same(row, want);

	for (size_t i = 0; i < result->plan.ops.len; i++) {
		const struct ezlb_op *op = &result->plan.ops.items[i];

		if (is_done(op, EZLB_OP_SYNC_ADD, role) || is_done(op, EZLB_OP_SYNC_SET, role))
			as_wanted = true;
	}
	return as_wanted;
}

/* The first one. */
static void find_problem(const struct ezlb_pass_result *result, char out[EZLB_MESSAGE_STRLEN])
{
	const struct ezlb_syncs *others = &result->found.foreign_syncs;
	char text[EZLB_SYNC_STRLEN], why[EZLB_OP_STRLEN];

	out[0] = '\0';
	for (size_t i = 0; i < result->plan.ops.len && !out[0]; i++) {
		const struct ezlb_op *op = &result->plan.ops.items[i];

		if ((op->kind == EZLB_OP_SYNC_ADD || op->kind == EZLB_OP_SYNC_SET) && op->rc < 0)
			snprintf(out, EZLB_MESSAGE_STRLEN, "%s: %.180s",
				 ezlb_sync_row_format(&op->sync, text), ezlb_op_explain(op, why));
	}
	if (!out[0] && others->len > 0)
		snprintf(out, EZLB_MESSAGE_STRLEN,
			 "another program has started one, which stays: %s",
			 ezlb_sync_row_format(&others->items[0], text));
}

void syncs_take(struct ezlb_view *view, const struct ezlb_view_pass *pass)
{
	const struct ezlb_policy *policy = &pass->pass->policy;
	struct ezlb_status_sync *to = &view->sync;

	memcpy(to->device, policy->sync_device, sizeof(to->device));
	to->id = policy->sync_id;
	if (!to->device[0] || pass->result->found.errs.layer[EZLB_LAYER_IPVS].code != 0)
		return;
	for (int i = 0; i < EZLB_SYNC_ROLES; i++)
		to->running[i] = runs(pass->result, (enum ezlb_sync_role)i);
	find_problem(pass->result, to->problem);
}
