// SPDX-License-Identifier: GPL-2.0-or-later
#include "roles.h"

static int role_cmp(const void *pa, const void *pb)
{
	const struct ezlb_view_role *a = pa, *b = pb;

	return ezlb_endpoint_cmp(&a->backend, &b->backend);
}

/* --- the rows of a service ----------------------------------------------------------------- */

/* The index of the first row that is not before the virtual service. */
static size_t first_row(const struct ezlb_roster_rows *rows, const struct ezlb_service_key *key)
{
	size_t low = 0, high = rows->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (ezlb_service_key_cmp(&rows->items[mid].service, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void take_row(const struct ezlb_roster_row *row, const struct ezlb_spec *spec,
		     struct ezlb_view_roles *out)
{
	bool in_file = row->index < spec->n_backends;

	/* Without a port in the file it has a dest with another port at each listener. */
	*EZLB_PUSH(out) = (struct ezlb_view_role){
		.backend = in_file ? spec->backends[row->index].endpoint : row->backend,
		.removed = !in_file,
		.role = (uint8_t)row->role,
		.cause = (uint8_t)row->cause,
		.weight = row->weight,
		.full = row->full,
		.until_ms = row->until_ms,
		.active = row->active,
	};
}

static void take_listener(const struct ezlb_roster_rows *rows, const struct ezlb_service_key *key,
			  const struct ezlb_spec *spec, struct ezlb_view_roles *out)
{
	for (size_t i = first_row(rows, key); i < rows->len; i++) {
		if (ezlb_service_key_cmp(&rows->items[i].service, key) != 0)
			break;
		take_row(&rows->items[i], spec, out);
	}
}

/* A drain may have ended at one listener and not at another one yet. */
static void merge(struct ezlb_view_role *to, const struct ezlb_view_role *from)
{
	uint32_t active = to->active + from->active;
	uint64_t until_ms = to->until_ms > from->until_ms ? to->until_ms : from->until_ms;

	if (from->role == EZLB_ROLE_DRAINING)
		*to = *from;
	to->active = active;
	to->until_ms = until_ms;
}

static void merge_listeners(struct ezlb_view_roles *roles)
{
	size_t n = 0;

	for (size_t i = 0; i < roles->len; i++)
		if (n > 0 && role_cmp(&roles->items[n - 1], &roles->items[i]) == 0)
			merge(&roles->items[n - 1], &roles->items[i]);
		else
			roles->items[n++] = roles->items[i];
	roles->len = n;
}

void roles_take(const struct ezlb_roster *roster, const struct ezlb_spec *spec,
		struct ezlb_view_roles *out)
{
	out->len = 0;
	if (!spec || roster->rows.len == 0)
		return;
	for (size_t i = 0; i < spec->n_listeners; i++)
		take_listener(&roster->rows, &spec->listeners[i].key, spec, out);
	EZLB_SORT(out, role_cmp);
	merge_listeners(out);
}

static bool role_same(const struct ezlb_view_role *a, const struct ezlb_view_role *b)
{
	return ezlb_endpoint_cmp(&a->backend, &b->backend) == 0 && a->removed == b->removed &&
	       a->role == b->role && a->cause == b->cause && a->weight == b->weight &&
	       a->full == b->full && a->until_ms == b->until_ms && a->active == b->active;
}

static bool roles_same(const struct ezlb_view_roles *a, const struct ezlb_view_roles *b)
{
	bool same = a->len == b->len;

	for (size_t i = 0; same && i < a->len; i++)
		same = role_same(&a->items[i], &b->items[i]);
	return same;
}

void roles_keep(struct ezlb_view_roles *to, const struct ezlb_view_roles *from)
{
	if (roles_same(to, from))
		return;
	if (to->len != from->len) {
		EZLB_VEC_CLEAR(to);
		to->items = from->len ? ezlb_calloc(from->len, sizeof(*to->items)) : NULL;
		to->cap = from->len;
	}
	EZLB_VEC_COPY(to, from);
}

/* --- questions ----------------------------------------------------------------------------- */

const struct ezlb_view_role *roles_find(const struct ezlb_view_roles *roles,
					const struct ezlb_endpoint *backend)
{
	const struct ezlb_view_role key = { .backend = *backend };

	return EZLB_FIND(roles, &key, role_cmp);
}

size_t roles_count(const struct ezlb_view_roles *roles, enum ezlb_role role)
{
	size_t n = 0;

	for (size_t i = 0; i < roles->len; i++)
		n += roles->items[i].role == role;
	return n;
}

const char *roles_why_drains(enum ezlb_drain_cause cause)
{
	static const char *const whys[] = {
		[EZLB_DRAIN_REMOVED] = "it left the file",
		[EZLB_DRAIN_DOWN] = "it is down",
		[EZLB_DRAIN_STANDBY] = "the fallback is not needed any more",
	};

	return whys[cause];
}

bool roles_serves(const struct ezlb_view_role *role)
{
	return role->weight > 0 && role->role != EZLB_ROLE_DRAINING &&
	       ezlb_role_has_dest(role->role);
}
