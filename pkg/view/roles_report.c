// SPDX-License-Identifier: GPL-2.0-or-later
/* roles_report: the events about the roles of the backends of one service. */
#include "roles.h"

#include <inttypes.h>
#include <stdio.h>

#include "view_inside.h"

/*
 * If one pass changes more backends of a service, they share one event, so that they do not push
 * the other events out.
 */
#define FEW 5

#define TEXT_STRLEN 200

/* A backend before and after the pass; NULL: it had no role, or has none. */
struct pair {
	const struct ezlb_view_role *was, *now;
};
struct pairs EZLB_VEC(struct pair);

/* --- drains -------------------------------------------------------------------------------- */

static bool has_role(const struct ezlb_view_role *role, enum ezlb_role wanted)
{
	return role && role->role == wanted;
}

/* In whole seconds, rounded up; 0 if it is over. */
static uint64_t seconds_until(uint64_t until_ms, uint64_t clock_ms)
{
	return until_ms > clock_ms ? (until_ms - clock_ms + 999) / 1000 : 0;
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static bool drain_starts(const struct pair *pair)
{
	return has_role(pair->now, EZLB_ROLE_DRAINING) && !has_role(pair->was, EZLB_ROLE_DRAINING);
}

static void tell_drain_start(const struct roles_change *change, const struct pair *pair,
			     char text[TEXT_STRLEN])
{
	snprintf(text, TEXT_STRLEN, "%s; it will be removed in %" PRIu64 " s at the latest",
		 roles_why_drains(pair->now->cause),
		 seconds_until(pair->now->until_ms, change->clock_ms));
}

static bool drain_ends(const struct pair *pair)
{
	return has_role(pair->was, EZLB_ROLE_DRAINING) && !has_role(pair->now, EZLB_ROLE_DRAINING);
}

/* The connections of its dests before the pass; false if the kernel had no dest of it any more. */
static bool count_open(const struct roles_change *change, const struct ezlb_endpoint *backend,
		       uint64_t *n)
{
	const struct ezlb_spec *spec = change->spec;
	bool found = false;

	*n = 0;
	for (size_t i = 0; i < spec->n_listeners; i++) {
		const struct ezlb_service_key *service = &spec->listeners[i].key;
		const struct ezlb_dest_row key = {
			.service = *service, .endpoint = ezlb_dest_endpoint(service, backend)
		};
		const struct ezlb_dest_row *dest = EZLB_FIND(&change->found->actual.dests, &key,
							     ezlb_dest_row_cmp);

		found = found || dest;
		*n += dest ? dest->active : 0;
	}
	return found;
}

static void tell_drain_end(const struct roles_change *change, const struct pair *pair,
			   char text[TEXT_STRLEN])
{
	uint64_t n;

	if (pair->now && ezlb_role_has_dest(pair->now->role))
		snprintf(text, TEXT_STRLEN, "it is back: it takes new connections again");
	else if (!count_open(change, &pair->was->backend, &n))
		snprintf(text, TEXT_STRLEN, "the kernel does not have it any more");
	else if (n == 0)
		snprintf(text, TEXT_STRLEN, "no connections are left");
	else
		snprintf(text, TEXT_STRLEN, "%s: %" PRIu64 " connection%s cut",
			 change->clock_ms >= pair->was->until_ms
				 ? "the time is up"
				 : "it is removed before the time is up",
			 n, plural(n));
}

/* --- slow starts --------------------------------------------------------------------------- */

static bool slow_start_starts(const struct pair *pair)
{
	return has_role(pair->now, EZLB_ROLE_STARTING) && !has_role(pair->was, EZLB_ROLE_STARTING);
}

static void tell_slow_start(const struct roles_change *change, const struct pair *pair,
			    char text[TEXT_STRLEN])
{
	const struct ezlb_view_role *now = pair->now;
	uint64_t percent = now->full > 0 ? (uint64_t)now->weight * 100 / now->full : 100;

	snprintf(text, TEXT_STRLEN,
		 "its weight grows from %" PRIu64 "%% to all within %" PRIu64 " s", percent,
		 seconds_until(now->until_ms, change->clock_ms));
}

static bool slow_start_ends(const struct pair *pair)
{
	return has_role(pair->was, EZLB_ROLE_STARTING) && !has_role(pair->now, EZLB_ROLE_STARTING);
}

static void tell_slow_start_end(const struct roles_change *change, const struct pair *pair,
				char text[TEXT_STRLEN])
{
	(void)change;
	if (has_role(pair->now, EZLB_ROLE_SERVING))
		snprintf(text, TEXT_STRLEN, "it has its full weight");
	else if (has_role(pair->now, EZLB_ROLE_DRAINING))
		snprintf(text, TEXT_STRLEN, "it drains before it has its full weight");
	else
		snprintf(text, TEXT_STRLEN, "it is removed before it has its full weight");
}

/* --- all ----------------------------------------------------------------------------------- */

static const struct {
	enum ezlb_event_type type;
	bool (*is)(const struct pair *pair);
	void (*tell)(const struct roles_change *change, const struct pair *pair,
		     char text[TEXT_STRLEN]);
} reports[] = {
	{ EZLB_EVENT_DRAIN_ENDED, drain_ends, tell_drain_end },
	{ EZLB_EVENT_SLOW_START_ENDED, slow_start_ends, tell_slow_start_end },
	{ EZLB_EVENT_DRAIN_STARTED, drain_starts, tell_drain_start },
	{ EZLB_EVENT_SLOW_START_STARTED, slow_start_starts, tell_slow_start },
};

/* The backends whose role differs. Both lists are sorted. */
static void find_pairs(const struct ezlb_view_roles *old, const struct ezlb_view_roles *new,
		       struct pairs *out)
{
	size_t i = 0, k = 0;

	while (i < old->len || k < new->len) {
		const struct ezlb_view_role *was = i < old->len ? &old->items[i] : NULL;
		const struct ezlb_view_role *now = k < new->len ? &new->items[k] : NULL;
		int rc = !was ? 1 : !now ? -1 : ezlb_endpoint_cmp(&was->backend, &now->backend);

		i += rc <= 0;
		k += rc >= 0;
		if (rc != 0 || was->role != now->role)
			*EZLB_PUSH(out) = (struct pair){ rc <= 0 ? was : NULL,
							 rc >= 0 ? now : NULL };
	}
}

/* `total`: for how many backends the event is. */
static void add_event(struct ezlb_view *view, const struct roles_change *change, size_t report,
		      const struct pair *pair, size_t total)
{
	struct ezlb_event *event = view_add_event(view, reports[report].type, change->now_ms);
	char text[TEXT_STRLEN], ep[EZLB_ENDPOINT_STRLEN];

	ezlb_strcpy(event->service, sizeof(event->service), change->service->name);
	reports[report].tell(change, pair, text);
	ezlb_endpoint_format(pair->now ? &pair->now->backend : &pair->was->backend, ep);
	if (total > 1) {
		snprintf(event->message, sizeof(event->message), "%zu backends, the first: %s: %s",
			 total, ep, text);
		return;
	}
	ezlb_strcpy(event->object, sizeof(event->object), ep);
	ezlb_strcpy(event->message, sizeof(event->message), text);
}

static void add_events(struct ezlb_view *view, const struct roles_change *change, size_t report,
		       const struct pairs *pairs)
{
	size_t n = 0;

	for (size_t i = 0; i < pairs->len; i++)
		n += reports[report].is(&pairs->items[i]);
	for (size_t i = 0; i < pairs->len; i++) {
		if (!reports[report].is(&pairs->items[i]))
			continue;
		add_event(view, change, report, &pairs->items[i], n > FEW ? n : 1);
		if (n > FEW)
			return;
	}
}

void roles_report(struct ezlb_view *view, const struct roles_change *change)
{
	struct pairs pairs = { 0 };

	find_pairs(&change->service->roles, change->now, &pairs);
	for (size_t i = 0; pairs.len > 0 && i < sizeof(reports) / sizeof(reports[0]); i++)
		add_events(view, change, i, &pairs);
	EZLB_VEC_CLEAR(&pairs);
}
