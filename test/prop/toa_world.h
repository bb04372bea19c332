/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toa_world: client addresses in a world: what is there before, what changes, what must be true. */
#pragma once

#include "worlds.h"

static const char *const toa_devices[] = { "eth0", "eth1", "eth2" };

static inline struct ezlb_link_row *device_in(struct ezlb_links *links, const char *device)
{
	for (size_t i = 0; i < links->len; i++)
		if (strcmp(links->items[i].device, device) == 0)
			return &links->items[i];
	return NULL;
}

static inline void add_device(struct ezlb_links *links, const char *device)
{
	if (!device_in(links, device))
		strcpy(EZLB_PUSH(links)->device, device);
}

static inline void drop_device(struct ezlb_links *links, const char *device)
{
	struct ezlb_link_row *row = device_in(links, device);

	if (row)
		*row = links->items[--links->len];
}

/* Now and then the host cannot do it; some routes are others, or there is none. */
static inline void make_routes(struct world *w)
{
	strcpy(w->kernel->toa_problem, dice(5) == 0 ? "no such program" : "");
	w->kernel->routes.len = 0;
	for (unsigned k = 0; k < 2 * BACKENDS; k++) {
		struct ezlb_route_row *row;
		unsigned device = dice(4);

		if (dice(3) > 0)
			continue;
		row = EZLB_PUSH(&w->kernel->routes);
		row->to = endpoint(k % 2 ? AF_INET6 : AF_INET, 1, k / 2).addr;
		strcpy(row->device, device < 3 ? toa_devices[device] : "");
	}
}

/* Qdiscs of ours and of others, with and without our hook; rows of services that are and were. */
static inline void make_kernel_toa(struct world *w)
{
	bool present = dice(2);

	w->kernel->toa_present = present;
	w->kernel->toa_sound = present && dice(4);
	for (unsigned d = 0; d < COUNT_OF(toa_devices); d++) {
		bool hook = present && dice(3) == 0;

		if (!hook && dice(2))
			continue;
		add_device(faulty_clsacts(w->memory), toa_devices[d]);
		add_device(dice(2) ? &w->clsacts : &w->foreign_clsacts, toa_devices[d]);
		if (hook)
			strcpy(EZLB_PUSH(&w->kernel->hooks)->device, toa_devices[d]);
	}
	for (unsigned i = 0; i < LISTENERS && present; i++)
		if (dice(3) == 0)
			*EZLB_PUSH(&w->kernel->toas) =
				(struct ezlb_toa_row){ listener(w, i), (enum ezlb_toa_mode)dice(2),
						       (uint8_t)(253 + dice(2)) };
	make_routes(w);
}

/* As time passes: somebody removes rows, filters or a qdisc with its filters; routes change. */
static inline void change_toa(struct world *w)
{
	const char *device = toa_devices[dice(COUNT_OF(toa_devices))];
	struct ezlb_hooks *hooks = &w->kernel->hooks;

	make_routes(w);
	if (dice(4) == 0)
		w->kernel->toas.len /= 2;
	if (dice(8) == 0)
		w->kernel->toa_sound = false;
	if (dice(4) > 0)
		return;
	EZLB_VEC_KEEP(hooks, i, strcmp(hooks->items[i].device, device) != 0);
	if (dice(2))
		return;
	drop_device(faulty_clsacts(w->memory), device);
	drop_device(&w->foreign_clsacts, device);
}

/* As the pass does with the ledger. */
static inline void name_clsacts(struct world *w, struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++)
		if (plan->items[i].kind == EZLB_OP_HOOK_DEL)
			plan->items[i].hook.qdisc = device_in(&w->clsacts,
							      plan->items[i].hook.device) != NULL;
}

static inline void note_clsact(struct world *w, const struct ezlb_op *op)
{
	w->toa_ops += ezlb_op_layer(op->kind) == EZLB_LAYER_TOA;
	if (op->kind == EZLB_OP_HOOK_ADD && op->hook.qdisc)
		add_device(&w->clsacts, op->hook.device);
	else if (op->kind == EZLB_OP_HOOK_DEL && op->hook.qdisc)
		drop_device(&w->clsacts, op->hook.device);
}

/* Whatever happens to TOA, all else is done. */
static inline void check_nobody_waits(const struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++)
		if (ezlb_op_layer(plan->items[i].kind) != EZLB_LAYER_TOA)
			assert_int_equal(plan->items[i].rc, 0);
}

