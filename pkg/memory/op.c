// SPDX-License-Identifier: GPL-2.0-or-later
#include "op.h"

#include <errno.h>
#include <stdlib.h>

void batch_open(struct batch *batch, struct ezlb_table *kernel, struct ezlb_links *clsacts)
{
	*batch = (struct batch){
		.kernel = kernel,
		.services = ROWS_OPEN(&kernel->services, ezlb_service_row_cmp),
		.dests = ROWS_OPEN(&kernel->dests, ezlb_dest_row_cmp),
		.snats = ROWS_OPEN(&kernel->snats, ezlb_snat_row_cmp),
		.settings = ROWS_OPEN(&kernel->settings, ezlb_setting_row_cmp),
		.syncs = ROWS_OPEN(&kernel->syncs, ezlb_sync_row_cmp),
		.accepts = ROWS_OPEN(&kernel->accepts, ezlb_accept_row_cmp),
		.marks = ROWS_OPEN(&kernel->marks, ezlb_mark_row_cmp),
		.guards = ROWS_OPEN(&kernel->guards, ezlb_guard_row_cmp),
		.toas = ROWS_OPEN(&kernel->toas, ezlb_toa_row_cmp),
		.hooks = ROWS_OPEN(&kernel->hooks, ezlb_hook_row_cmp),
		.clsacts = ROWS_OPEN(clsacts, ezlb_link_row_cmp),
		.links = ROWS_OPEN(&kernel->links, ezlb_link_row_cmp),
		.vips = ROWS_OPEN(&kernel->vips, ezlb_vip_row_cmp),
		.clsact_links = clsacts,
	};
}

void batch_close(struct batch *batch)
{
	ROWS_CLOSE(&batch->services, &batch->kernel->services);
	ROWS_CLOSE(&batch->dests, &batch->kernel->dests);
	ROWS_CLOSE(&batch->snats, &batch->kernel->snats);
	ROWS_CLOSE(&batch->settings, &batch->kernel->settings);
	ROWS_CLOSE(&batch->syncs, &batch->kernel->syncs);
	ROWS_CLOSE(&batch->accepts, &batch->kernel->accepts);
	ROWS_CLOSE(&batch->marks, &batch->kernel->marks);
	ROWS_CLOSE(&batch->guards, &batch->kernel->guards);
	ROWS_CLOSE(&batch->toas, &batch->kernel->toas);
	ROWS_CLOSE(&batch->hooks, &batch->kernel->hooks);
	ROWS_CLOSE(&batch->clsacts, batch->clsact_links);
	ROWS_CLOSE(&batch->links, &batch->kernel->links);
	ROWS_CLOSE(&batch->vips, &batch->kernel->vips);
}

static void drop_dests(struct batch *batch, const struct ezlb_service_key *key)
{
	const struct ezlb_dest_row from = { .service = *key };
	struct ezlb_dest_row *row = rows_first(&batch->dests, &from);

	for (; row && ezlb_service_key_cmp(&row->service, key) == 0;
	     row = rows_first(&batch->dests, &from))
		rows_remove(&batch->dests, row);
}

static int do_service(struct batch *batch, const struct ezlb_op *op)
{
	struct ezlb_service_row *row = rows_find(&batch->services, &op->service);

	if (op->kind == EZLB_OP_SERVICE_ADD) {
		if (row)
			return -EEXIST;
		rows_add(&batch->services, &op->service);
		return 0;
	}
	if (!row) /* as in the ipvs layer: removing a missing row succeeds */
		return op->kind == EZLB_OP_SERVICE_DEL ? 0 : -ESRCH;
	if (op->kind == EZLB_OP_SERVICE_SET) {
		*row = op->service;
		return 0;
	}
	drop_dests(batch, &op->service.key);
	rows_remove(&batch->services, row);
	return 0;
}

