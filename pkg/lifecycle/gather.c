// SPDX-License-Identifier: GPL-2.0-or-later
/* gather: what is known of the backends of one virtual service, before anything is decided. */
#include "ramp.h"
#include "turn.h"

static bool is_of(const struct turn *turn, const struct ezlb_service_key *key)
{
	return ezlb_service_key_cmp(key, &turn->key) == 0;
}

/* Reads the dest from the kernel, or takes it as it was in the last step. */
static void look_up_dest(const struct turn *turn, struct slot *slot)
{
	const struct ezlb_dest_row key = { .service = turn->key, .endpoint = slot->now.backend };
	const struct ezlb_dest_row *dest;

	if (turn->in->unreadable) {
		slot->present = slot->known && ezlb_role_has_dest(slot->was.role);
		slot->active = slot->present; /* a drain goes on */
		return;
	}
	dest = EZLB_FIND(turn->in->dests, &key, ezlb_dest_row_cmp);
	slot->present = dest != NULL;
	slot->active = dest ? dest->active : 0;
	slot->weight = dest ? dest->weight : 0;
}

static void look_up_verdict(const struct turn *turn, struct slot *slot)
{
	const struct ezlb_verdict_row *row = ezlb_verdict_find(turn->in->verdicts, turn->spec,
							       &slot->backend->endpoint);

	slot->verdict = row ? row->verdict : EZLB_UP;
	slot->answers = row &&
			(row->outcome == EZLB_PROBE_OK || ezlb_outcome_answers(row->outcome));
}

static struct slot *add_slot(struct turn *turn, const struct ezlb_endpoint *backend)
{
	struct slot *slot = EZLB_PUSH(&turn->slots);
	const struct ezlb_member *was;

	slot->index = EZLB_NOT_IN_FILE;
	slot->now.service = turn->key;
	slot->now.backend = *backend;
	was = EZLB_FIND(&turn->life->members, &slot->now, turn_member_cmp);
	slot->known = was != NULL;
	if (was)
		slot->was = *was;
	look_up_dest(turn, slot);
	return slot;
}

static int slot_cmp(const void *pa, const void *pb)
{
	const struct slot *a = pa, *b = pb;

	return ezlb_endpoint_cmp(&a->now.backend, &b->now.backend);
}

static bool is_in_file(const struct turn *turn, size_t n, const struct ezlb_endpoint *backend)
{
	const struct slot key = { .now = { .backend = *backend } };

	return ezlb_find(&key, turn->slots.items, n, sizeof(key), slot_cmp) != NULL;
}

/* The backends that an earlier step has made dests, or an earlier process. */
static void add_leaving(struct turn *turn)
{
	const struct ezlb_members *members = &turn->life->members;
	const struct ezlb_dests *dests = turn->in->dests;
	size_t n = turn->slots.len;

	for (size_t i = FIRST_OF(members, &turn->key);
	     i < members->len && is_of(turn, &members->items[i].service); i++)
		if (!is_in_file(turn, n, &members->items[i].backend))
			add_slot(turn, &members->items[i].backend);
	if (!turn->first || turn->in->unreadable || !ezlb_scope_has(turn->in->owned, &turn->key))
		return;
	for (size_t i = FIRST_OF(dests, &turn->key);
	     i < dests->len && is_of(turn, &dests->items[i].service); i++)
		if (!is_in_file(turn, n, &dests->items[i].endpoint))
			add_slot(turn, &dests->items[i].endpoint);
}

/* --- after a start: the kernel and the ledger tell what was -------------------------------- */

/*
 * A process may have been killed after it gave a backend its weight again, and before it wrote that
 * to the ledger. Such a dest does not drain: its time may be over long since.
 */
static bool take_drain(const struct turn *turn, struct slot *slot)
{
	const struct ezlb_drain key = { .service = turn->key, .backend = slot->now.backend };
	const struct ezlb_drain *drain = EZLB_FIND(turn->in->drains, &key, ezlb_drain_cmp);

	if (!drain || slot->weight > 0)
		return false;
	slot->was.role = EZLB_ROLE_DRAINING;
	slot->was.cause = drain->cause;
	slot->was.until_ms = drain->until_ms;
	slot->was.idle_ms = UINT64_MAX;
	return true;
}

/* Has another backend its full weight? Else all have started together. */
static bool has_warm(const struct turn *turn)
{
	for (size_t i = 0; i < turn->slots.len; i++) {
		const struct slot *slot = &turn->slots.items[i];

		if (slot->present && slot->backend && !slot->backend->fallback &&
		    slot->weight > 0 && slot->weight >= turn_full(turn, slot))
			return true;
	}
	return false;
}

static void take_ramp(const struct turn *turn, struct slot *slot, bool warm)
{
	uint64_t slow_ms = turn->spec->slow_start_ms;

	if (!warm || !slot->backend || slot->backend->fallback || slot->weight == 0 ||
	    slot->weight >= turn_full(turn, slot))
		return;
	slot->was.role = EZLB_ROLE_STARTING;
	slot->was.until_ms = turn->in->now_ms +
			     ramp_left(turn_full(turn, slot), slow_ms, slot->weight);
}

static void take_over(const struct turn *turn, struct slot *slot, bool warm)
{
	if (slot->known || !slot->present)
		return;
	slot->known = true;
	slot->was = slot->now;
	if (take_drain(turn, slot))
		return;
	slot->was.role = slot->backend && slot->backend->fallback ? EZLB_ROLE_FALLBACK
								  : EZLB_ROLE_SERVING;
	take_ramp(turn, slot, warm);
}

static void take_over_all(const struct turn *turn)
{
	bool warm = turn->spec->slow_start_ms > 0 && !turn->in->single && has_warm(turn);

	for (size_t i = 0; i < turn->slots.len; i++)
		take_over(turn, &turn->slots.items[i], warm);
}

void turn_gather(struct turn *turn)
{
	for (size_t i = 0; i < turn->spec->n_backends; i++) {
		const struct ezlb_endpoint dest =
			ezlb_dest_endpoint(&turn->key, &turn->spec->backends[i].endpoint);
		struct slot *slot = add_slot(turn, &dest);

		slot->backend = &turn->spec->backends[i];
		slot->index = i;
		look_up_verdict(turn, slot);
	}
	EZLB_SORT(&turn->slots, slot_cmp);
	/* One with the port of the listener, and one without a port, are the same here. */
	EZLB_UNIQUE(&turn->slots, slot_cmp);
	add_leaving(turn);
	if (turn->first)
		take_over_all(turn);
}
