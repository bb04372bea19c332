// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/memory.h>

#include <errno.h>
#include <stdlib.h>

#include "print.h"

struct fault {
	unsigned countdown; /* 0: none */
	int code;
	int list_code;
};

/* The vtable comes first, so that a layer pointer is a pointer to this. */
struct memory_layer {
	struct ezlb_layer ops;
	enum ezlb_layer_kind kind;
	struct ezlb_memory *memory;
	struct fault fault;
};

struct ezlb_memory {
	struct memory_layer layers[EZLB_LAYERS];
	struct ezlb_table kernel; /* not sorted */
	ezlb_memory_step_fn on_step;
	void *arg;
	unsigned long writes;
};

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

static struct rows services_of(struct ezlb_memory *m)
{
	return ROWS(&m->kernel.services, ezlb_service_row_cmp);
}

static struct rows dests_of(struct ezlb_memory *m)
{
	return ROWS(&m->kernel.dests, ezlb_dest_row_cmp);
}

static struct rows snats_of(struct ezlb_memory *m)
{
	return ROWS(&m->kernel.snats, ezlb_snat_row_cmp);
}

static void drop_dests(struct ezlb_memory *m, const struct ezlb_service_key *key)
{
	struct ezlb_dests *dests = &m->kernel.dests;

	for (size_t i = dests->len; i-- > 0;)
		if (ezlb_service_key_cmp(&dests->items[i].service, key) == 0)
			row_remove(dests_of(m), &dests->items[i]);
}

static int do_service(struct ezlb_memory *m, const struct ezlb_op *op)
{
	struct ezlb_service_row *row = row_find(services_of(m), &op->service);

	if (op->kind == EZLB_OP_SERVICE_ADD) {
		if (row)
			return -EEXIST;
		*EZLB_PUSH(&m->kernel.services) = op->service;
		return 0;
	}
	if (!row) /* as the ipvs layer: what is to go and is gone already is fine */
		return op->kind == EZLB_OP_SERVICE_DEL ? 0 : -ESRCH;
	if (op->kind == EZLB_OP_SERVICE_SET) {
		*row = op->service;
		return 0;
	}
	drop_dests(m, &op->service.key);
	row_remove(services_of(m), row);
	return 0;
}

static int do_dest(struct ezlb_memory *m, const struct ezlb_op *op)
{
	struct ezlb_service_row service = { .key = op->dest.service };
	struct ezlb_dest_row *row = row_find(dests_of(m), &op->dest);
	bool del = op->kind == EZLB_OP_DEST_DEL;

	if (!row_find(services_of(m), &service))
		return del ? 0 : -ESRCH;
	if (op->kind == EZLB_OP_DEST_ADD) {
		if (row)
			return -EEXIST;
		*EZLB_PUSH(&m->kernel.dests) = op->dest;
		return 0;
	}
	if (!row)
		return del ? 0 : -ENOENT;
	if (del)
		row_remove(dests_of(m), row);
	else
		*row = op->dest;
	return 0;
}

static int do_snat(struct ezlb_memory *m, const struct ezlb_op *op)
{
	struct ezlb_snat_row *row = row_find(snats_of(m), &op->snat);

	if (op->kind == EZLB_OP_SNAT_DEL) {
		if (row)
			row_remove(snats_of(m), row);
		return 0;
	}
	if (!m->kernel.snat_sound)
		return -ENOENT;
	if (row)
		*row = op->snat;
	else
		*EZLB_PUSH(&m->kernel.snats) = op->snat;
	return 0;
}

static int do_setting(struct ezlb_memory *m, const struct ezlb_op *op)
{
	struct ezlb_setting_row *row = row_find(ROWS(&m->kernel.settings, ezlb_setting_row_cmp),
						&op->setting);

	/* As the host layer: what is gone, or is another's by now, is not set back. */
	if (op->kind == EZLB_OP_HOST_RESET &&
	    (!row || row->value != ezlb_setting_wanted(op->setting.setting)))
		return 0;
	if (!row || row->value < 0)
		return -ENOENT;
	row->value = op->setting.value;
	return 0;
}