static int do_dest(struct batch *batch, const struct ezlb_op *op)
{
	struct ezlb_service_row service = { .key = op->dest.service };
	struct ezlb_dest_row *row = rows_find(&batch->dests, &op->dest);
	bool del = op->kind == EZLB_OP_DEST_DEL;
	uint32_t active;

	if (!rows_find(&batch->services, &service))
		return del ? 0 : -ESRCH;
	if (op->kind == EZLB_OP_DEST_ADD) {
		if (row)
			return -EEXIST;
		rows_add(&batch->dests, &op->dest);
		return 0;
	}
	if (!row)
		return del ? 0 : -ENOENT;
	if (del) {
		rows_remove(&batch->dests, row);
		return 0;
	}
	active = row->active; /* connections go on */
	*row = op->dest;
	row->active = active;
	return 0;
}

static int do_snat(struct batch *batch, const struct ezlb_op *op)
{
	struct ezlb_snat_row *row = rows_find(&batch->snats, &op->snat);

	if (op->kind == EZLB_OP_SNAT_DEL) {
		if (row)
			rows_remove(&batch->snats, row);
		return 0;
	}
	if (!batch->kernel->snat_sound)
		return -ENOENT;
	if (row)
		*row = op->snat;
	else
		rows_add(&batch->snats, &op->snat);
	return 0;
}

static int do_setting(struct batch *batch, const struct ezlb_op *op)
{
	struct ezlb_setting_row *row = rows_find(&batch->settings, &op->setting);

	/* As in the host layer: do not reset a setting that is missing or was changed. */
	if (op->kind == EZLB_OP_HOST_RESET &&
	    (!row || row->value != ezlb_setting_facts(op->setting.setting)->wanted))
		return 0;
	if (!row || row->value < 0)
		return -ENOENT;
	row->value = op->setting.value;
	return 0;
}

/* Adds or removes a row without values. As in the other layers, removing a missing row succeeds. */
static int do_row(struct rows *rows, const void *row, bool add)
{
	void *have = rows_find(rows, row);

	if (add && have)
		return -EEXIST;
	if (add)
		rows_add(rows, row);
	else if (have)
		rows_remove(rows, have);
	return 0;
}

static bool has_vips(const struct batch *batch, const struct ezlb_link_row *link)
{
	struct ezlb_vip_row from = { .addr = { 0 } };
	const struct ezlb_vip_row *vip;

	memcpy(from.device, link->device, sizeof(from.device));
	vip = rows_first(&batch->vips, &from);
	return vip && strcmp(vip->device, link->device) == 0;
}

static int do_link(struct batch *batch, const struct ezlb_op *op)
{
	if (op->kind == EZLB_OP_LINK_DEL && has_vips(batch, &op->link))
		return -EBUSY;
	return do_row(&batch->links, &op->link, op->kind == EZLB_OP_LINK_ADD);
}

static int do_vip(struct batch *batch, const struct ezlb_op *op)
{
	struct ezlb_link_row link;

	memcpy(link.device, op->vip.device, sizeof(link.device));
	if (op->kind == EZLB_OP_VIP_ADD && !rows_find(&batch->links, &link))
		return -ENODEV;
	return do_row(&batch->vips, &op->vip, op->kind == EZLB_OP_VIP_ADD);
}

static int do_firewall_frame(struct batch *batch, bool add)
{
	batch->kernel->accepts_present = batch->kernel->accepts_sound = add;
	if (!add)
		rows_clear(&batch->accepts);
	return 0;
}

static int do_accept(struct batch *batch, const struct ezlb_op *op)
{
	if (op->kind == EZLB_OP_ACCEPT_ADD && !batch->kernel->accepts_sound)
		return -ENOENT;
	return do_row(&batch->accepts, &op->accept, op->kind == EZLB_OP_ACCEPT_ADD);
}

static int do_timeout(struct batch *batch, const struct ezlb_op *op)
{
	struct ezlb_timeout_rows *rows = &batch->kernel->timeouts;

	for (size_t i = 0; i < rows->len; i++)
		if (rows->items[i].timeout == op->timeout.timeout) {
			rows->items[i].seconds = op->timeout.seconds;
			return 0;
		}
	return -ENOENT;
}

