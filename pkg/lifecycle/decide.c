// SPDX-License-Identifier: GPL-2.0-or-later
/* decide: the role of each backend of one virtual service. */
#include "ramp.h"
#include "turn.h"

static bool was(const struct slot *slot, enum ezlb_role role)
{
	return slot->known && slot->was.role == role;
}

/* It had a dest for new connections; with an unknown verdict it keeps that. */
static bool had_dest(const struct slot *slot)
{
	if (!slot->known)
		return slot->present;
	return ezlb_role_has_dest(slot->was.role) && slot->was.role != EZLB_ROLE_DRAINING;
}

static bool is_main(const struct slot *slot)
{
	return slot->backend && !slot->backend->fallback;
}

/* Not those with weight 0: they serve nobody, whatever their health is. */
static bool counts(const struct slot *slot)
{
	const struct ezlb_backend *backend = slot->backend;

	return backend && !backend->fallback && backend->weight > 0;
}

/* --- leaving ------------------------------------------------------------------------------- */

/* When it drains already, only its time may end sooner: drain_timeout may have changed. */
static void drain_on(const struct turn *turn, struct slot *slot)
{
	uint64_t now = turn->in->now_ms, latest = now + turn->spec->drain_ms;
	bool already = was(slot, EZLB_ROLE_DRAINING);

	slot->now.until_ms = already && slot->was.until_ms < latest ? slot->was.until_ms : latest;
	slot->now.idle_ms = UINT64_MAX;
	if (slot->active == 0)
		slot->now.idle_ms = already && slot->was.idle_ms < now ? slot->was.idle_ms : now;
}

/*
 * True if it drains now. A dest that this package has not made, or has given up already, does not.
 * A connection in its handshake does not count as active, so a drain takes at least
 * EZLB_DRAIN_IDLE_MS.
 */
static bool drain(const struct turn *turn, struct slot *slot, enum ezlb_drain_cause cause)
{
	if (!turn->may_drain || !slot->present || !slot->known ||
	    !ezlb_role_has_dest(slot->was.role))
		return false;
	drain_on(turn, slot);
	if (turn->in->now_ms >= slot->now.until_ms ||
	    (slot->active == 0 && turn->in->now_ms - slot->now.idle_ms >= EZLB_DRAIN_IDLE_MS))
		return false;
	slot->now.role = EZLB_ROLE_DRAINING;
	slot->now.cause = cause;
	return true;
}

static void drain_or(const struct turn *turn, struct slot *slot, enum ezlb_drain_cause cause,
		     enum ezlb_role role)
{
	if (!drain(turn, slot, cause))
		slot->now.role = role;
}

static void decide_down(const struct turn *turn, struct slot *slot)
{
	enum ezlb_on_failure what = turn->spec->on_failure;

	slot->now.role = EZLB_ROLE_OUT;
	if (what == EZLB_ON_FAILURE_DRAIN || (what == EZLB_ON_FAILURE_AUTO && slot->answers))
		drain_or(turn, slot, EZLB_DRAIN_DOWN, EZLB_ROLE_OUT);
}

static void decide_left(const struct turn *turn, struct slot *slot)
{
	/* If health is the cause, it still is when the backend comes back to the file. */
	enum ezlb_drain_cause cause = was(slot, EZLB_ROLE_DRAINING) ? slot->was.cause
								    : EZLB_DRAIN_REMOVED;

	slot->gone = !drain(turn, slot, cause);
}

/* Without a verdict: it was down when it began to drain. */
static bool drains_for_health(const struct slot *slot)
{
	return was(slot, EZLB_ROLE_DRAINING) && slot->was.cause == EZLB_DRAIN_DOWN;
}

/* Without a verdict: a backend that has come back to the file, or was a fallback. */
static bool comes_back(const struct slot *slot)
{
	return was(slot, EZLB_ROLE_DRAINING) && slot->was.cause != EZLB_DRAIN_DOWN && slot->present;
}

/* --- backends ------------------------------------------------------------------------------ */

static void decide_unknown(const struct turn *turn, struct slot *slot)
{
	if (turn->spec->check.initial_up || had_dest(slot) || comes_back(slot))
		slot->now.role = EZLB_ROLE_SERVING;
	else if (drains_for_health(slot))
		drain_or(turn, slot, EZLB_DRAIN_DOWN, EZLB_ROLE_WAITING);
	else
		slot->now.role = EZLB_ROLE_WAITING;
}

