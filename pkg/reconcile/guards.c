// SPDX-License-Identifier: GPL-2.0-or-later
#include "guards.h"

#include <sys/socket.h>

#include "vips.h"

/* Addresses that are not guarded, sorted. */
struct exceptions {
	struct ezlb_addrs addrs;
	bool all[2]; /* those of IPv4, of IPv6 */
};

static bool has(const struct ezlb_guards *guards, const struct ezlb_addr *addr)
{
	const struct ezlb_guard_row row = { .addr = *addr };

	return EZLB_FIND(guards, &row, ezlb_guard_row_cmp) != NULL;
}

static void want_listeners(const struct ezlb_spec *spec, const struct ezlb_table *actual,
			   struct ezlb_table *target)
{
	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_addr *addr = &spec->listeners[i].listen.addr;

		if (!ezlb_listener_is_mark(&spec->listeners[i]) &&
		    !EZLB_FIND(&actual->elsewhere, addr, ezlb_addr_row_cmp))
			*EZLB_PUSH(&target->guards) = (struct ezlb_guard_row){ .addr = *addr };
	}
}

/* Every address of this host that is known, sorted. */
static void find_local(const struct ezlb_table *actual, const struct ezlb_guards *guards,
		       struct ezlb_addrs *out)
{
	EZLB_VEC_APPEND(out, &actual->elsewhere);
	for (size_t i = 0; i < actual->vips.len; i++)
		*EZLB_PUSH(out) = actual->vips.items[i].addr;
	for (size_t i = 0; i < guards->len; i++)
		*EZLB_PUSH(out) = guards->items[i].addr;
	EZLB_SORT(out, ezlb_addr_row_cmp);
}

/* Which addresses the packets of a service with a mark have is not known. */
static void except_listeners(const struct ezlb_spec *spec, struct exceptions *out)
{
	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_addr *addr = &spec->listeners[i].listen.addr;

		if (ezlb_listener_is_mark(&spec->listeners[i]))
			out->all[spec->listeners[i].key.listen.addr.family == AF_INET6] = true;
		else
			*EZLB_PUSH(&out->addrs) = *addr;
	}
}

/*
 * IPVS gives a packet for a backend on this host to the hooks after its own, where the guard is.
 * With masq it has the address of the backend by then, else still that of the listener.
 */
static void find_exceptions(const struct ezlb_spec *spec, const struct ezlb_guards *guards,
			    const struct ezlb_addrs *local, struct exceptions *out)
{
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_addr *addr = &spec->backends[i].endpoint.addr;

		if (spec->forward == EZLB_MASQ && has(guards, addr)) {
			*EZLB_PUSH(&out->addrs) = *addr;
		} else if (spec->forward != EZLB_MASQ &&
			   EZLB_FIND(local, addr, ezlb_addr_row_cmp)) {
			except_listeners(spec, out);
			return;
		}
	}
}

static bool is_exception(const struct exceptions *exceptions, const struct ezlb_addr *addr)
{
	return exceptions->all[addr->family == AF_INET6] ||
	       EZLB_FIND(&exceptions->addrs, addr, ezlb_addr_row_cmp);
}

void guards_want(const struct ezlb_desired *desired, const struct ezlb_table *actual,
		 const struct ezlb_policy *policy, struct ezlb_table *target)
{
	struct exceptions exceptions = { .all = { false } };
	struct ezlb_addrs local = { 0 };

	if (!policy->guard || policy->vip_device[0] == '\0')
		return;
	for (size_t i = 0; i < desired->len; i++)
		want_listeners(desired->items[i], actual, target);
	EZLB_SORT(&target->guards, ezlb_guard_row_cmp);
	EZLB_UNIQUE(&target->guards, ezlb_guard_row_cmp);
	if (target->guards.len == 0)
		return;
	find_local(actual, &target->guards, &local);
	for (size_t i = 0; i < desired->len; i++)
		find_exceptions(desired->items[i], &target->guards, &local, &exceptions);
	EZLB_SORT(&exceptions.addrs, ezlb_addr_row_cmp);
	EZLB_VEC_KEEP(&target->guards, i,
		      !is_exception(&exceptions, &target->guards.items[i].addr));
	EZLB_VEC_CLEAR(&exceptions.addrs);
	EZLB_VEC_CLEAR(&local);
}

