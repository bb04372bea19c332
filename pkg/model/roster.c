// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/roster.h>

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

bool ezlb_role_has_dest(enum ezlb_role role)
{
	return role != EZLB_ROLE_WAITING && role != EZLB_ROLE_OUT && role != EZLB_ROLE_STANDBY;
}

void ezlb_roster_clear(struct ezlb_roster *roster)
{
	EZLB_VEC_CLEAR(&roster->rows);
	*roster = (struct ezlb_roster){ .due_ms = UINT64_MAX };
}
