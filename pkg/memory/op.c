// SPDX-License-Identifier: GPL-2.0-or-later
#include "op.h"

#include <errno.h>
#include <stdlib.h>

/* A vector of any row type, seen as bytes. */
struct rows {
	char *items;
	size_t *len;
	size_t size;
	ezlb_cmp_fn cmp;
};
#define ROWS(v, c) ((struct rows){ (char *)(v)->items, &(v)->len, sizeof(*(v)->items), (c) })

static void *row_find(struct rows rows, const void *key)
{
	for (size_t i = 0; i < *rows.len; i++)
		if (rows.cmp(rows.items + i * rows.size, key) == 0)
			return rows.items + i * rows.size;
	return NULL;
}

static void row_remove(struct rows rows, void *row)
{
	char *last = rows.items + (*rows.len - 1) * rows.size;

	memmove(row, last, rows.size);
	(*rows.len)--;
}

static struct rows services_of(struct ezlb_table *kernel)
{
	return ROWS(&kernel->services, ezlb_service_row_cmp);
}

static struct rows dests_of(struct ezlb_table *kernel)
{
	return ROWS(&kernel->dests, ezlb_dest_row_cmp);
}

static struct rows snats_of(struct ezlb_table *kernel)
{
	return ROWS(&kernel->snats, ezlb_snat_row_cmp);
}

static void drop_dests(struct ezlb_table *kernel, const struct ezlb_service_key *key)
{
	struct ezlb_dests *dests = &kernel->dests;

	for (size_t i = dests->len; i-- > 0;)
		if (ezlb_service_key_cmp(&dests->items[i].service, key) == 0)
			row_remove(dests_of(kernel), &dests->items[i]);
}

static int do_service(struct ezlb_table *kernel, const struct ezlb_op *op)
{
	struct ezlb_service_row *row = row_find(services_of(kernel), &op->service);

	if (op->kind == EZLB_OP_SERVICE_ADD) {
		if (row)
			return -EEXIST;
		*EZLB_PUSH(&kernel->services) = op->service;
		return 0;
	}
	if (!row) /* as the ipvs layer: what is to go and is gone already is fine */
		return op->kind == EZLB_OP_SERVICE_DEL ? 0 : -ESRCH;
	if (op->kind == EZLB_OP_SERVICE_SET) {
		*row = op->service;
		return 0;
	}
	drop_dests(kernel, &op->service.key);
	row_remove(services_of(kernel), row);
	return 0;
}

static int do_dest(struct ezlb_table *kernel, const struct ezlb_op *op)
{
	struct ezlb_service_row service = { .key = op->dest.service };
	struct ezlb_dest_row *row = row_find(dests_of(kernel), &op->dest);
	bool del = op->kind == EZLB_OP_DEST_DEL;

	if (!row_find(services_of(kernel), &service))
		return del ? 0 : -ESRCH;
	if (op->kind == EZLB_OP_DEST_ADD) {
		if (row)
			return -EEXIST;
		*EZLB_PUSH(&kernel->dests) = op->dest;
		return 0;
	}
	if (!row)
		return del ? 0 : -ENOENT;
	if (del)
		row_remove(dests_of(kernel), row);
	else
		*row = op->dest;
	return 0;
}

static int do_snat(struct ezlb_table *kernel, const struct ezlb_op *op)
{
	struct ezlb_snat_row *row = row_find(snats_of(kernel), &op->snat);

	if (op->kind == EZLB_OP_SNAT_DEL) {
		if (row)
			row_remove(snats_of(kernel), row);
		return 0;
	}
	if (!kernel->snat_sound)
		return -ENOENT;
	if (row)
		*row = op->snat;
	else
		*EZLB_PUSH(&kernel->snats) = op->snat;
	return 0;
}

static int do_setting(struct ezlb_table *kernel, const struct ezlb_op *op)
{
	struct ezlb_setting_row *row = row_find(ROWS(&kernel->settings, ezlb_setting_row_cmp),
						&op->setting);

	/* As the host layer: what is gone, or is another's by now, is not set back. */
	if (op->kind == EZLB_OP_HOST_RESET &&
	    (!row || row->value != ezlb_setting_facts(op->setting.setting)->wanted))
		return 0;
	if (!row || row->value < 0)
		return -ENOENT;
	row->value = op->setting.value;
	return 0;
}

