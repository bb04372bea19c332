// SPDX-License-Identifier: GPL-2.0-or-later
#include "ownership.h"
#include "syncs.h"

#include <errno.h>

#include <ezlb/node.h>

#include "clsacts.h"
#include "handover.h"

static struct ezlb_layer *snat_of(const struct ezlb_pass *pass)
{
	return pass->dp.layer[EZLB_LAYER_SNAT];
}

/* --- what is owned ------------------------------------------------------------------------- */

/*
 * True if target has the address on the other one of the two links: whoever added it, it moves. A
 * balancer that is drained must not leave it where it is announced, nor one that serves where it is
 * not.
 */
static bool moves(const struct ezlb_vip_row *row, const struct ezlb_table *target)
{
	char from[EZLB_DEVICE_STRLEN], to[EZLB_DEVICE_STRLEN];

	ezlb_node_drain_device(row->device, from);
	for (size_t i = 0; i < target->vips.len; i++) {
		const struct ezlb_vip_row *want = &target->vips.items[i];

		ezlb_node_drain_device(want->device, to);
		if (ezlb_addr_cmp(&want->addr, &row->addr) == 0 &&
		    (strcmp(want->device, from) == 0 || strcmp(row->device, to) == 0))
			return true;
	}
	return false;
}

void ownership_forget_foreign(const struct ezlb_ledger_content *owned,
			      const struct ezlb_table *target, const struct ezlb_addrs *withdrawn,
			      struct ezlb_table *actual)
{
	struct ezlb_links *links = &actual->links;
	struct ezlb_vips *vips = &actual->vips;

	EZLB_VEC_KEEP(links, i,
		      EZLB_FIND(&owned->links, &links->items[i], ezlb_link_row_cmp) ||
			      EZLB_FIND(&target->links, &links->items[i], ezlb_link_row_cmp));
	EZLB_VEC_KEEP(vips, i,
		      EZLB_FIND(&owned->vips, &vips->items[i], ezlb_vip_row_cmp) ||
			      EZLB_FIND(&target->vips, &vips->items[i], ezlb_vip_row_cmp) ||
			      EZLB_FIND(withdrawn, &vips->items[i].addr, ezlb_addr_row_cmp) ||
			      moves(&vips->items[i], target));
}

/* Services that stay for refused files have no settings in target, but need them. */
static bool is_kept_for(const struct ezlb_setting_row *row, const struct ezlb_table *target)
{
	const struct ezlb_setting_facts *facts = ezlb_setting_facts(row->setting);
	bool udp = facts->needed_by & 1u << EZLB_NEED_UDP;

	if (!facts->put_back || EZLB_FIND(&target->settings, row, ezlb_setting_row_cmp))
		return true;
	for (size_t i = 0; i < target->services.len && udp; i++)
		if (target->services.items[i].key.proto == EZLB_UDP ||
		    target->services.items[i].key.fwmark != 0)
			return true;
	return false;
}

void ownership_put_back(const struct ezlb_ledger_content *owned, const struct ezlb_table *target,
			const struct ezlb_table *actual, struct ezlb_plan *plan)
{
	for (size_t i = owned->settings.len; i-- > 0;) {
		const struct ezlb_setting_row *was = &owned->settings.items[i], *now;
		struct ezlb_op *op;

		if (target && is_kept_for(was, target))
			continue;
		op = ezlb_plan_add(plan, EZLB_OP_HOST_RESET);
		now = EZLB_FIND(&actual->settings, was, ezlb_setting_row_cmp);
		op->setting = *was;
		op->old_setting = *was;
		op->old_setting.value = now ? now->value : -1;
	}
}

void ownership_put_back_timeouts(const struct ezlb_ledger_content *owned,
				 const struct ezlb_table *actual, struct ezlb_plan *plan)
{
	for (size_t i = 0; i < owned->timeouts.len; i++) {
		const struct ezlb_timeout_owned *mine = &owned->timeouts.items[i];
		const struct ezlb_timeout_row set = { mine->timeout, mine->set }, *now;
		struct ezlb_op *op;

		now = EZLB_FIND(&actual->timeouts, &set, ezlb_timeout_row_cmp);
		if (!now || now->seconds != mine->set)
			continue;
		op = ezlb_plan_add(plan, EZLB_OP_TIMEOUT_RESET);
		op->timeout = (struct ezlb_timeout_row){ mine->timeout, mine->before };
		op->old_timeout = set;
	}
}

/* --- before -------------------------------------------------------------------------------- */

/* An unknown or missing value counts as 0, the default of the kernel. */
static int value_before(const struct ezlb_op *op)
{
	return op->old_setting.value < 0 ? 0 : op->old_setting.value;
}

