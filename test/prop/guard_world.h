/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard_world: at which addresses only services answer, and that this stops none. */
#pragma once

#include "vip_world.h"

static inline bool is_guarded(const struct ezlb_table *t, const struct ezlb_addr *addr)
{
	for (size_t i = 0; i < t->guards.len; i++)
		if (ezlb_addr_cmp(&t->guards.items[i].addr, addr) == 0)
			return true;
	return false;
}

static inline bool is_of_host(const struct world *w, const struct ezlb_table *t,
			      const struct ezlb_addr *addr)
{
	bool found = is_elsewhere(w, addr);

	for (size_t i = 0; i < t->vips.len && !found; i++)
		found = ezlb_addr_cmp(&t->vips.items[i].addr, addr) == 0;
	return found;
}

/* A mark's packets may have any address. */
static inline bool is_mark_guarded(const struct ezlb_table *t, int family)
{
	for (size_t i = 0; i < t->guards.len; i++)
		if (t->guards.items[i].addr.family == family)
			return true;
	return false;
}

/* New connections to the dest are rejected: IPVS hands them to this host. */
static inline bool is_stopped(const struct world *w, const struct ezlb_table *t,
			      const struct ezlb_dest_row *dest)
{
	struct ezlb_addr vip;

	if (dest->forward == EZLB_MASQ)
		return is_guarded(t, &dest->endpoint.addr);
	if (!is_of_host(w, t, &dest->endpoint.addr))
		return false;
	return addr_of_service(w, &dest->service, &vip)
		       ? is_guarded(t, &vip)
		       : is_mark_guarded(t, dest->service.listen.addr.family);
}

/* After a pass without errors. */
static inline void check_guards(const struct world *w)
{
	const struct ezlb_table *t = w->kernel;
	bool on = w->policy.guard && w->policy.vip_device[0];

	for (size_t i = 0; i < t->dests.len; i++)
		if (t->dests.items[i].weight > 0 &&
		    ezlb_scope_has(&w->scope, &t->dests.items[i].service))
			assert_false(is_stopped(w, t, &t->dests.items[i]));
	for (size_t i = 0; i < t->guards.len; i++) {
		assert_true(on && t->guards.items[i].addr.family);
		assert_false(is_elsewhere(w, &t->guards.items[i].addr));
		assert_true(when_of(w, &t->guards.items[i].addr) != EZLB_VIP_DEFAULT);
	}
}