/* A row that is all key comes or goes; like the kernel's layers, gone already is fine. */
static int do_row(struct rows rows, const void *row, bool add, void *(*push)(struct ezlb_table *),
		  struct ezlb_table *kernel)
{
	void *have = row_find(rows, row);

	if (!add && have)
		row_remove(rows, have);
	if (add && have)
		return -EEXIST;
	if (add)
		memcpy(push(kernel), row, rows.size);
	return 0;
}

static void *push_link(struct ezlb_table *kernel)
{
	return EZLB_PUSH(&kernel->links);
}

static void *push_vip(struct ezlb_table *kernel)
{
	return EZLB_PUSH(&kernel->vips);
}

static void *push_accept(struct ezlb_table *kernel)
{
	return EZLB_PUSH(&kernel->accepts);
}

static bool has_vips(const struct ezlb_table *kernel, const char *device)
{
	for (size_t i = 0; i < kernel->vips.len; i++)
		if (strcmp(kernel->vips.items[i].device, device) == 0)
			return true;
	return false;
}

static bool has_link(struct ezlb_table *kernel, const char *device)
{
	struct ezlb_link_row key = { "" };

	ezlb_strcpy(key.device, sizeof(key.device), device);
	return row_find(ROWS(&kernel->links, ezlb_link_row_cmp), &key) != NULL;
}

static int do_host(struct ezlb_table *kernel, const struct ezlb_op *op)
{
	struct rows links = ROWS(&kernel->links, ezlb_link_row_cmp);
	struct rows vips = ROWS(&kernel->vips, ezlb_vip_row_cmp);
	bool add = op->kind == EZLB_OP_LINK_ADD || op->kind == EZLB_OP_VIP_ADD;

	if (op->kind == EZLB_OP_HOST_SET || op->kind == EZLB_OP_HOST_RESET)
		return do_setting(kernel, op);
	if (op->kind == EZLB_OP_VIP_ADD && !has_link(kernel, op->vip.device))
		return -ENODEV;
	if (op->kind == EZLB_OP_LINK_DEL && has_vips(kernel, op->link.device))
		return -EBUSY;
	if (op->kind == EZLB_OP_LINK_ADD || op->kind == EZLB_OP_LINK_DEL)
		return do_row(links, &op->link, add, push_link, kernel);
	return do_row(vips, &op->vip, add, push_vip, kernel);
}

static int do_firewall(struct ezlb_table *kernel, const struct ezlb_op *op)
{
	struct rows accepts = ROWS(&kernel->accepts, ezlb_accept_row_cmp);

	if (op->kind == EZLB_OP_FIREWALL_SETUP) {
		kernel->accepts_present = kernel->accepts_sound = true;
		return 0;
	}
	if (op->kind == EZLB_OP_FIREWALL_TEARDOWN) {
		kernel->accepts_present = kernel->accepts_sound = false;
		kernel->accepts.len = 0;
		return 0;
	}
	if (op->kind == EZLB_OP_ACCEPT_ADD && !kernel->accepts_sound)
		return -ENOENT;
	return do_row(accepts, &op->accept, op->kind == EZLB_OP_ACCEPT_ADD, push_accept, kernel);
}

int ezlb_memory_op(struct ezlb_table *kernel, const struct ezlb_op *op)
{
	switch (ezlb_op_object(op->kind)) {
	case EZLB_OBJECT_SETTING:
	case EZLB_OBJECT_LINK:
	case EZLB_OBJECT_VIP:
		return do_host(kernel, op);
	case EZLB_OBJECT_FIREWALL_FRAME:
	case EZLB_OBJECT_ACCEPT:
		return do_firewall(kernel, op);
	case EZLB_OBJECT_SNAT_FRAME:
		kernel->snat_present = kernel->snat_sound = op->kind == EZLB_OP_SNAT_SETUP;
		if (op->kind == EZLB_OP_SNAT_TEARDOWN)
			kernel->snats.len = 0;
		return 0;
	case EZLB_OBJECT_SNAT:
		return do_snat(kernel, op);
	case EZLB_OBJECT_SERVICE:
		return do_service(kernel, op);
	case EZLB_OBJECT_DEST:
		return do_dest(kernel, op);
	case EZLB_OBJECTS:
		break;
	}
	abort();
}