static void own_setting(struct ezlb_ledger_content *out, const struct ezlb_pass_found *found,
			const struct ezlb_op *op)
{
	struct ezlb_setting_row was = op->setting;

	/* A module has no earlier value. */
	if (ezlb_setting_facts(was.setting)->module ||
	    EZLB_FIND(&out->settings, &was, ezlb_setting_row_cmp))
		return;
	/* A setting that cannot be read is not tried, and its earlier value is unknown. */
	if (!EZLB_FIND(&found->actual.settings, &was, ezlb_setting_row_cmp))
		return;
	was.value = value_before(op);
	*EZLB_PUSH(&out->settings) = was;
	EZLB_SORT(&out->settings, ezlb_setting_row_cmp);
}

static struct ezlb_timeout_owned *owned_timeout(const struct ezlb_ledger_content *content,
						const struct ezlb_op *op)
{
	const struct ezlb_timeout_owned key = { .timeout = op->timeout.timeout };

	return EZLB_FIND(&content->timeouts, &key, ezlb_timeout_owned_cmp);
}

static void own_timeouts(struct ezlb_ledger_content *out, const struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++) {
		const struct ezlb_op *op = &plan->items[i];
		struct ezlb_timeout_owned *mine;

		/* With an unknown earlier value the layer cannot be read, and the op is not tried.
		 */
		if (op->kind != EZLB_OP_TIMEOUT_SET || op->old_timeout.seconds == 0)
			continue;
		mine = owned_timeout(out, op);
		if (mine)
			mine->set = op->timeout.seconds;
		else
			*EZLB_PUSH(&out->timeouts) = (struct ezlb_timeout_owned){
				op->timeout.timeout, op->old_timeout.seconds, op->timeout.seconds
			};
		EZLB_SORT(&out->timeouts, ezlb_timeout_owned_cmp);
	}
}

static void own_host(struct ezlb_ledger_content *out, const struct ezlb_pass_found *found,
		     const struct ezlb_pass_todo *plan)
{
	for (size_t i = 0; i < plan->ops.len; i++) {
		const struct ezlb_op *op = &plan->ops.items[i];

		if (op->kind == EZLB_OP_HOST_SET)
			own_setting(out, found, op);
		else if (op->kind == EZLB_OP_LINK_ADD &&
			 !EZLB_FIND(&out->links, &op->link, ezlb_link_row_cmp))
			*EZLB_PUSH(&out->links) = op->link;
		else if (op->kind == EZLB_OP_VIP_ADD &&
			 !EZLB_FIND(&out->vips, &op->vip, ezlb_vip_row_cmp))
			*EZLB_PUSH(&out->vips) = op->vip;
	}
	EZLB_SORT(&out->links, ezlb_link_row_cmp);
	EZLB_SORT(&out->vips, ezlb_vip_row_cmp);
}

/* The drains of the roster, and those that are over: the kernel still has their dests. */
static void own_drains(struct ezlb_ledger_content *out, const struct ezlb_roster *roster)
{
	struct ezlb_drains now = { 0 };

	ezlb_roster_drains(roster, &now);
	EZLB_VEC_KEEP(&out->drains, i, !EZLB_FIND(&now, &out->drains.items[i], ezlb_drain_cmp));
	EZLB_VEC_APPEND(&out->drains, &now);
	EZLB_SORT(&out->drains, ezlb_drain_cmp);
	EZLB_VEC_CLEAR(&now);
}

/* In a pass that cannot read IPVS nobody knows what is foreign there, and nothing is changed. */
static void own_ipvs(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		     const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out)
{
	const struct ezlb_scope *owned = &pass->ledger.content.services;

	if (found->errs.layer[EZLB_LAYER_IPVS].code != 0)
		return;
	for (size_t i = 0; i < plan->wanted.len; i++)
		if (!ezlb_scope_has(owned, &plan->wanted.items[i]))
			*EZLB_PUSH(&out->services) = plan->wanted.items[i];
	EZLB_SORT(&out->services, ezlb_service_key_cmp);
	own_timeouts(out, &plan->ops);
	syncs_own(out, plan);
}

void ownership_before(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		      const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out)
{
	own_ipvs(pass, found, plan, out);
	*handover_frame(snat_of(pass), out) |= plan->target.snat_wanted;
	own_host(out, found, plan);
	clsacts_own(out, &plan->ops);
	own_drains(out, &plan->roster);
}

void ownership_before_but_drains(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
				 const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out)
{
	ownership_before(pass, found, plan, out);
	EZLB_VEC_COPY(&out->drains, &pass->ledger.content.drains);
}

/* --- after --------------------------------------------------------------------------------- */

