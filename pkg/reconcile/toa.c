// SPDX-License-Identifier: GPL-2.0-or-later
#include "toa.h"

/* --- what the files ask for ---------------------------------------------------------------- */

/* TCP connections whose source address is replaced. */
static bool concerns(const struct ezlb_spec *spec)
{
	return spec->full_nat && ezlb_spec_takes(spec, EZLB_TCP);
}

static bool asks(const struct ezlb_spec *spec)
{
	return concerns(spec) && spec->client_address == EZLB_CLIENT_ADDRESS_TOA;
}

static bool any_asks(const struct ezlb_desired *desired)
{
	for (size_t i = 0; i < desired->len; i++)
		if (asks(desired->items[i]))
			return true;
	return false;
}

void ezlb_reconcile_towards(const struct ezlb_desired *desired, struct ezlb_addrs *out)
{
	bool any = any_asks(desired);

	for (size_t i = 0; any && i < desired->len; i++) {
		const struct ezlb_spec *spec = desired->items[i];

		for (size_t k = 0; k < spec->n_backends && concerns(spec); k++)
			*EZLB_PUSH(out) = spec->backends[k].endpoint.addr;
	}
	EZLB_SORT(out, ezlb_addr_row_cmp);
	EZLB_UNIQUE(out, ezlb_addr_row_cmp);
}

/* --- rows ---------------------------------------------------------------------------------- */

/* Where one service adds the option, the others must not let one of a client pass. */
static void want_rows(const struct ezlb_spec *spec, struct ezlb_table *target)
{
	for (size_t i = 0; i < spec->n_listeners && spec->full_nat; i++) {
		const struct ezlb_listener *listener = &spec->listeners[i];
		struct ezlb_toa_row *row;

		if (listener->proto != EZLB_TCP && !ezlb_listener_is_mark(listener))
			continue;
		row = EZLB_PUSH(&target->toas);
		row->service = listener->key;
		row->mode = asks(spec) ? EZLB_TOA_ADD : EZLB_TOA_STRIP;
		row->ipv6_kind = asks(spec) ? (uint8_t)spec->toa_ipv6_kind : 0;
	}
}

/*
 * Also towards backends that are no dests now: otherwise a health result would change hooks, and a
 * backend that comes back would wait for one.
 */
static void want_hooks(const struct ezlb_desired *desired, const struct ezlb_table *actual,
		       struct ezlb_table *target)
{
	struct ezlb_addrs towards = { 0 };

	ezlb_reconcile_towards(desired, &towards);
	for (size_t i = 0; i < actual->routes.len; i++) {
		const struct ezlb_route_row *route = &actual->routes.items[i];
		struct ezlb_hook_row *hook;

		if (route->ingress || !EZLB_FIND(&towards, &route->to, ezlb_addr_row_cmp))
			continue;
		hook = EZLB_PUSH(&target->hooks);
		memcpy(hook->device, route->device, sizeof(hook->device));
		hook->qdisc = !route->qdisc;
	}
	EZLB_VEC_CLEAR(&towards);
	EZLB_SORT(&target->hooks, ezlb_hook_row_cmp);
	EZLB_UNIQUE(&target->hooks, ezlb_hook_row_cmp);
}

/* What is there may still work, and nothing could replace it. */
static void leave(const struct ezlb_table *actual, struct ezlb_table *target)
{
	target->toa_wanted = actual->toa_present;
	EZLB_VEC_APPEND(&target->toas, &actual->toas);
	EZLB_VEC_APPEND(&target->hooks, &actual->hooks);
}

void toa_want(const struct ezlb_desired *desired, const struct ezlb_table *actual,
	      struct ezlb_table *target)
{
	if (!any_asks(desired))
		return;
	if (actual->toa_problem[0]) {
		leave(actual, target);
		return;
	}
	target->toa_wanted = true;
	for (size_t i = 0; i < desired->len; i++)
		want_rows(desired->items[i], target);
	want_hooks(desired, actual, target);
}

/* --- services that stay -------------------------------------------------------------------- */

/* No file asks, but a service that stays does: see want_rows. */
static void strip_others(const struct ezlb_scope *keep, struct ezlb_table *target)
{
	for (size_t i = 0; i < target->dests.len; i++) {
		const struct ezlb_dest_row *dest = &target->dests.items[i];

		if (dest->full_nat && !ezlb_scope_has(keep, &dest->service) &&
		    (dest->service.proto == EZLB_TCP || dest->service.fwmark))
			*EZLB_PUSH(&target->toas) = (struct ezlb_toa_row){ dest->service,
									   EZLB_TOA_STRIP, 0 };
	}
}

void toa_keep(const struct ezlb_scope *keep, const struct ezlb_table *actual,
	      struct ezlb_table *target)
{
	bool any = false, adds = false;

	for (size_t i = 0; i < actual->toas.len; i++) {
		const struct ezlb_toa_row *row = &actual->toas.items[i];

		if (!ezlb_scope_has(keep, &row->service))
			continue;
		*EZLB_PUSH(&target->toas) = *row;
		any = true;
		adds = adds || row->mode == EZLB_TOA_ADD;
	}
	if (!any)
		return;
	EZLB_VEC_APPEND(&target->hooks, &actual->hooks);
	if (!target->toa_wanted && adds)
		strip_others(keep, target);
	target->toa_wanted = true;
}
