// SPDX-License-Identifier: GPL-2.0-or-later
/* What the ledger has and the lists of the kernel do not show: hidden, or gone. */
#include "clsacts.h"
#include "ownership.h"

static void delete_services(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			    struct ezlb_pass_todo *plan)
{
	const struct ezlb_scope *owned = &pass->ledger.content.services;

	for (size_t i = 0; i < owned->len; i++) {
		const struct ezlb_service_row row = { .key = owned->items[i] };

		if (!ezlb_scope_has(&plan->wanted, &row.key) &&
		    !ezlb_scope_has(&pass->unclaimed, &row.key) &&
		    !EZLB_FIND(&found->actual.services, &row, ezlb_service_row_cmp))
			ezlb_plan_add(&plan->ops, EZLB_OP_SERVICE_DEL)->service = row;
	}
}

static void delete_links(const struct ezlb_ledger_content *owned, const struct ezlb_table *target,
			 const struct ezlb_table *actual, struct ezlb_plan *plan)
{
	for (size_t i = 0; i < owned->links.len; i++) {
		const struct ezlb_link_row *row = &owned->links.items[i];

		if (!EZLB_FIND(&target->links, row, ezlb_link_row_cmp) &&
		    !EZLB_FIND(&actual->links, row, ezlb_link_row_cmp))
			ezlb_plan_add(plan, EZLB_OP_LINK_DEL)->link = *row;
	}
}

void ownership_delete_unlisted(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			       struct ezlb_pass_todo *plan)
{
	if (found->errs.layer[EZLB_LAYER_IPVS].code == 0)
		delete_services(pass, found, plan);
	if (found->errs.layer[EZLB_LAYER_HOST].code == 0)
		delete_links(&pass->ledger.content, &plan->target, &found->actual, &plan->ops);
	if (found->errs.layer[EZLB_LAYER_TOA].code == 0)
		clsacts_delete(&pass->ledger.content, &plan->target, &found->actual, &plan->ops);
}