static void drop_setting(struct ezlb_ledger_content *out, const struct ezlb_setting_row *key)
{
	struct ezlb_setting_row *row = EZLB_FIND(&out->settings, key, ezlb_setting_row_cmp);

	if (!row)
		return;
	memmove(row, row + 1,
		(size_t)(out->settings.items + out->settings.len - (row + 1)) * sizeof(*row));
	out->settings.len--;
}

/* A setting that was reset is not owned any more. */
static void drop_reset(struct ezlb_ledger_content *out, const struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++)
		if (plan->items[i].kind == EZLB_OP_HOST_RESET && plan->items[i].rc == 0)
			drop_setting(out, &plan->items[i].setting);
}

static void drop_timeout(struct ezlb_ledger_content *out, enum ezlb_timeout timeout)
{
	EZLB_VEC_KEEP(&out->timeouts, i, out->timeouts.items[i].timeout != timeout);
}

void ownership_after(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		     const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out)
{
	EZLB_VEC_KEEP(&out->services, i,
		      ezlb_scope_has(&plan->wanted, &out->services.items[i]) ||
			      ezlb_scope_has(&pass->unclaimed, &out->services.items[i]));
	EZLB_VEC_KEEP(&out->links, i,
		      EZLB_FIND(&plan->target.links, &out->links.items[i], ezlb_link_row_cmp));
	EZLB_VEC_KEEP(&out->vips, i,
		      EZLB_FIND(&plan->target.vips, &out->vips.items[i], ezlb_vip_row_cmp));
	clsacts_drop(out, &plan->ops);
	syncs_drop(out, found, plan);
	*handover_frame(snat_of(pass), out) = plan->target.snat_wanted;
	EZLB_VEC_KEEP(&out->drains, i,
		      ezlb_scope_has(&pass->unclaimed, &out->drains.items[i].service));
	ezlb_roster_drains(&plan->roster, &out->drains);
	EZLB_SORT(&out->drains, ezlb_drain_cmp);
	drop_reset(out, &plan->ops);
	if (pass->put_back) /* what is left was changed by somebody else */
		out->timeouts.len = 0;
}

/* --- lost ---------------------------------------------------------------------------------- */

/* What the plan showed to be foreign or deleted; sorted. */
struct losses {
	struct ezlb_scope services;
	struct ezlb_links links;
	struct ezlb_vips vips;
};

static void find_losses(const struct ezlb_pass *pass, const struct ezlb_plan *plan,
			struct losses *out)
{
	/* Otherwise the next pass adopts the service. */
	bool never = pass->adopt == EZLB_ADOPT_NEVER;

	for (size_t i = 0; i < plan->len; i++) {
		const struct ezlb_op *op = &plan->items[i];

		if ((op->kind == EZLB_OP_SERVICE_ADD && op->rc == -EEXIST && never) ||
		    (op->kind == EZLB_OP_SERVICE_DEL && op->rc == 0))
			*EZLB_PUSH(&out->services) = op->service.key;
		else if ((op->kind == EZLB_OP_LINK_ADD && op->rc == -EEXIST) ||
			 (op->kind == EZLB_OP_LINK_DEL && op->rc == 0))
			*EZLB_PUSH(&out->links) = op->link;
		else if ((op->kind == EZLB_OP_VIP_ADD && op->rc == -EEXIST) ||
			 (op->kind == EZLB_OP_VIP_DEL && op->rc == 0))
			*EZLB_PUSH(&out->vips) = op->vip;
	}
	EZLB_SORT(&out->services, ezlb_service_key_cmp);
	EZLB_SORT(&out->links, ezlb_link_row_cmp);
	EZLB_SORT(&out->vips, ezlb_vip_row_cmp);
}

/* False for an address that is neither wanted nor in the kernel: it has no op. */
static bool may_be_there(const struct ezlb_vip_row *row, const struct ezlb_pass_found *found,
			 const struct ezlb_pass_todo *plan)
{
	return found->errs.layer[EZLB_LAYER_HOST].code ||
	       EZLB_FIND(&found->actual.vips, row, ezlb_vip_row_cmp) ||
	       EZLB_FIND(&plan->target.vips, row, ezlb_vip_row_cmp);
}

/*
 * Settings that could not be set still have their earlier values. If the admin then sets them, as
 * the error message asks, ezlb must not reset them later.
 */
static void drop_unset(struct ezlb_ledger_content *out, const struct ezlb_pass_found *found,
		       const struct ezlb_pass_todo *plan)
{
	for (size_t i = 0; i < plan->ops.len; i++) {
		const struct ezlb_op *op = &plan->ops.items[i];
		const struct ezlb_setting_row *row;

		if (op->kind != EZLB_OP_HOST_SET || op->rc == 0 ||
		    !EZLB_FIND(&found->actual.settings, &op->setting, ezlb_setting_row_cmp))
			continue;
		row = EZLB_FIND(&out->settings, &op->setting, ezlb_setting_row_cmp);
		if (row && row->value == value_before(op))
			drop_setting(out, row);
	}
}

