// SPDX-License-Identifier: GPL-2.0-or-later
/* part: a step over a few services, which leaves alone what is known of the others. */
#include "turn.h"

/* The step, without its consequences: `next` has what is known of these services afterwards. */
static void look_ahead(const struct ezlb_lifecycle *life, const struct ezlb_lifecycle_in *in,
		       struct ezlb_lifecycle *next, struct ezlb_roster *out)
{
	*next = (struct ezlb_lifecycle){ .members = { 0 } };
	*out = (struct ezlb_roster){ .due_ms = UINT64_MAX };
	for (size_t i = 0; i < in->desired->len; i++)
		turn_service(life, in, in->desired->items[i], next, out);
	EZLB_SORT(&next->members, turn_member_cmp);
	EZLB_SORT(&out->rows, ezlb_roster_row_cmp);
}

/* The number of rows of the service from `first` on. */
static size_t count_of(const struct ezlb_members *members, size_t first,
		       const struct ezlb_service_key *key)
{
	size_t n = 0;

	while (first + n < members->len &&
	       ezlb_service_key_cmp(&members->items[first + n].service, key) == 0)
		n++;
	return n;
}

static void replace_members(struct ezlb_members *all, const struct ezlb_members *now,
			    const struct ezlb_service_key *key)
{
	size_t at = FIRST_OF(all, key), from = FIRST_OF(now, key);
	size_t n = count_of(all, at, key), m = count_of(now, from, key);

	if (n > 0 || m > 0)
		EZLB_SPLICE(all, at, n, now->items + from, m);
}

static void replace_due(struct ezlb_life_dues *all, const struct ezlb_life_dues *now,
			const struct ezlb_service_key *key)
{
	size_t at = FIRST_OF(all, key);
	bool had = at < all->len && ezlb_service_key_cmp(&all->items[at].service, key) == 0;
	const struct ezlb_life_due *due = EZLB_FIND(now, key, ezlb_service_key_cmp);

	if (had || due)
		EZLB_SPLICE(all, at, had, due, due != NULL);
}

void ezlb_lifecycle_step_part(struct ezlb_lifecycle *life, const struct ezlb_lifecycle_in *in,
			      struct ezlb_roster *out)
{
	struct ezlb_lifecycle next;

	look_ahead(life, in, &next, out);
	EZLB_SORT(&next.dues, ezlb_service_key_cmp); /* which each begins with */
	for (size_t i = 0; i < in->desired->len; i++) {
		const struct ezlb_spec *spec = in->desired->items[i];
		const struct ezlb_service_key first = ezlb_spec_key(spec);

		for (size_t k = 0; k < spec->n_listeners; k++)
			replace_members(&life->members, &next.members, &spec->listeners[k].key);
		replace_due(&life->dues, &next.dues, &first);
	}
	out->due_ms = ezlb_lifecycle_next(life);
	ezlb_lifecycle_clear(&next);
}

static bool any_drains(const struct ezlb_members *members, const struct ezlb_service_key *key)
{
	size_t first = FIRST_OF(members, key), n = count_of(members, first, key);

	for (size_t i = first; i < first + n; i++)
		if (members->items[i].role == EZLB_ROLE_DRAINING)
			return true;
	return false;
}

bool ezlb_lifecycle_counts(const struct ezlb_lifecycle *life, const struct ezlb_lifecycle_in *in)
{
	struct ezlb_lifecycle next;
	struct ezlb_roster roster;
	bool any = false;

	look_ahead(life, in, &next, &roster);
	for (size_t i = 0; i < in->desired->len; i++) {
		const struct ezlb_spec *spec = in->desired->items[i];

		for (size_t k = 0; k < spec->n_listeners; k++)
			any = any || any_drains(&life->members, &spec->listeners[k].key) ||
			      any_drains(&next.members, &spec->listeners[k].key);
	}
	ezlb_lifecycle_clear(&next);
	ezlb_roster_clear(&roster);
	return any;
}
