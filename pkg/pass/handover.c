// SPDX-License-Identifier: GPL-2.0-or-later
#include "handover.h"

#include <errno.h>

bool *handover_frame(const struct ezlb_layer *snat, struct ezlb_ledger_content *content)
{
	return snat->snat_key == EZLB_SNAT_KEY_LISTENER ? &content->nft_table : &content->chain;
}

void handover_plan(const struct ezlb_pass *pass, struct ezlb_pass_found *found,
		   struct ezlb_pass_todo *plan)
{
	struct ezlb_ledger_content said = pass->ledger.content; /* read only */
	struct ezlb_table table = { .snat_wanted = false };
	const struct ezlb_scope none = { 0 };
	bool there;
	int rc;

	if (!pass->old_snat)
		return;
	rc = pass->old_snat->list(pass->old_snat, &none, &table, NULL);
	if (rc == -ENOPROTOOPT) /* a kernel without this driver has no rules of it */
		rc = 0;
	/* If the kernel cannot be read, use the ledger. */
	there = rc == 0 ? table.snat_present : *handover_frame(pass->old_snat, &said);
	found->old_gone = rc == 0 && !there;
	if (there)
		ezlb_plan_add(&plan->old, EZLB_OP_SNAT_TEARDOWN);
	ezlb_table_clear(&table);
}

/* True if every dest keeps its source NAT without the old rules, whatever the result of op. */
static bool is_harmless(const struct ezlb_op *op)
{
	switch (ezlb_op_object(op->kind)) {
	case EZLB_OBJECT_SERVICE:
		return true; /* a service in the kernel has its new rule, or needs none */
	case EZLB_OBJECT_DEST:
		if (op->kind !=
		    EZLB_OP_DEST_DEL) /* else the dest stays, and target has no rule for it */
			return true;
		break;
	case EZLB_OBJECT_SYNC:
	case EZLB_OBJECT_TIMEOUT:
	case EZLB_OBJECT_LINK:
	case EZLB_OBJECT_VIP:
	case EZLB_OBJECT_FIREWALL_FRAME:
	case EZLB_OBJECT_ACCEPT:
	case EZLB_OBJECT_MARK:
	case EZLB_OBJECT_GUARD:
	case EZLB_OBJECT_TOA_FRAME:
	case EZLB_OBJECT_TOA:
	case EZLB_OBJECT_HOOK:
		return true; /* not part of SNAT */
	case EZLB_OBJECT_SETTING:
		if (op->kind == EZLB_OP_HOST_RESET ||
		    !ezlb_setting_facts(op->setting.setting)->serves_snat)
			return true;
		break;
	case EZLB_OBJECT_SNAT_FRAME:
	case EZLB_OBJECT_SNAT:
	case EZLB_OBJECTS:
		break;
	}
	return op->rc == 0;
}

/* A service that fails for another reason does not block the teardown of the old rules. */
static bool has_taken_over(const struct ezlb_pass *pass, const struct ezlb_plan *ops,
			   const struct ezlb_pass_outcome *outcome)
{
	for (int i = 0; i < EZLB_LAYERS; i++)
		if (i != EZLB_LAYER_FIREWALL && i != EZLB_LAYER_MARK && i != EZLB_LAYER_TOA &&
		    outcome->errs.layer[i].code != 0)
			return false;
	for (size_t i = 0; i < ops->len; i++)
		if (!is_harmless(&ops->items[i]))
			return false;
	/* Only the old driver has the rules of services that stay for a refused file. */
	return outcome->ledger_err.code == 0 && pass->unclaimed.len == 0;
}

bool handover_apply(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		    struct ezlb_pass_todo *plan, struct ezlb_pass_outcome *outcome)
{
	struct ezlb_op *op = plan->old.items;

	if (plan->old.len == 0)
		return found->old_gone;
	if (!has_taken_over(pass, &plan->ops, outcome)) {
		op->rc = EZLB_HELD;
		return false;
	}
	pass->old_snat->apply(pass->old_snat, &op, 1, &outcome->old_err);
	return op->rc == 0;
}