/* A row that is all key comes or goes; like the kernel's layers, gone already is fine. */
static int do_row(struct rows rows, const void *row, bool add, void *(*push)(struct ezlb_memory *),
		  struct ezlb_memory *m)
{
	void *have = row_find(rows, row);

	if (!add && have)
		row_remove(rows, have);
	if (add && have)
		return -EEXIST;
	if (add)
		memcpy(push(m), row, rows.size);
	return 0;
}

static void *push_link(struct ezlb_memory *m)
{
	return EZLB_PUSH(&m->kernel.links);
}

static void *push_vip(struct ezlb_memory *m)
{
	return EZLB_PUSH(&m->kernel.vips);
}

static void *push_accept(struct ezlb_memory *m)
{
	return EZLB_PUSH(&m->kernel.accepts);
}

static bool has_vips(const struct ezlb_memory *m, const char *device)
{
	for (size_t i = 0; i < m->kernel.vips.len; i++)
		if (strcmp(m->kernel.vips.items[i].device, device) == 0)
			return true;
	return false;
}

static bool has_link(struct ezlb_memory *m, const char *device)
{
	struct ezlb_link_row key = { "" };

	ezlb_strcpy(key.device, sizeof(key.device), device);
	return row_find(ROWS(&m->kernel.links, ezlb_link_row_cmp), &key) != NULL;
}

static int do_host(struct ezlb_memory *m, const struct ezlb_op *op)
{
	struct rows links = ROWS(&m->kernel.links, ezlb_link_row_cmp);
	struct rows vips = ROWS(&m->kernel.vips, ezlb_vip_row_cmp);
	bool add = op->kind == EZLB_OP_LINK_ADD || op->kind == EZLB_OP_VIP_ADD;

	if (op->kind == EZLB_OP_HOST_SET || op->kind == EZLB_OP_HOST_RESET)
		return do_setting(m, op);
	if (op->kind == EZLB_OP_VIP_ADD && !has_link(m, op->vip.device))
		return -ENODEV;
	if (op->kind == EZLB_OP_LINK_DEL && has_vips(m, op->link.device))
		return -EBUSY;
	if (op->kind == EZLB_OP_LINK_ADD || op->kind == EZLB_OP_LINK_DEL)
		return do_row(links, &op->link, add, push_link, m);
	return do_row(vips, &op->vip, add, push_vip, m);
}

static int do_firewall(struct ezlb_memory *m, const struct ezlb_op *op)
{
	struct rows accepts = ROWS(&m->kernel.accepts, ezlb_accept_row_cmp);

	if (op->kind == EZLB_OP_FIREWALL_SETUP) {
		m->kernel.accepts_present = m->kernel.accepts_sound = true;
		return 0;
	}
	if (op->kind == EZLB_OP_FIREWALL_TEARDOWN) {
		m->kernel.accepts_present = m->kernel.accepts_sound = false;
		m->kernel.accepts.len = 0;
		return 0;
	}
	if (op->kind == EZLB_OP_ACCEPT_ADD && !m->kernel.accepts_sound)
		return -ENOENT;
	return do_row(accepts, &op->accept, op->kind == EZLB_OP_ACCEPT_ADD, push_accept, m);
}