/* The timeouts that could not be set have their earlier values; those that were reset are free. */
static void drop_timeouts(struct ezlb_ledger_content *out, const struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++) {
		const struct ezlb_op *op = &plan->items[i];
		struct ezlb_timeout_owned *mine;

		if (ezlb_op_object(op->kind) != EZLB_OBJECT_TIMEOUT)
			continue;
		mine = owned_timeout(out, op);
		if (!mine)
			continue;
		if (op->kind == EZLB_OP_TIMEOUT_SET && op->rc != 0)
			mine->set = op->old_timeout.seconds;
		if (op->kind == EZLB_OP_TIMEOUT_RESET ? op->rc == 0 : mine->set == mine->before)
			drop_timeout(out, mine->timeout);
	}
}

/* The drains of the roster, and of the dests whose op failed: they may still be as they were. */
static void find_drains(const struct ezlb_pass_todo *plan, struct ezlb_drains *out)
{
	ezlb_roster_drains(&plan->roster, out);
	for (size_t i = 0; i < plan->ops.len; i++) {
		const struct ezlb_op *op = &plan->ops.items[i];

		if (op->rc != 0 && ezlb_op_object(op->kind) == EZLB_OBJECT_DEST)
			*EZLB_PUSH(out) = (struct ezlb_drain){ .service = op->dest.service,
							       .backend = op->dest.endpoint };
	}
	EZLB_SORT(out, ezlb_drain_cmp);
}

/*
 * The drains that are over. Otherwise, after a restart, a backend that serves again would be taken
 * for one that drains since long, and deleted.
 */
static void drop_drains(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out)
{
	struct ezlb_drains *all = &out->drains, keep = { 0 };

	if (found->errs.layer[EZLB_LAYER_IPVS].code)
		return;
	find_drains(plan, &keep);
	EZLB_VEC_KEEP(all, i,
		      EZLB_FIND(&keep, &all->items[i], ezlb_drain_cmp) ||
			      ezlb_scope_has(&pass->unclaimed, &all->items[i].service));
	EZLB_VEC_CLEAR(&keep);
}

void ownership_after_part(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			  const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out)
{
	struct ezlb_drains *all = &out->drains, keep = { 0 };

	(void)pass;
	(void)found;
	find_drains(plan, &keep);
	EZLB_VEC_KEEP(all, i,
		      EZLB_FIND(&keep, &all->items[i], ezlb_drain_cmp) ||
			      !ezlb_scope_has(&plan->wanted, &all->items[i].service));
	EZLB_VEC_CLEAR(&keep);
}

void ownership_without_lost(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			    const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out)
{
	struct losses lost = { .links = { 0 } };

	find_losses(pass, &plan->ops, &lost);
	ezlb_scope_subtract(&out->services, &lost.services);
	EZLB_VEC_KEEP(&out->links, i,
		      !EZLB_FIND(&lost.links, &out->links.items[i], ezlb_link_row_cmp));
	EZLB_VEC_KEEP(&out->vips, i,
		      may_be_there(&out->vips.items[i], found, plan) &&
			      !EZLB_FIND(&lost.vips, &out->vips.items[i], ezlb_vip_row_cmp));
	clsacts_drop(out, &plan->ops);
	syncs_drop(out, found, plan);
	drop_reset(out, &plan->ops);
	drop_unset(out, found, plan);
	drop_timeouts(out, &plan->ops);
	drop_drains(pass, found, plan, out);
	EZLB_VEC_CLEAR(&lost.services);
	EZLB_VEC_CLEAR(&lost.links);
	EZLB_VEC_CLEAR(&lost.vips);
}

void ownership_without_old(const struct ezlb_pass *pass, const struct ezlb_pass_found *found,
			   const struct ezlb_pass_todo *plan, struct ezlb_ledger_content *out)
{
	(void)found;
	(void)plan;
	*handover_frame(pass->old_snat, out) = false;
}

/* --- writing ------------------------------------------------------------------------------- */

void ownership_write(struct ezlb_pass *pass, const struct ezlb_pass_found *found,
		     const struct ezlb_pass_todo *plan, ownership_fn make, struct ezlb_err *err)
{
	struct ezlb_ledger_content content = { .chain = false };

	ezlb_ledger_content_copy(&content, &pass->ledger.content);
	make(pass, found, plan, &content);
	ezlb_ledger_set(&pass->ledger, &content, err);
	ezlb_ledger_content_clear(&content);
}
