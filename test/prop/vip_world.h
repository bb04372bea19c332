/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vip_world: what must be true of the listeners' addresses. */
#pragma once

#include "worlds.h"

static inline bool is_on(const struct ezlb_listener *listener, const struct ezlb_addr *addr)
{
	return !ezlb_listener_is_mark(listener) && ezlb_addr_cmp(&listener->listen.addr, addr) == 0;
}

/* How the files want an address: DEFAULT if none has it. */
static inline enum ezlb_vip_when when_of(const struct world *w, const struct ezlb_addr *addr)
{
	enum ezlb_vip_when out = EZLB_VIP_DEFAULT;

	for (size_t i = 0; i < w->desired.len; i++) {
		const struct ezlb_spec *spec = w->desired.items[i];
		enum ezlb_vip_when when = spec->vip == EZLB_VIP_DEFAULT ? w->vip_when : spec->vip;

		for (size_t k = 0; k < spec->n_listeners; k++)
			if (is_on(&spec->listeners[k], addr) && out != EZLB_VIP_ALWAYS)
				out = when == EZLB_VIP_SERVING ? when : EZLB_VIP_ALWAYS;
	}
	return out;
}

/* The listener's address; false: a mark that no file knows. */
static inline bool addr_of_service(const struct world *w, const struct ezlb_service_key *key,
				   struct ezlb_addr *out)
{
	for (size_t i = 0; i < w->desired.len; i++) {
		const struct ezlb_spec *spec = w->desired.items[i];

		for (size_t k = 0; k < spec->n_listeners; k++) {
			if (ezlb_service_key_cmp(&spec->listeners[k].key, key) != 0 ||
			    ezlb_listener_is_mark(&spec->listeners[k]))
				continue;
			*out = spec->listeners[k].listen.addr;
			return true;
		}
	}
	*out = key->listen.addr;
	return key->fwmark == 0;
}

/* Dests behind an address: those with a weight of at least `weight`. */
static inline unsigned dests_behind(const struct world *w, const struct ezlb_table *t,
				    const struct ezlb_addr *addr, uint32_t weight)
{
	struct ezlb_addr of;
	unsigned n = 0;

	for (size_t i = 0; i < t->dests.len; i++)
		n += ezlb_scope_has(&w->scope, &t->dests.items[i].service) &&
		     t->dests.items[i].weight >= weight &&
		     addr_of_service(w, &t->dests.items[i].service, &of) &&
		     ezlb_addr_cmp(&of, addr) == 0;
	return n;
}

static inline bool is_local(const struct world *w, const struct ezlb_addr *addr)
{
	for (size_t i = 0; i < w->kernel->vips.len; i++)
		if (ezlb_addr_cmp(&w->kernel->vips.items[i].addr, addr) == 0)
			return true;
	return false;
}

/* The op took away the last dest for new connections. */
static inline bool empties(const struct world *w, const struct ezlb_addr *addr)
{
	return dests_behind(w, &w->before, addr, 1) > 0 && dests_behind(w, w->kernel, addr, 1) == 0;
}

/* A drained balancer takes the address from the link of the flag, on which it still is. */
static inline bool leaves(const struct world *w, const struct ezlb_vip_row *vip)
{
	struct ezlb_vip_row here = { .addr = vip->addr };

	strcpy(here.device, "new0");
	return strcmp(vip->device, here.device) != 0 && has_vip(w->kernel, &here);
}

/*
 * After a single op. Of an address that somebody wants always nothing is asked. Where the op that
 * removes an address fails, its dests go all the same.
 */
static inline bool vip_step_is_bad(const struct world *w, const struct ezlb_op *op)
{
	struct ezlb_addr addr;

	if (op->kind == EZLB_OP_VIP_ADD)
		return when_of(w, &op->vip.addr) == EZLB_VIP_SERVING && !leaves(w, &op->vip) &&
		       dests_behind(w, w->kernel, &op->vip.addr, 1) == 0;
	return ezlb_op_object(op->kind) == EZLB_OBJECT_DEST && !w->troubled &&
	       addr_of_service(w, &op->dest.service, &addr) &&
	       when_of(w, &addr) != EZLB_VIP_ALWAYS && is_local(w, &addr) && empties(w, &addr);
}

static inline bool is_elsewhere(const struct world *w, const struct ezlb_addr *addr)
{
	for (size_t i = 0; i < w->kernel->elsewhere.len; i++)
		if (ezlb_addr_cmp(&w->kernel->elsewhere.items[i], addr) == 0)
			return true;
	return false;
}

static inline void check_vip(const struct world *w, const struct ezlb_addr *addr)
{
	struct ezlb_vip_row here = { .addr = *addr }, there = { .addr = *addr };
	enum ezlb_vip_when when = when_of(w, addr);
	bool serves = dests_behind(w, w->kernel, addr, 1) > 0, is_here;

	strcpy(here.device, "new0");
	ezlb_node_drain_device("new0", there.device);
	is_here = has_vip(w->kernel, w->policy.drained ? &there : &here);
	assert_false(has_vip(w->kernel, w->policy.drained ? &here : &there));
	if (w->policy.vip_device[0] == '\0' || when == EZLB_VIP_DEFAULT)
		assert_false(is_local(w, addr));
	else if (when == EZLB_VIP_SERVING && !serves)
		assert_false(is_here);
	else if (!is_elsewhere(w, addr) && (when == EZLB_VIP_ALWAYS || w->due == UINT64_MAX))
		assert_true(is_here); /* else it may wait for the end of a hold */
}

/* After a pass without errors. */
static inline void check_vips(const struct world *w)
{
	for (unsigned i = 0; i < LISTENERS; i++) {
		struct ezlb_addr addr = address(w, i).addr;

		check_vip(w, &addr);
	}
}