static int do_op(struct ezlb_memory *m, const struct ezlb_op *op)
{
	switch (op->kind) {
	case EZLB_OP_HOST_SET:
	case EZLB_OP_HOST_RESET:
	case EZLB_OP_LINK_ADD:
	case EZLB_OP_LINK_DEL:
	case EZLB_OP_VIP_ADD:
	case EZLB_OP_VIP_DEL:
		return do_host(m, op);
	case EZLB_OP_FIREWALL_SETUP:
	case EZLB_OP_FIREWALL_TEARDOWN:
	case EZLB_OP_ACCEPT_ADD:
	case EZLB_OP_ACCEPT_DEL:
		return do_firewall(m, op);
	case EZLB_OP_SNAT_SETUP:
		m->kernel.snat_present = m->kernel.snat_sound = true;
		return 0;
	case EZLB_OP_SNAT_TEARDOWN:
		m->kernel.snat_present = m->kernel.snat_sound = false;
		m->kernel.snats.len = 0;
		return 0;
	case EZLB_OP_SNAT_ADD:
	case EZLB_OP_SNAT_SET:
	case EZLB_OP_SNAT_DEL:
		return do_snat(m, op);
	case EZLB_OP_SERVICE_ADD:
	case EZLB_OP_SERVICE_SET:
	case EZLB_OP_SERVICE_DEL:
		return do_service(m, op);
	case EZLB_OP_DEST_ADD:
	case EZLB_OP_DEST_SET:
	case EZLB_OP_DEST_DEL:
		return do_dest(m, op);
	case EZLB_OPS:
		break;
	}
	abort();
}

static bool fault_hits(struct fault *fault)
{
	return fault->countdown > 0 && --fault->countdown == 0;
}

/* iptables replaces the whole table at once: a fault anywhere fails all of the batch. */
static int atomic_fault(struct memory_layer *ml, struct ezlb_op *const *ops, size_t n,
			struct ezlb_err *err)
{
	bool hit = false;

	for (size_t i = 0; i < n; i++)
		hit |= fault_hits(&ml->fault);
	if (!hit)
		return 0;
	for (size_t i = 0; i < n; i++)
		ops[i]->rc = -ml->fault.code;
	return ezlb_err_sys(err, ml->fault.code, "commit");
}

static int memory_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
			struct ezlb_err *err)
{
	struct memory_layer *ml = (struct memory_layer *)layer;
	struct ezlb_memory *m = ml->memory;
	int rc = ml->kind == EZLB_LAYER_SNAT ? atomic_fault(ml, ops, n, err) : 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (ml->kind != EZLB_LAYER_SNAT && fault_hits(&ml->fault)) {
			ops[i]->rc = -ml->fault.code;
			continue;
		}
		ops[i]->rc = do_op(m, ops[i]);
		m->writes++;
		if (ops[i]->rc == 0 && m->on_step)
			m->on_step(m->arg, ops[i]);
	}
	return rc;
}

static void list_ipvs(const struct ezlb_table *kernel, const struct ezlb_scope *scope,
		      struct ezlb_table *out)
{
	for (size_t i = 0; i < kernel->services.len; i++)
		if (ezlb_scope_has(scope, &kernel->services.items[i].key))
			*EZLB_PUSH(&out->services) = kernel->services.items[i];
	for (size_t i = 0; i < kernel->dests.len; i++)
		if (ezlb_scope_has(scope, &kernel->dests.items[i].service))
			*EZLB_PUSH(&out->dests) = kernel->dests.items[i];
}

static void list_snat(const struct ezlb_table *kernel, struct ezlb_table *out)
{
	for (size_t i = 0; i < kernel->snats.len; i++)
		*EZLB_PUSH(&out->snats) = kernel->snats.items[i];
	out->snat_present = kernel->snat_present;
	out->snat_sound = kernel->snat_sound;
}

static void list_host(const struct ezlb_table *kernel, struct ezlb_table *out)
{
	for (size_t i = 0; i < kernel->settings.len; i++)
		*EZLB_PUSH(&out->settings) = kernel->settings.items[i];
	for (size_t i = 0; i < kernel->links.len; i++)
		*EZLB_PUSH(&out->links) = kernel->links.items[i];
	for (size_t i = 0; i < kernel->vips.len; i++)
		*EZLB_PUSH(&out->vips) = kernel->vips.items[i];
	for (size_t i = 0; i < kernel->elsewhere.len; i++)
		*EZLB_PUSH(&out->elsewhere) = kernel->elsewhere.items[i];
}

