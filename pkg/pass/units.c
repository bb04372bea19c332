// SPDX-License-Identifier: GPL-2.0-or-later
#include "units.h"

#include <stdlib.h>

#define SHORTEST_MS 200

static int unit_cmp(const void *a, const void *b)
{
	const struct ezlb_unit *x = a, *y = b;

	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	return ezlb_subject_cmp(&x->subject, &y->subject);
}

static struct ezlb_unit name_of(const struct ezlb_op *op)
{
	return (struct ezlb_unit){ .layer = ezlb_op_layer(op->kind),
				   .subject = ezlb_op_subject(op) };
}

static struct ezlb_unit *find(const struct ezlb_units *units, const struct ezlb_unit *name)
{
	return EZLB_FIND(units, name, unit_cmp);
}

/* Adds those of `names` (unsorted, with duplicates) that are new. Sorts once. */
static void add(struct ezlb_units *units, const struct ezlb_units *names)
{
	size_t n = 0, old = units->len;

	for (size_t i = 0; i < names->len; i++)
		if (!ezlb_find(&names->items[i], units->items, old, sizeof(*names->items),
			       unit_cmp))
			*EZLB_PUSH(units) = names->items[i];
	EZLB_SORT(units, unit_cmp);
	for (size_t i = 0; i < units->len; i++)
		if (n == 0 || unit_cmp(&units->items[n - 1], &units->items[i]) != 0)
			units->items[n++] = units->items[i];
	units->len = n;
}

/* --- failures ------------------------------------------------------------------------------ */

static bool must_wait(struct ezlb_unit *unit, uint64_t now)
{
	if (!unit || unit->due <= now)
		return false;
	unit->waiting = true;
	return true;
}

void units_hold(struct ezlb_units *units, struct ezlb_plan *plan, uint64_t now)
{
	for (size_t i = 0; i < units->len; i++)
		units->items[i].waiting = false;
	for (size_t i = 0; i < plan->len; i++) {
		struct ezlb_unit name = name_of(&plan->items[i]), layer = { .layer = name.layer };

		if (must_wait(find(units, &name), now) || must_wait(find(units, &layer), now))
			plan->items[i].rc = EZLB_HELD;
	}
}

static void failed(struct ezlb_unit *unit, uint64_t now, uint64_t random)
{
	uint64_t delay = SHORTEST_MS;

	unit->waiting = true;
	if (unit->due > now)
		return; /* it was held, not tried */
	for (unsigned i = 0; i < unit->failures && delay < UNITS_LONGEST; i++)
		delay *= 2;
	if (delay > UNITS_LONGEST)
		delay = UNITS_LONGEST;
	unit->failures++;
	unit->due = now + delay * (80 + random % 41) / 100;
}

/* False for an op that failed because the whole layer failed. */
static bool failed_alone(const struct ezlb_op *op, const struct ezlb_layer_errs *errs)
{
	return op->rc < 0 && errs->layer[ezlb_op_layer(op->kind)].code == 0;
}

static void note_failures(struct ezlb_units *units, const struct ezlb_plan *plan,
			  const struct ezlb_layer_errs *errs, bool ledger_failed, uint64_t now,
			  uint64_t random)
{
	struct ezlb_units names = { 0 };

	for (int i = 0; i <= EZLB_LAYERS; i++)
		if (i == EZLB_LAYERS ? ledger_failed : errs->layer[i].code != 0)
			*EZLB_PUSH(&names) = (struct ezlb_unit){ .layer = (enum ezlb_layer_kind)i };
	for (size_t i = 0; i < plan->len; i++)
		if (failed_alone(&plan->items[i], errs))
			*EZLB_PUSH(&names) = name_of(&plan->items[i]);
	add(units, &names);
	/* With the same randomness, so that one pass tries them again, and not one pass each. */
	for (size_t i = 0; i < names.len; i++)
		failed(find(units, &names.items[i]), now, random);
	EZLB_VEC_CLEAR(&names);
}

/* After a repair in a fight the unit waits. */
static void note_repairs(struct ezlb_units *units, const struct ezlb_plan *plan, uint64_t now)
{
	for (size_t i = 0; i < plan->len; i++) {
		struct ezlb_unit name = name_of(&plan->items[i]), *unit = find(units, &name);

		if (unit && unit->fight && plan->items[i].rc == 0)
			unit->due = now + UNITS_FIGHT;
	}
}

/* Removes units without failures and changes. */
static void sweep(struct ezlb_units *units)
{
	EZLB_VEC_KEEP(units, i, units->items[i].waiting || units->items[i].taken[0]);
}

void units_note(struct ezlb_units *units, const struct ezlb_plan *plan,
		const struct ezlb_layer_errs *errs, bool ledger_failed, uint64_t now,
		uint64_t random)
{
	note_failures(units, plan, errs, ledger_failed, now, random);
	note_repairs(units, plan, now);
	for (size_t i = 0; i < units->len; i++)
		if (!units->items[i].waiting)
			units->items[i].failures = 0;
	sweep(units);
}

void units_hurry(struct ezlb_units *units, enum ezlb_layer_kind layer)
{
	for (size_t i = 0; i < units->len; i++)
		if (units->items[i].layer == layer && !units->items[i].fight)
			units->items[i].due = 0;
}

