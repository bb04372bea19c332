// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/memory.h>

#include <stdlib.h>

#include "op.h"
#include "print.h"

/* `ops` is the first member, so that a layer pointer also points to this struct. */
struct memory_layer {
	struct ezlb_layer ops;
	enum ezlb_layer_kind kind;
	struct ezlb_memory *memory;
};

struct ezlb_memory {
	struct memory_layer layers[EZLB_LAYERS];
	struct ezlb_table kernel;
};

static int memory_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
			struct ezlb_err *err)
{
	struct memory_layer *ml = (struct memory_layer *)layer;
	struct batch batch;

	(void)err;
	batch_open(&batch, &ml->memory->kernel);
	for (size_t i = 0; i < n; i++)
		ops[i]->rc = batch_op(&batch, ops[i]);
	batch_close(&batch);
	return 0;
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
	EZLB_VEC_APPEND(&out->timeouts, &kernel->timeouts);
}

static void list_snat(const struct ezlb_table *kernel, struct ezlb_table *out)
{
	EZLB_VEC_APPEND(&out->snats, &kernel->snats);
	out->snat_present = kernel->snat_present;
	out->snat_sound = kernel->snat_sound;
}

static void list_host(const struct ezlb_table *kernel, struct ezlb_table *out)
{
	EZLB_VEC_APPEND(&out->settings, &kernel->settings);
	EZLB_VEC_APPEND(&out->links, &kernel->links);
	EZLB_VEC_APPEND(&out->vips, &kernel->vips);
	EZLB_VEC_APPEND(&out->elsewhere, &kernel->elsewhere);
}

static void list_firewall(const struct ezlb_table *kernel, struct ezlb_table *out)
{
	EZLB_VEC_APPEND(&out->accepts, &kernel->accepts);
	out->accepts_present = kernel->accepts_present;
	out->accepts_sound = kernel->accepts_sound;
	memcpy(out->gates, kernel->gates, sizeof(out->gates));
}

static int memory_list(struct ezlb_layer *layer, const struct ezlb_scope *scope,
		       struct ezlb_table *out, struct ezlb_err *err)
{
	struct memory_layer *ml = (struct memory_layer *)layer;
	const struct ezlb_table *kernel = &ml->memory->kernel;

	(void)err;
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
	case EZLB_LAYER_MARK:
		EZLB_VEC_APPEND(&out->marks, &kernel->marks);
		break;
	case EZLB_LAYER_TOA:
		ezlb_strcpy(out->toa_problem, sizeof(out->toa_problem),
			    "the in-memory data plane cannot do it");
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

/* The kernel's defaults. */
static void add_timeouts(struct ezlb_table *kernel)
{
	static const uint32_t seconds[EZLB_TIMEOUTS] = {
		[EZLB_TIMEOUT_TCP] = 900, [EZLB_TIMEOUT_TCPFIN] = 120, [EZLB_TIMEOUT_UDP] = 300
	};

	for (int i = 0; i < EZLB_TIMEOUTS; i++)
		*EZLB_PUSH(&kernel->timeouts) = (struct ezlb_timeout_row){ (enum ezlb_timeout)i,
									   seconds[i] };
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
	/* There are no interfaces, so no accept_ra. */
	for (int i = 0; i < EZLB_SETTINGS; i++)
		if (i != EZLB_ACCEPT_RA)
			EZLB_PUSH(&m->kernel.settings)->setting = (enum ezlb_setting)i;
	add_timeouts(&m->kernel);
	return m;
}

void ezlb_memory_set_snat_key(struct ezlb_memory *memory, enum ezlb_snat_key_kind kind)
{
	memory->layers[EZLB_LAYER_SNAT].ops.snat_key = kind;
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
