/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * faulty: the in-memory data plane with faults, and a look at the kernel after every single op. Its
 * layers stand in front of memory's and pass on what is not to fail, one op at a time.
 */
#pragma once

#include <stdlib.h>

#include <ezlb/memory.h>

/* Called after each single op that changed the kernel. */
typedef void (*faulty_step_fn)(void *arg, const struct ezlb_op *op);

struct faulty;

/* The vtable comes first, so that a layer pointer is a pointer to this. */
struct faulty_layer {
	struct ezlb_layer ops;
	struct ezlb_layer *inner;
	struct faulty *all;
	bool atomic;	    /* as the SNAT layer is: a fault anywhere fails all of the batch */
	unsigned countdown; /* 0: none */
	int code, list_code;
	unsigned lists; /* calls of list */
};

struct faulty {
	struct ezlb_memory *memory;
	struct faulty_layer layers[EZLB_LAYERS];
	faulty_step_fn on_step;
	void *arg;
	unsigned long writes;
	unsigned reads; /* lists of services and dests */
};

static inline bool faulty_hits(struct faulty_layer *layer)
{
	return layer->countdown > 0 && --layer->countdown == 0;
}

/* iptables replaces the whole table at once. */
static inline int faulty_commit(struct faulty_layer *layer, struct ezlb_op *const *ops, size_t n,
				struct ezlb_err *err)
{
	bool hit = false;

	for (size_t i = 0; i < n; i++)
		hit |= faulty_hits(layer);
	if (!hit)
		return 0;
	for (size_t i = 0; i < n; i++)
		ops[i]->rc = -layer->code;
	return ezlb_err_sys(err, layer->code, "commit");
}

static inline int faulty_apply(struct ezlb_layer *ops_of, struct ezlb_op *const *ops, size_t n,
			       struct ezlb_err *err)
{
	struct faulty_layer *layer = (struct faulty_layer *)ops_of;
	struct faulty *all = layer->all;
	int rc = layer->atomic ? faulty_commit(layer, ops, n, err) : 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!layer->atomic && faulty_hits(layer)) {
			ops[i]->rc = -layer->code;
			continue;
		}
		rc = layer->inner->apply(layer->inner, &ops[i], 1, err);
		all->writes++;
		if (ops[i]->rc == 0 && all->on_step)
			all->on_step(all->arg, ops[i]);
	}
	return rc;
}

static inline int faulty_list(struct ezlb_layer *ops_of, const struct ezlb_scope *scope,
			      struct ezlb_table *out, struct ezlb_err *err)
{
	struct faulty_layer *layer = (struct faulty_layer *)ops_of;

	layer->lists++;
	layer->all->reads += layer == &layer->all->layers[EZLB_LAYER_IPVS] && scope->len > 0;
	if (layer->list_code)
		return ezlb_err_sys(err, layer->list_code, "list");
	return layer->inner->list(layer->inner, scope, out, err);
}

static inline int faulty_peek(struct ezlb_layer *ops_of, const struct ezlb_scope *scope,
			      uint64_t *print)
{
	struct faulty_layer *layer = (struct faulty_layer *)ops_of;

	if (layer->list_code)
		return -layer->list_code;
	return layer->inner->peek(layer->inner, scope, print);
}

static inline void faulty_towards(struct ezlb_layer *ops_of, const struct ezlb_addrs *addrs)
{
	struct faulty_layer *layer = (struct faulty_layer *)ops_of;

	layer->inner->towards(layer->inner, addrs);
}

static inline void faulty_changed(struct ezlb_layer *ops_of, const struct ezlb_scope *services)
{
	struct faulty_layer *layer = (struct faulty_layer *)ops_of;

	layer->inner->changed(layer->inner, services);
}

static inline void faulty_close(struct ezlb_layer *ops_of)
{
	(void)ops_of;
}

/* Each call gives the layers what memory's have now: their kind of SNAT key, above all. */
static inline void faulty_dataplane(struct faulty *faulty, struct ezlb_dataplane *out)
{
	struct ezlb_dataplane inner;

	ezlb_memory_dataplane(faulty->memory, &inner);
	for (int i = 0; i < EZLB_LAYERS; i++) {
		struct faulty_layer *layer = &faulty->layers[i];

		layer->ops = (struct ezlb_layer){
			.snat_key = inner.layer[i]->snat_key,
			.list = faulty_list,
			.peek = faulty_peek,
			.apply = faulty_apply,
			.towards = inner.layer[i]->towards ? faulty_towards : NULL,
			.changed = inner.layer[i]->changed ? faulty_changed : NULL,
			.close = faulty_close
		};
		layer->inner = inner.layer[i];
		layer->all = faulty;
		layer->atomic = i == EZLB_LAYER_SNAT;
		out->layer[i] = &layer->ops;
	}
}

static inline struct faulty *faulty_new(void)
{
	struct faulty *faulty = ezlb_calloc(1, sizeof(*faulty));

	faulty->memory = ezlb_memory_new();
	return faulty;
}

static inline void faulty_free(struct faulty *faulty)
{
	if (!faulty)
		return;
	ezlb_memory_free(faulty->memory);
	free(faulty);
}

static inline void faulty_set_snat_key(struct faulty *faulty, enum ezlb_snat_key_kind kind)
{
	ezlb_memory_set_snat_key(faulty->memory, kind);
	faulty->layers[EZLB_LAYER_SNAT].ops.snat_key = kind;
}

static inline struct ezlb_table *faulty_table(struct faulty *faulty)
{
	return ezlb_memory_table(faulty->memory);
}

static inline struct ezlb_links *faulty_clsacts(struct faulty *faulty)
{
	return ezlb_memory_clsacts(faulty->memory);
}

/*
 * The nth op from now (1 = the next) of this layer fails with -code; the rest of its batch too
 * where the layer is atomic (SNAT). code 0: no fault.
 */
static inline void faulty_fault(struct faulty *faulty, enum ezlb_layer_kind layer, unsigned nth,
				int code)
{
	faulty->layers[layer].countdown = code ? nth : 0;
	faulty->layers[layer].code = code;
}

/* From now on this layer's list and peek fail with -code; 0 heals them. */
static inline void faulty_list_fault(struct faulty *faulty, enum ezlb_layer_kind layer, int code)
{
	faulty->layers[layer].list_code = code;
}

static inline void faulty_on_step(struct faulty *faulty, faulty_step_fn fn, void *arg)
{
	faulty->on_step = fn;
	faulty->arg = arg;
}

/* Ops carried out since the start; a pass over an unchanged world adds none. */
static inline unsigned long faulty_writes(const struct faulty *faulty)
{
	return faulty->writes;
}