void units_rest(struct ezlb_units *units, uint64_t until)
{
	for (size_t i = 0; i < units->len; i++) {
		struct ezlb_unit *unit = &units->items[i];

		if (unit->waiting && !unit->fight && unit->due > 0 && unit->due < until)
			unit->due = until;
	}
}

uint64_t units_due(const struct ezlb_units *units)
{
	uint64_t due = EZLB_PASS_NEVER;

	for (size_t i = 0; i < units->len; i++)
		if (units->items[i].waiting && units->items[i].due < due)
			due = units->items[i].due;
	return due;
}

/* --- fights -------------------------------------------------------------------------------- */

/* Records a change by somebody else. True if the unit becomes a fight. */
static bool taken(struct ezlb_unit *unit, uint64_t now)
{
	bool fights = unit->fight;

	for (int i = EZLB_UNIT_TAKEN - 1; i > 0; i--)
		unit->taken[i] = unit->taken[i - 1];
	unit->taken[0] = now;
	if (unit->taken[EZLB_UNIT_TAKEN - 1] &&
	    now - unit->taken[EZLB_UNIT_TAKEN - 1] <= EZLB_UNIT_WINDOW)
		unit->fight = true;
	return unit->fight && !fights;
}

const struct ezlb_op *units_taken(struct ezlb_units *units, const struct ezlb_plan *drift,
				  uint64_t now, size_t *n)
{
	const struct ezlb_op *first = NULL;
	struct ezlb_units names = { 0 };

	*n = 0;
	for (size_t i = 0; i < drift->len; i++)
		*EZLB_PUSH(&names) = name_of(&drift->items[i]);
	add(units, &names);
	for (size_t i = 0; i < drift->len; i++) {
		struct ezlb_unit *unit = find(units, &names.items[i]);

		/* Several changes of one unit in one pass count once. */
		if (unit->taken[0] == now)
			continue;
		if (taken(unit, now)) {
			first = first ? first : &drift->items[i];
			++*n;
		}
	}
	EZLB_VEC_CLEAR(&names);
	return first;
}

size_t units_calm(struct ezlb_units *units, uint64_t now)
{
	size_t ended = 0;

	for (size_t i = 0; i < units->len; i++) {
		struct ezlb_unit *unit = &units->items[i];

		if (!unit->taken[0] || now - unit->taken[0] <= EZLB_UNIT_WINDOW)
			continue;
		ended += unit->fight;
		unit->fight = false;
		memset(unit->taken, 0, sizeof(unit->taken));
	}
	return ended;
}

static bool is_backend_of(const struct ezlb_spec *spec, const struct ezlb_service_key *service,
			  const struct ezlb_snat_key *key)
{
	for (size_t i = 0; i < spec->n_backends; i++) {
		const struct ezlb_snat_key have = ezlb_snat_key_of(EZLB_SNAT_KEY_BACKEND, service,
								   &spec->backends[i].endpoint);

		if (ezlb_snat_key_cmp(&have, key) == 0)
			return true;
	}
	return false;
}

static bool is_backend(const struct ezlb_spec *spec, const struct ezlb_snat_key *key)
{
	for (size_t i = 0; i < spec->n_listeners; i++)
		if (is_backend_of(spec, &spec->listeners[i].key, key))
			return true;
	return false;
}

/* True for a unit of the service, of its SNAT rows, or of a layer that it needs. */
static bool concerns(const struct ezlb_unit *unit, const struct ezlb_spec *spec)
{
	const struct ezlb_subject *subject = &unit->subject;

	if (unit->layer == EZLB_LAYER_TOA) /* the service works without it */
		return false;
	if (subject->kind == EZLB_SUBJECT_SERVICE)
		return ezlb_spec_has(spec, &subject->service);
	if (unit->layer != EZLB_LAYER_SNAT || !spec->full_nat)
		return false;
	return subject->kind == EZLB_SUBJECT_FRAME || is_backend(spec, &subject->backend);
}

/* --- interface of the pass ----------------------------------------------------------------- */

uint64_t ezlb_pass_due(const struct ezlb_pass *pass)
{
	uint64_t due = units_due(&pass->units);

	return pass->late.err.code != 0 && pass->late.due < due ? pass->late.due : due;
}

void ezlb_pass_rest(struct ezlb_pass *pass, uint64_t until_ms)
{
	units_rest(&pass->units, until_ms);
}

void ezlb_pass_hurry(struct ezlb_pass *pass)
{
	for (int i = 0; i <= EZLB_LAYERS; i++)
		units_hurry(&pass->units, (enum ezlb_layer_kind)i);
}

const struct ezlb_op *ezlb_pass_fights(struct ezlb_pass *pass, const struct ezlb_plan *drift,
				       uint64_t now_ms, size_t *n)
{
	return units_taken(&pass->units, drift, now_ms, n);
}

size_t ezlb_pass_calm(struct ezlb_pass *pass, uint64_t now_ms)
{
	return units_calm(&pass->units, now_ms);
}

bool ezlb_pass_is_fought_over(const struct ezlb_pass *pass, const struct ezlb_spec *spec)
{
	const struct ezlb_units *units = &pass->units;

	for (size_t i = 0; i < units->len; i++)
		if (units->items[i].fight && concerns(&units->items[i], spec))
			return true;
	return false;
}
