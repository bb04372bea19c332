// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/memory.h>

#include <stdlib.h>
#include <sys/socket.h>

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
	struct ezlb_addrs towards;
	struct ezlb_links clsacts;
	/* For peek of IPVS, which is a sum over the services of this, ... */
	struct service_prints seen; /* by the last peek; sorted */
	struct ezlb_scope changed;  /* ... where these count as they were then; sorted */
	uint64_t shift;		    /* by how much earlier changes of ezlb's have moved the sum */
};

static int memory_apply(struct ezlb_layer *layer, struct ezlb_op *const *ops, size_t n,
			struct ezlb_err *err)
{
	struct memory_layer *ml = (struct memory_layer *)layer;
	struct batch batch;

	(void)err;
	batch_open(&batch, &ml->memory->kernel, &ml->memory->clsacts);
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
	EZLB_VEC_APPEND(&out->syncs, &kernel->syncs);
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

/* The route that a test has set; else those to odd addresses are by eth1, the others by eth0. */
static void device_of(const struct ezlb_table *kernel, const struct ezlb_addr *to,
		      char device[EZLB_DEVICE_STRLEN])
{
	unsigned char last = to->bytes[to->family == AF_INET6 ? 15 : 3];

	ezlb_strcpy(device, EZLB_DEVICE_STRLEN, last % 2 ? "eth1" : "eth0");
	for (size_t i = 0; i < kernel->routes.len; i++)
		if (ezlb_addr_cmp(&kernel->routes.items[i].to, to) == 0)
			memcpy(device, kernel->routes.items[i].device, EZLB_DEVICE_STRLEN);
}

static bool has_clsact(const struct ezlb_memory *memory, const char *device)
{
	for (size_t i = 0; i < memory->clsacts.len; i++)
		if (strcmp(memory->clsacts.items[i].device, device) == 0)
			return true;
	return false;
}

static void list_toa(const struct ezlb_memory *memory, struct ezlb_table *out)
{
	const struct ezlb_table *kernel = &memory->kernel;

	EZLB_VEC_APPEND(&out->toas, &kernel->toas);
	EZLB_VEC_APPEND(&out->hooks, &kernel->hooks);
	for (size_t i = 0; i < out->hooks.len; i++)
		out->hooks.items[i].qdisc = true;
	out->toa_present = kernel->toa_present;
	out->toa_sound = kernel->toa_sound;
	memcpy(out->toa_problem, kernel->toa_problem, sizeof(out->toa_problem));
	for (size_t i = 0; i < memory->towards.len; i++) {
		struct ezlb_route_row row = { .to = memory->towards.items[i] };

		device_of(kernel, &row.to, row.device);
		row.qdisc = has_clsact(memory, row.device);
		if (row.device[0])
			*EZLB_PUSH(&out->routes) = row;
	}
}

static void memory_towards(struct ezlb_layer *layer, const struct ezlb_addrs *addrs)
{
	struct memory_layer *ml = (struct memory_layer *)layer;

	EZLB_VEC_COPY(&ml->memory->towards, addrs);
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
		EZLB_VEC_APPEND(&out->guards, &kernel->guards);
		break;
	case EZLB_LAYER_TOA:
		list_toa(ml->memory, out);
		break;
	case EZLB_LAYER_IPVS:
		list_ipvs(kernel, scope, out);
		break;
	case EZLB_LAYERS:
		break;
	}
	return 0;
}

static uint64_t hash_of(const struct service_prints *prints, const struct ezlb_service_key *key)
{
	const struct service_print *print = EZLB_FIND(prints, key, ezlb_service_key_cmp);

	return print ? print->hash : 0;
}

/* Moves the rows out of the table, which keeps the rest. */
static uint64_t print_ipvs(struct ezlb_memory *memory, struct ezlb_table *table)
{
	struct service_prints now = { 0 };
	uint64_t sum = 0;

	ezlb_memory_print_services(table, &now);
	for (size_t i = 0; i < now.len; i++)
		sum += now.items[i].hash;
	for (size_t i = 0; i < memory->changed.len; i++)
		memory->shift += hash_of(&memory->seen, &memory->changed.items[i]) -
				 hash_of(&now, &memory->changed.items[i]);
	memory->changed.len = 0;
	EZLB_VEC_CLEAR(&memory->seen);
	memory->seen = now;
	table->services.len = table->dests.len = 0;
	return sum + memory->shift + ezlb_memory_print(table);
}

static int memory_peek(struct ezlb_layer *layer, const struct ezlb_scope *scope, uint64_t *print)
{
	struct memory_layer *ml = (struct memory_layer *)layer;
	struct ezlb_table table = { .snat_wanted = false };
	int rc = memory_list(layer, scope, &table, NULL);

	if (rc)
		return rc;
	ezlb_table_sort(&table);
	*print = ml->kind == EZLB_LAYER_IPVS ? print_ipvs(ml->memory, &table)
					     : ezlb_memory_print(&table);
	ezlb_table_clear(&table);
	return 0;
}

static void memory_changed(struct ezlb_layer *layer, const struct ezlb_scope *services)
{
	struct ezlb_scope *changed = &((struct memory_layer *)layer)->memory->changed;

	EZLB_VEC_APPEND(changed, services);
	EZLB_SORT(changed, ezlb_service_key_cmp);
	EZLB_UNIQUE(changed, ezlb_service_key_cmp);
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
	m->layers[EZLB_LAYER_TOA].ops.towards = memory_towards;
	m->layers[EZLB_LAYER_IPVS].ops.changed = memory_changed;
	/* accept_ra is a setting of interfaces, and there are none. */
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
	EZLB_VEC_CLEAR(&memory->towards);
	EZLB_VEC_CLEAR(&memory->clsacts);
	EZLB_VEC_CLEAR(&memory->seen);
	EZLB_VEC_CLEAR(&memory->changed);
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

struct ezlb_links *ezlb_memory_clsacts(struct ezlb_memory *memory)
{
	return &memory->clsacts;
}