static int do_sync(struct batch *batch, const struct ezlb_op *op)
{
	struct ezlb_sync_row *row = rows_find(&batch->syncs, &op->sync);

	if (op->kind != EZLB_OP_SYNC_SET || !row)
		return do_row(&batch->syncs, &op->sync, op->kind != EZLB_OP_SYNC_DEL);
	*row = op->sync;
	return 0;
}

static int do_snat_frame(struct batch *batch, bool add)
{
	batch->kernel->snat_present = batch->kernel->snat_sound = add;
	if (!add)
		rows_clear(&batch->snats);
	return 0;
}

static int do_toa_frame(struct batch *batch, bool add)
{
	if (add && batch->kernel->toa_problem[0])
		return -EOPNOTSUPP;
	batch->kernel->toa_present = batch->kernel->toa_sound = add;
	if (!add) {
		rows_clear(&batch->toas);
		rows_clear(&batch->hooks);
	}
	return 0;
}

static int do_toa(struct batch *batch, const struct ezlb_op *op)
{
	struct ezlb_toa_row *row = rows_find(&batch->toas, &op->toa);

	if (op->kind == EZLB_OP_TOA_DEL) {
		if (row)
			rows_remove(&batch->toas, row);
		return 0;
	}
	if (!batch->kernel->toa_sound)
		return -ENOENT;
	if (row)
		*row = op->toa;
	else
		rows_add(&batch->toas, &op->toa);
	return 0;
}

/* The hook goes with its qdisc. */
static int do_hook(struct batch *batch, const struct ezlb_op *op)
{
	struct ezlb_link_row clsact;
	bool add = op->kind == EZLB_OP_HOOK_ADD, there;

	memcpy(clsact.device, op->hook.device, sizeof(clsact.device));
	there = rows_find(&batch->clsacts, &clsact) != NULL;
	if (add && !batch->kernel->toa_sound)
		return -ENOENT;
	if (add && op->hook.qdisc == there)
		return there ? -EEXIST : -ENOENT;
	if (op->hook.qdisc)
		do_row(&batch->clsacts, &clsact, add);
	return do_row(&batch->hooks, &op->hook, add);
}

int batch_op(struct batch *batch, const struct ezlb_op *op)
{
	bool add = ezlb_op_action(op->kind) == EZLB_ACTION_ADD;

	switch (ezlb_op_object(op->kind)) {
	case EZLB_OBJECT_SETTING:
		return do_setting(batch, op);
	case EZLB_OBJECT_LINK:
		return do_link(batch, op);
	case EZLB_OBJECT_VIP:
		return do_vip(batch, op);
	case EZLB_OBJECT_FIREWALL_FRAME:
		return do_firewall_frame(batch, add);
	case EZLB_OBJECT_ACCEPT:
		return do_accept(batch, op);
	case EZLB_OBJECT_SNAT_FRAME:
		return do_snat_frame(batch, add);
	case EZLB_OBJECT_SNAT:
		return do_snat(batch, op);
	case EZLB_OBJECT_MARK:
		return do_row(&batch->marks, &op->mark, add);
	case EZLB_OBJECT_GUARD:
		return do_row(&batch->guards, &op->guard, add);
	case EZLB_OBJECT_TOA_FRAME:
		return do_toa_frame(batch, add);
	case EZLB_OBJECT_TOA:
		return do_toa(batch, op);
	case EZLB_OBJECT_HOOK:
		return do_hook(batch, op);
	case EZLB_OBJECT_SYNC:
		return do_sync(batch, op);
	case EZLB_OBJECT_TIMEOUT:
		return do_timeout(batch, op);
	case EZLB_OBJECT_SERVICE:
		return do_service(batch, op);
	case EZLB_OBJECT_DEST:
		return do_dest(batch, op);
	case EZLB_OBJECTS:
		break;
	}
	abort();
}