static void decide_main(const struct turn *turn, struct slot *slot)
{
	switch (slot->verdict) {
	case EZLB_UP:
		slot->now.role = EZLB_ROLE_SERVING;
		break;
	case EZLB_UNKNOWN:
		decide_unknown(turn, slot);
		break;
	case EZLB_DOWN:
		decide_down(turn, slot);
		break;
	}
}

/* --- fallbacks ----------------------------------------------------------------------------- */

/* What the backends of the file do, without the fallbacks. */
struct mains {
	uint32_t configured, healthy; /* with a weight */
	uint32_t up;		      /* of the healthy ones: those with a verdict */
	bool trusted;		      /* one without a verdict serves as before */
	bool serve;		      /* one serves, or will when fail open ends */
	bool hope;		      /* one has no verdict yet */
};

static struct mains look_at_mains(const struct turn *turn)
{
	struct mains mains = { .serve = false };

	for (size_t i = 0; i < turn->slots.len; i++) {
		const struct slot *slot = &turn->slots.items[i];

		if (!counts(slot))
			continue;
		mains.configured++;
		mains.healthy += slot->verdict != EZLB_DOWN;
		mains.up += slot->verdict == EZLB_UP;
		mains.trusted |= slot->verdict == EZLB_UNKNOWN && was(slot, EZLB_ROLE_SERVING);
		mains.hope |= slot->verdict == EZLB_UNKNOWN;
		mains.serve |= slot->now.role == EZLB_ROLE_SERVING;
	}
	return mains;
}

/*
 * A fallback begins to serve when all backends are known to be down, and serves until one of them
 * does: after a restart, when nothing is known yet, it goes on.
 */
static bool is_wanted(const struct slot *slot, const struct mains *mains)
{
	return !mains->serve && (!mains->hope || was(slot, EZLB_ROLE_FALLBACK));
}

static void decide_fallback(const struct turn *turn, struct slot *slot, const struct mains *mains)
{
	bool wanted = is_wanted(slot, mains);

	if (slot->verdict == EZLB_DOWN)
		decide_down(turn, slot);
	else if (!wanted)
		drain_or(turn, slot, EZLB_DRAIN_STANDBY, EZLB_ROLE_STANDBY);
	else if (slot->verdict == EZLB_UP || turn->spec->check.initial_up || had_dest(slot) ||
		 comes_back(slot))
		slot->now.role = EZLB_ROLE_FALLBACK;
	else if (drains_for_health(slot))
		drain_or(turn, slot, EZLB_DRAIN_DOWN, EZLB_ROLE_WAITING);
	else
		slot->now.role = EZLB_ROLE_WAITING;
}

/* True if one serves. */
static bool decide_fallbacks(const struct turn *turn, const struct mains *mains)
{
	bool serve = false;

	for (size_t i = 0; i < turn->slots.len; i++) {
		struct slot *slot = &turn->slots.items[i];

		if (!slot->backend || !slot->backend->fallback)
			continue;
		decide_fallback(turn, slot, mains);
		serve |= slot->now.role == EZLB_ROLE_FALLBACK && slot->backend->weight > 0;
	}
	return serve;
}

/* --- fail open ----------------------------------------------------------------------------- */

/* Not more than there are. */
static uint32_t min_healthy(const struct ezlb_spec *spec, uint32_t configured)
{
	uint64_t min = spec->min_healthy.count;

	if (spec->min_healthy.percent)
		min = (min * configured + 99) / 100;
	return min < configured ? (uint32_t)min : configured;
}

static void fail_open(const struct turn *turn)
{
	for (size_t i = 0; i < turn->slots.len; i++) {
		struct slot *slot = &turn->slots.items[i];

		if (is_main(slot) &&
		    (slot->now.role != EZLB_ROLE_SERVING ||
		     (slot->verdict == EZLB_UNKNOWN && was(slot, EZLB_ROLE_FAIL_OPEN))))
			slot->now.role = EZLB_ROLE_FAIL_OPEN;
	}
}