/* --- services that stay ---------------------------------------------------------------------- */

static bool is_wanted_on(const struct ezlb_table *target, const struct ezlb_addr *addr)
{
	for (size_t i = 0; i < target->services.len; i++)
		if (ezlb_addr_cmp(&target->services.items[i].key.listen.addr, addr) == 0)
			return true;
	for (size_t i = 0; i < target->marks.len; i++)
		if (ezlb_addr_cmp(&target->marks.items[i].first.addr, addr) == 0)
			return true;
	return false;
}

void guards_keep(const struct ezlb_scope *keep, const struct ezlb_table *actual,
		 const struct ezlb_policy *policy, struct ezlb_table *target)
{
	if (!policy->guard || policy->vip_device[0] == '\0')
		return;
	for (size_t i = 0; i < actual->guards.len; i++) {
		const struct ezlb_guard_row *row = &actual->guards.items[i];

		if (row->addr.family && vips_keeps(keep, actual, &row->addr) &&
		    !is_wanted_on(target, &row->addr))
			*EZLB_PUSH(&target->guards) = *row;
	}
}

/* --- the order of ops ------------------------------------------------------------------------ */

static void find_by_dests(const struct ezlb_dests *dests, const struct ezlb_addrs *local,
			  struct exceptions *out)
{
	for (size_t i = 0; i < dests->len; i++) {
		const struct ezlb_dest_row *dest = &dests->items[i];
		const struct ezlb_addr *listen = &dest->service.listen.addr;

		if (!EZLB_FIND(local, &dest->endpoint.addr, ezlb_addr_row_cmp))
			continue;
		if (dest->forward == EZLB_MASQ)
			*EZLB_PUSH(&out->addrs) = dest->endpoint.addr;
		else if (dest->service.fwmark)
			out->all[listen->family == AF_INET6] = true;
		else
			*EZLB_PUSH(&out->addrs) = *listen;
	}
	EZLB_SORT(&out->addrs, ezlb_addr_row_cmp);
}

static bool is_any_guard(const struct ezlb_plan *plan)
{
	for (size_t i = 0; i < plan->len; i++)
		if (ezlb_op_object(plan->items[i].kind) == EZLB_OBJECT_GUARD)
			return true;
	return false;
}

void guards_order(const struct ezlb_table *target, const struct ezlb_table *actual,
		  struct ezlb_plan *plan)
{
	struct exceptions was = { .all = { false } }, will = { .all = { false } };
	struct ezlb_addrs local = { 0 };

	if (!is_any_guard(plan))
		return;
	for (size_t i = 0; i < target->vips.len; i++)
		*EZLB_PUSH(&local) = target->vips.items[i].addr;
	for (size_t i = 0; i < actual->guards.len; i++)
		*EZLB_PUSH(&local) = actual->guards.items[i].addr;
	find_local(actual, &target->guards, &local);
	find_by_dests(&actual->dests, &local, &was);
	find_by_dests(&target->dests, &local, &will);
	for (size_t i = 0; i < plan->len; i++) {
		struct ezlb_op *op = &plan->items[i];

		if (op->kind == EZLB_OP_GUARD_ADD)
			op->guard.by_dest = is_exception(&was, &op->guard.addr);
		else if (op->kind == EZLB_OP_GUARD_DEL) /* a broken table may guard anything */
			op->guard.by_dest = op->guard.addr.family == 0 ||
					    is_exception(&will, &op->guard.addr);
	}
	EZLB_VEC_CLEAR(&was.addrs);
	EZLB_VEC_CLEAR(&will.addrs);
	EZLB_VEC_CLEAR(&local);
}
