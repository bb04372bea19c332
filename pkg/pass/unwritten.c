// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwritten.h"

#include "handover.h"

struct snat_keys EZLB_VEC(struct ezlb_snat_key);

/* What the ledger has, and the rows of source NAT that its services need. */
struct owned {
	struct ezlb_ledger_content content;
	struct snat_keys snats;
};

static bool owns_service(const struct owned *owned, const struct ezlb_pass_todo *plan,
			 const struct ezlb_service_key *key)
{
	return ezlb_scope_has(&owned->content.services, key) && ezlb_scope_has(&plan->wanted, key);
}

/* On whichever link. */
static bool owns_address(const struct owned *owned, const struct ezlb_addr *addr)
{
	for (size_t i = 0; i < owned->content.vips.len; i++)
		if (ezlb_addr_cmp(&owned->content.vips.items[i].addr, addr) == 0)
			return true;
	return false;
}

static bool owns_frame(const struct ezlb_pass *pass, struct owned *owned)
{
	return *handover_frame(pass->dp.layer[EZLB_LAYER_SNAT], &owned->content);
}

static void find_snats(const struct ezlb_pass *pass, const struct ezlb_pass_todo *plan,
		       struct owned *owned)
{
	enum ezlb_snat_key_kind kind = pass->dp.layer[EZLB_LAYER_SNAT]->snat_key;
	const struct ezlb_dests *dests = &plan->target.dests;

	for (size_t i = 0; i < dests->len && owns_frame(pass, owned); i++)
		if (owns_service(owned, plan, &dests->items[i].service))
			*EZLB_PUSH(&owned->snats) = ezlb_snat_key_of(kind, &dests->items[i].service,
								     &dests->items[i].endpoint);
	EZLB_SORT(&owned->snats, ezlb_snat_key_cmp);
}

static bool is_repair(const struct ezlb_op *op)
{
	return ezlb_op_action(op->kind) == EZLB_ACTION_ADD ||
	       ezlb_op_action(op->kind) == EZLB_ACTION_SET;
}

static bool may_go_on(const struct ezlb_pass *pass, struct owned *owned,
		      const struct ezlb_pass_todo *plan, const struct ezlb_op *op)
{
	switch (ezlb_op_object(op->kind)) {
	case EZLB_OBJECT_SERVICE:
		return owns_service(owned, plan, &op->service.key);
	case EZLB_OBJECT_DEST:
		return owns_service(owned, plan, &op->dest.service);
	case EZLB_OBJECT_VIP:
		if (op->kind == EZLB_OP_VIP_DEL)
			return EZLB_FIND(&plan->roster.withdrawn, &op->vip.addr, ezlb_addr_row_cmp);
		return EZLB_FIND(&owned->content.vips, &op->vip, ezlb_vip_row_cmp);
	case EZLB_OBJECT_LINK:
		return is_repair(op) &&
		       EZLB_FIND(&owned->content.links, &op->link, ezlb_link_row_cmp);
	case EZLB_OBJECT_SETTING:
		return is_repair(op) &&
		       EZLB_FIND(&owned->content.settings, &op->setting, ezlb_setting_row_cmp);
	case EZLB_OBJECT_SNAT_FRAME:
		return is_repair(op) && owns_frame(pass, owned);
	case EZLB_OBJECT_GUARD:
		return is_repair(op) && owns_address(owned, &op->guard.addr);
	case EZLB_OBJECT_SNAT: /* apply holds the removal of one that a dest still needs */
		return owns_frame(pass, owned) &&
		       (!is_repair(op) ||
			EZLB_FIND(&owned->snats, &op->snat.key, ezlb_snat_key_cmp));
	case EZLB_OBJECT_MARK:
		return is_repair(op) && owns_service(owned, plan, &op->mark.service);
	case EZLB_OBJECT_ACCEPT:
		return is_repair(op) && owns_service(owned, plan, &op->accept.service);
	case EZLB_OBJECT_TOA:
		return is_repair(op) && owns_service(owned, plan, &op->toa.service);
	case EZLB_OBJECT_FIREWALL_FRAME:
	case EZLB_OBJECT_TOA_FRAME:
		return is_repair(op) && owned->content.services.len > 0;
	case EZLB_OBJECT_HOOK:
		return is_repair(op) && !op->hook.qdisc && owned->content.services.len > 0;
	case EZLB_OBJECT_SYNC:
	case EZLB_OBJECT_TIMEOUT:
	case EZLB_OBJECTS:
		break;
	}
	return false;
}

bool unwritten_hold(const struct ezlb_pass *pass, struct ezlb_pass_todo *plan)
{
	struct owned owned = { .snats = { 0 } };
	bool any = false;

	ezlb_ledger_content_copy(&owned.content, &pass->ledger.content);
	find_snats(pass, plan, &owned);
	for (size_t i = 0; i < plan->ops.len; i++) {
		struct ezlb_op *op = &plan->ops.items[i];

		if (!may_go_on(pass, &owned, plan, op))
			op->rc = EZLB_HELD;
		any |= op->rc != EZLB_HELD;
	}
	ezlb_ledger_content_clear(&owned.content);
	EZLB_VEC_CLEAR(&owned.snats);
	return any;
}
