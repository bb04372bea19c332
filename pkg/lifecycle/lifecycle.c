// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/lifecycle.h>

#include "ramp.h"
#include "turn.h"
#include "withdraw.h"

int turn_member_cmp(const void *pa, const void *pb)
{
	const struct ezlb_member *a = pa, *b = pb;
	int rc = ezlb_service_key_cmp(&a->service, &b->service);

	return rc ? rc : ezlb_endpoint_cmp(&a->backend, &b->backend);
}

/*
 * Connections of UDP do not end, so there is nothing to wait for. A mark of the file may stand for
 * any protocol.
 */
static bool may_drain(const struct ezlb_lifecycle_in *in, const struct ezlb_spec *spec,
		      const struct ezlb_listener *listener)
{
	bool any = ezlb_listener_is_mark(listener);

	return !in->single && spec->drain_ms > 0 && (any || listener->proto != EZLB_UDP);
}

static void sooner(struct ezlb_roster *out, uint64_t ms)
{
	if (ms < out->due_ms)
		out->due_ms = ms;
}

static void note_due(const struct turn *turn, const struct ezlb_member *now,
		     struct ezlb_roster *out)
{
	if (now->role == EZLB_ROLE_STARTING)
		sooner(out, turn->in->now_ms + ramp_next(turn->spec->slow_start_ms,
							 now->until_ms - turn->in->now_ms));
	if (now->role != EZLB_ROLE_DRAINING)
		return;
	sooner(out, now->until_ms);
	sooner(out, now->idle_ms == UINT64_MAX ? turn->in->now_ms + EZLB_DRAIN_LOOK_MS
					       : now->idle_ms + EZLB_DRAIN_IDLE_MS);
}

static void put_row(const struct turn *turn, const struct slot *slot, struct ezlb_roster *out)
{
	bool draining = slot->now.role == EZLB_ROLE_DRAINING;
	bool timed = draining || slot->now.role == EZLB_ROLE_STARTING;

	*EZLB_PUSH(&out->rows) = (struct ezlb_roster_row){
		.service = turn->key,
		.backend = slot->now.backend,
		.index = slot->index,
		.role = slot->now.role,
		.weight = turn_weight(turn, slot),
		.full = turn_full(turn, slot),
		.cause = slot->now.cause,
		.until_ms = timed ? slot->now.until_ms : 0,
		.active = draining && !turn->in->unreadable ? slot->active : 0,
	};
	note_due(turn, &slot->now, out);
}

/* Nothing is known of its dests: the next step must not take that for knowledge. */
static bool is_blind(const struct turn *turn)
{
	return turn->first && turn->in->unreadable;
}

static void take_turn(struct turn *turn, struct ezlb_members *next, struct ezlb_roster *out)
{
	turn_gather(turn);
	turn_decide(turn);
	for (size_t i = 0; i < turn->slots.len; i++) {
		struct slot *slot = &turn->slots.items[i];

		if (slot->gone)
			continue;
		slot->now.left = !slot->backend;
		if (!is_blind(turn))
			*EZLB_PUSH(next) = slot->now;
		put_row(turn, slot, out);
	}
	EZLB_VEC_CLEAR(&turn->slots);
}

static void step_listener(const struct ezlb_lifecycle *life, const struct ezlb_lifecycle_in *in,
			  const struct ezlb_spec *spec, const struct ezlb_listener *listener,
			  struct ezlb_lifecycle *next, struct ezlb_roster *out)
{
	struct turn turn = { .life = life,
			     .in = in,
			     .spec = spec,
			     .key = listener->key,
			     .may_drain = may_drain(in, spec, listener),
			     .first = !ezlb_scope_has(&life->seen, &listener->key),
			     .factor = ramp_factor(spec) };

	take_turn(&turn, &next->members, out);
	if (!is_blind(&turn))
		*EZLB_PUSH(&next->seen) = listener->key;
}

void turn_service(const struct ezlb_lifecycle *life, const struct ezlb_lifecycle_in *in,
		  const struct ezlb_spec *spec, struct ezlb_lifecycle *next,
		  struct ezlb_roster *out)
{
	out->due_ms = UINT64_MAX; /* of this service */
	for (size_t i = 0; i < spec->n_listeners; i++)
		step_listener(life, in, spec, &spec->listeners[i], next, out);
	if (out->due_ms != UINT64_MAX)
		*EZLB_PUSH(&next->dues) = (struct ezlb_life_due){ ezlb_spec_key(spec),
								  out->due_ms };
}

uint64_t ezlb_lifecycle_next(const struct ezlb_lifecycle *life)
{
	uint64_t due = life->vips_due_ms ? life->vips_due_ms : UINT64_MAX;

	for (size_t i = 0; i < life->dues.len; i++)
		if (life->dues.items[i].ms < due)
			due = life->dues.items[i].ms;
	return due;
}

void ezlb_lifecycle_step(struct ezlb_lifecycle *life, const struct ezlb_lifecycle_in *in,
			 struct ezlb_roster *out)
{
	struct ezlb_lifecycle next = { .members = { 0 } };

	*out = (struct ezlb_roster){ .due_ms = UINT64_MAX };
	for (size_t i = 0; i < in->desired->len; i++)
		turn_service(life, in, in->desired->items[i], &next, out);
	EZLB_SORT(&next.members, turn_member_cmp);
	EZLB_SORT(&next.seen, ezlb_service_key_cmp);
	EZLB_SORT(&next.dues, ezlb_service_key_cmp); /* which each begins with */
	EZLB_SORT(&out->rows, ezlb_roster_row_cmp);
	out->due_ms = UINT64_MAX;
	withdraw(life, in, &next, out);
	if (out->due_ms != UINT64_MAX)
		next.vips_due_ms = out->due_ms;
	out->due_ms = ezlb_lifecycle_next(&next);
	ezlb_lifecycle_clear(life);
	*life = next;
}

bool ezlb_lifecycle_due(const struct ezlb_lifecycle *life, uint64_t now_ms, struct ezlb_scope *out)
{
	for (size_t i = 0; i < life->dues.len; i++)
		if (life->dues.items[i].ms <= now_ms)
			*EZLB_PUSH(out) = life->dues.items[i].service;
	return life->vips_due_ms == 0 || life->vips_due_ms > now_ms;
}

void ezlb_lifecycle_clear(struct ezlb_lifecycle *life)
{
	EZLB_VEC_CLEAR(&life->members);
	EZLB_VEC_CLEAR(&life->seen);
	EZLB_VEC_CLEAR(&life->vips);
	EZLB_VEC_CLEAR(&life->dues);
	life->vips_due_ms = 0;
}
