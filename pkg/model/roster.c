// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/roster.h>

#include <errno.h>

const char *ezlb_role_str(enum ezlb_role role)
{
	static const char *const names[] = {
		[EZLB_ROLE_WAITING] = "waiting",     [EZLB_ROLE_OUT] = "out",
		[EZLB_ROLE_STANDBY] = "standby",     [EZLB_ROLE_SERVING] = "serving",
		[EZLB_ROLE_STARTING] = "starting",   [EZLB_ROLE_FALLBACK] = "fallback",
		[EZLB_ROLE_FAIL_OPEN] = "fail_open", [EZLB_ROLE_DRAINING] = "draining",
	};

	return names[role];
}

const char *ezlb_drain_cause_str(enum ezlb_drain_cause cause)
{
	static const char *const names[] = {
		[EZLB_DRAIN_REMOVED] = "removed",
		[EZLB_DRAIN_DOWN] = "down",
		[EZLB_DRAIN_STANDBY] = "standby",
	};

	return names[cause];
}

int ezlb_drain_cause_parse(const char *text, enum ezlb_drain_cause *out)
{
	for (int i = 0; i < EZLB_DRAIN_CAUSES; i++) {
		if (strcmp(text, ezlb_drain_cause_str((enum ezlb_drain_cause)i)) != 0)
			continue;
		*out = (enum ezlb_drain_cause)i;
		return 0;
	}
	return -EINVAL;
}

int ezlb_drain_cmp(const void *pa, const void *pb)
{
	const struct ezlb_drain *a = pa, *b = pb;
	int rc = ezlb_service_key_cmp(&a->service, &b->service);

	return rc ? rc : ezlb_endpoint_cmp(&a->backend, &b->backend);
}

int ezlb_roster_row_cmp(const void *pa, const void *pb)
{
	const struct ezlb_roster_row *a = pa, *b = pb;
	int rc = ezlb_service_key_cmp(&a->service, &b->service);

	return rc ? rc : ezlb_endpoint_cmp(&a->backend, &b->backend);
}

const struct ezlb_roster_row *ezlb_roster_find(const struct ezlb_roster *roster,
					       const struct ezlb_service_key *service,
					       const struct ezlb_endpoint *backend)
{
	const struct ezlb_roster_row key = { .service = *service, .backend = *backend };

	return EZLB_FIND(&roster->rows, &key, ezlb_roster_row_cmp);
}

/* The first row that is not before the service. */
static size_t first_of(const struct ezlb_roster *roster, const struct ezlb_service_key *service)
{
	const struct ezlb_roster_row key = { .service = *service }; /* before any backend */

	return EZLB_FIRST(&roster->rows, &key, ezlb_roster_row_cmp);
}

const struct ezlb_roster_row *ezlb_roster_of(const struct ezlb_roster *roster,
					     const struct ezlb_service_key *service, size_t *n)
{
	size_t first = first_of(roster, service), end = first;

	while (end < roster->rows.len &&
	       ezlb_service_key_cmp(&roster->rows.items[end].service, service) == 0)
		end++;
	*n = end - first;
	return *n > 0 ? &roster->rows.items[first] : NULL;
}

void ezlb_roster_drains(const struct ezlb_roster *roster, struct ezlb_drains *out)
{
	for (size_t i = 0; i < roster->rows.len; i++) {
		const struct ezlb_roster_row *row = &roster->rows.items[i];

		if (row->role == EZLB_ROLE_DRAINING)
			*EZLB_PUSH(out) = (struct ezlb_drain){ row->service, row->backend,
							       row->until_ms, row->cause };
	}
}

bool ezlb_role_has_dest(enum ezlb_role role)
{
	return role != EZLB_ROLE_WAITING && role != EZLB_ROLE_OUT && role != EZLB_ROLE_STANDBY;
}

void ezlb_roster_clear(struct ezlb_roster *roster)
{
	EZLB_VEC_CLEAR(&roster->rows);
	EZLB_VEC_CLEAR(&roster->withdrawn);
	EZLB_VEC_CLEAR(&roster->vip_needs);
	*roster = (struct ezlb_roster){ .due_ms = UINT64_MAX };
}