static void list_firewall(const struct ezlb_table *kernel, struct ezlb_table *out)
{
	for (size_t i = 0; i < kernel->accepts.len; i++)
		*EZLB_PUSH(&out->accepts) = kernel->accepts.items[i];
	out->accepts_present = kernel->accepts_present;
	out->accepts_sound = kernel->accepts_sound;
	memcpy(out->gates, kernel->gates, sizeof(out->gates));
}

static int memory_list(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		       struct ezlb_table *out, struct ezlb_err *err)
{
	struct memory_layer *ml = (struct memory_layer *)layer;
	const struct ezlb_table *kernel = &ml->memory->kernel;

	if (ml->fault.list_code)
		return ezlb_err_sys(err, ml->fault.list_code, "list");
	switch (ml->kind) {
	case EZLB_LAYER_HOST:
		list_host(kernel, out);
		break;
	case EZLB_LAYER_FIREWALL:
		list_firewall(kernel, out);
		break;
	case EZLB_LAYER_SNAT:
		list_snat(kernel, out);
		break;
	case EZLB_LAYER_IPVS:
		list_ipvs(kernel, scope, out);
		break;
	case EZLB_LAYERS:
		break;
	}
	return 0;
}

static int memory_peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	struct ezlb_table table = { .snat_wanted = false };
	int rc = memory_list(layer, scope, &table, NULL);

	if (rc)
		return rc;
	ezlb_table_sort(&table);
	*print = ezlb_memory_print(&table);
	ezlb_table_clear(&table);
	return 0;
}

static void memory_close(struct ezlb_layer *layer)
{
	(void)layer;
}

struct ezlb_memory *ezlb_memory_new(void)
{
	struct ezlb_memory *m = ezlb_calloc(1, sizeof(*m));

	for (int i = 0; i < EZLB_LAYERS; i++)
		m->layers[i] = (struct memory_layer){
			.ops = { .list = memory_list,
				 .peek = memory_peek,
				 .apply = memory_apply,
				 .close = memory_close },
			.kind = (enum ezlb_layer_kind)i,
			.memory = m,
		};
	/* No interface, so none with an accept_ra. */
	for (int i = 0; i < EZLB_SETTINGS; i++)
		if (i != EZLB_ACCEPT_RA)
			EZLB_PUSH(&m->kernel.settings)->setting = (enum ezlb_setting)i;
	return m;
}

void ezlb_memory_set_by_listener(struct ezlb_memory *memory, bool by_listener)
{
	memory->layers[EZLB_LAYER_SNAT].ops.by_listener = by_listener;
}

void ezlb_memory_free(struct ezlb_memory *memory)
{
	if (!memory)
		return;
	ezlb_table_clear(&memory->kernel);
	free(memory);
}

void ezlb_memory_dataplane(struct ezlb_memory *memory, struct ezlb_dataplane *out)
{
	for (int i = 0; i < EZLB_LAYERS; i++)
		out->layer[i] = &memory->layers[i].ops;
}

struct ezlb_table *ezlb_memory_table(struct ezlb_memory *memory)
{
	return &memory->kernel;
}

void ezlb_memory_fault(struct ezlb_memory *memory, enum ezlb_layer_kind layer, unsigned nth,
		       int code)
{
	memory->layers[layer].fault.countdown = code ? nth : 0;
	memory->layers[layer].fault.code = code;
}

void ezlb_memory_list_fault(struct ezlb_memory *memory, enum ezlb_layer_kind layer, int code)
{
	memory->layers[layer].fault.list_code = code;
}

void ezlb_memory_on_step(struct ezlb_memory *memory, ezlb_memory_step_fn fn, void *arg)
{
	memory->on_step = fn;
	memory->arg = arg;
}

unsigned long ezlb_memory_writes(const struct ezlb_memory *memory)
{
	return memory->writes;
}