static inline bool asks_for_toa(const struct ezlb_spec *spec)
{
	return spec->full_nat && ezlb_spec_takes(spec, EZLB_TCP) &&
	       spec->client_address == EZLB_CLIENT_ADDRESS_TOA;
}

static inline const struct ezlb_toa_row *toa_of(const struct world *w,
						const struct ezlb_service_key *key)
{
	for (size_t i = 0; i < w->kernel->toas.len; i++)
		if (ezlb_service_key_cmp(&w->kernel->toas.items[i].service, key) == 0)
			return &w->kernel->toas.items[i];
	return NULL;
}

/* Returns the number of its rows. */
static inline size_t check_service(const struct world *w, const struct ezlb_spec *spec)
{
	size_t n = 0;

	for (size_t i = 0; i < spec->n_listeners && spec->full_nat; i++) {
		const struct ezlb_listener *listener = &spec->listeners[i];
		const struct ezlb_toa_row *row = toa_of(w, &listener->key);

		if (listener->proto != EZLB_TCP && !ezlb_listener_is_mark(listener))
			continue;
		assert_non_null(row);
		assert_int_equal(row->mode, asks_for_toa(spec) ? EZLB_TOA_ADD : EZLB_TOA_STRIP);
		if (asks_for_toa(spec))
			assert_int_equal(row->ipv6_kind, spec->toa_ipv6_kind);
		n++;
	}
	return n;
}

static inline bool has_hook(const struct world *w, const char *device)
{
	for (size_t i = 0; i < w->kernel->hooks.len; i++)
		if (strcmp(w->kernel->hooks.items[i].device, device) == 0)
			return device_in(faulty_clsacts(w->memory), device) != NULL;
	return false;
}

static inline bool has_route(const struct ezlb_routes *routes, const struct ezlb_addr *to)
{
	for (size_t i = 0; i < routes->len; i++)
		if (ezlb_addr_cmp(&routes->items[i].to, to) == 0)
			return true;
	return false;
}

/* The layer was asked for all of them; there is no route only where the world has none. */
static inline void check_routes(const struct world *w, const struct ezlb_spec *spec,
				const struct ezlb_table *actual)
{
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_addr *to = &spec->backends[i].endpoint.addr;

		assert_true(has_route(&actual->routes, to) || has_route(&w->kernel->routes, to));
	}
}

/* Every route towards a backend of these services has the program. */
static inline void check_hooks(const struct world *w, bool asks)
{
	struct ezlb_table actual = { 0 };

	assert_int_equal(w->dp.layer[EZLB_LAYER_TOA]->list(w->dp.layer[EZLB_LAYER_TOA], &w->scope,
							   &actual, NULL),
			 0);
	for (size_t i = 0; i < w->desired.len && asks; i++)
		if (w->desired.items[i]->full_nat && ezlb_spec_takes(w->desired.items[i], EZLB_TCP))
			check_routes(w, w->desired.items[i], &actual);
	for (size_t i = 0; i < actual.routes.len; i++)
		assert_true(has_hook(w, actual.routes.items[i].device));
	assert_true(actual.routes.len > 0 || w->kernel->hooks.len == 0);
	ezlb_table_clear(&actual);
}

/*
 * After a pass without errors: where one service asks, all are covered; else there is nothing left
 * of it; where the host cannot do it, nobody has lost what there was. Qdiscs of others stay.
 */
static inline void check_toa(struct world *w)
{
	bool asks = false;
	size_t rows = 0;

	for (size_t i = 0; i < w->foreign_clsacts.len; i++)
		assert_non_null(
			device_in(faulty_clsacts(w->memory), w->foreign_clsacts.items[i].device));
	for (size_t i = 0; i < w->desired.len; i++)
		asks = asks || asks_for_toa(w->desired.items[i]);
	if (asks && w->kernel->toa_problem[0]) {
		assert_int_equal(w->toa_ops, 0);
		return;
	}
	for (size_t i = 0; i < w->desired.len && asks; i++)
		rows += check_service(w, w->desired.items[i]);
	assert_int_equal(w->kernel->toas.len, rows);
	assert_int_equal(w->kernel->toa_sound, asks);
	assert_int_equal(w->kernel->toa_present, asks);
	check_hooks(w, asks);
}