/*
 * After a restart, and after an edit of the check, the verdicts come one after the other. If the
 * service failed open before, the first that are down must not leave until the last one has told
 * that too few are up: their connections would be cut, and they would be back a second later.
 */
static void hold(const struct turn *turn)
{
	for (size_t i = 0; i < turn->slots.len; i++) {
		struct slot *slot = &turn->slots.items[i];

		if (is_main(slot) && slot->verdict == EZLB_DOWN && had_dest(slot))
			slot->now.role = EZLB_ROLE_FAIL_OPEN;
	}
}

static void decide_fail_open(const struct turn *turn, const struct mains *mains)
{
	uint32_t min = min_healthy(turn->spec, mains->configured);

	if (mains->healthy < min)
		fail_open(turn);
	else if (mains->up < min && mains->trusted)
		hold(turn);
}

/* --- slow start ---------------------------------------------------------------------------- */

static bool serves(const struct slot *slot)
{
	return counts(slot) &&
	       (slot->now.role == EZLB_ROLE_SERVING || slot->now.role == EZLB_ROLE_STARTING);
}

/* Does one serve since an earlier step, which is not as cold as one that starts now? */
static bool any_is_warm(const struct turn *turn)
{
	for (size_t i = 0; i < turn->slots.len; i++) {
		const struct slot *slot = &turn->slots.items[i];

		if (serves(slot) &&
		    (was(slot, EZLB_ROLE_STARTING) ||
		     (was(slot, EZLB_ROLE_SERVING) && slot->was.until_ms <= turn->in->now_ms)))
			return true;
	}
	return false;
}

static void begin(const struct turn *turn, struct slot *slot, bool warm)
{
	slot->now.until_ms = turn->in->now_ms + turn->spec->slow_start_ms;
	if (!turn->first && warm)
		slot->now.role = EZLB_ROLE_STARTING;
}

static void go_on(const struct turn *turn, struct slot *slot)
{
	uint64_t now = turn->in->now_ms, latest = now + turn->spec->slow_start_ms;

	slot->now.until_ms = slot->was.until_ms < latest ? slot->was.until_ms : latest;
	if (slot->now.until_ms > now)
		slot->now.role = EZLB_ROLE_STARTING;
}

static void decide_start(const struct turn *turn, struct slot *slot, bool warm)
{
	if (slot->now.role != EZLB_ROLE_SERVING || !counts(slot))
		return;
	if (was(slot, EZLB_ROLE_STARTING))
		go_on(turn, slot);
	else if (was(slot, EZLB_ROLE_SERVING))
		slot->now.until_ms = slot->was.until_ms;
	else if (!slot->known || !ezlb_role_has_dest(slot->was.role))
		begin(turn, slot, warm);
}

static void decide_starts(const struct turn *turn)
{
	bool warm = any_is_warm(turn);

	if (turn->in->single || turn->spec->slow_start_ms == 0)
		return;
	for (size_t i = 0; i < turn->slots.len; i++)
		decide_start(turn, &turn->slots.items[i], warm);
}

/* ------------------------------------------------------------------------------------------- */

uint32_t turn_full(const struct turn *turn, const struct slot *slot)
{
	return slot->backend ? slot->backend->weight * turn->factor : 0;
}

uint32_t turn_weight(const struct turn *turn, const struct slot *slot)
{
	if (!ezlb_role_has_dest(slot->now.role) || slot->now.role == EZLB_ROLE_DRAINING)
		return 0;
	if (slot->now.role != EZLB_ROLE_STARTING)
		return turn_full(turn, slot);
	return ramp_weight(turn_full(turn, slot), turn->spec->slow_start_ms,
			   slot->now.until_ms - turn->in->now_ms);
}

void turn_decide(struct turn *turn)
{
	struct mains mains;
	bool fallback;

	for (size_t i = 0; i < turn->slots.len; i++) {
		struct slot *slot = &turn->slots.items[i];

		if (!slot->backend)
			decide_left(turn, slot);
		else if (is_main(slot))
			decide_main(turn, slot);
	}
	mains = look_at_mains(turn);
	fallback = decide_fallbacks(turn, &mains);
	if (!fallback)
		decide_fail_open(turn, &mains);
	decide_starts(turn);
}
