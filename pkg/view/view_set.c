// SPDX-License-Identifier: GPL-2.0-or-later
/* view_set: sets the conditions of services, and adds the events about what changed. */
#include <stdio.h>

#include "conditions.h"
#include "deliverable.h"
#include "roles.h"
#include "view_inside.h"

static bool is_bad(const struct ezlb_condition *condition, enum ezlb_condition_type type)
{
	/* No event: Programmed and BackendsReady, or one event for all services, say so already. */
	if ((type == EZLB_DELIVERABLE && condition->reason == EZLB_REASON_CONNTRACK_FULL) ||
	    ((type == EZLB_DELIVERABLE || type == EZLB_CLIENT_ADDRESS) &&
	     condition->reason == EZLB_REASON_NOT_APPLIED))
		return false;
	switch (condition->reason) {
	case EZLB_REASON_VALID:
	case EZLB_REASON_PROGRAMMED:
	case EZLB_REASON_PENDING:
	case EZLB_REASON_ALL_UP:
	case EZLB_REASON_SOME_UNKNOWN:
	case EZLB_REASON_NO_CONFLICT:
	case EZLB_REASON_NO_OBSTACLE:
	case EZLB_REASON_LOCAL_BACKEND:
	case EZLB_REASON_NOT_ASKED:
	case EZLB_REASON_ADDED:
		return false;
	case EZLB_REASON_REFUSED:
	case EZLB_REASON_LAST_GOOD_KEPT:
	case EZLB_REASON_NOT_APPLIED:
	case EZLB_REASON_FAILED:
	case EZLB_REASON_HELD:
	case EZLB_REASON_UNREADABLE:
	case EZLB_REASON_FIGHT:
	case EZLB_REASON_SOME_DOWN:
	case EZLB_REASON_FAIL_OPEN:
	case EZLB_REASON_FALLBACK_SERVES:
	case EZLB_REASON_NONE_UP:
	case EZLB_REASON_NONE_SERVING:
	case EZLB_REASON_NAME_TAKEN:
	case EZLB_REASON_LISTENER_TAKEN:
	case EZLB_REASON_SNAT_CONFLICT:
	case EZLB_REASON_FOREIGN:
	case EZLB_REASON_NO_REAL_BACKEND:
	case EZLB_REASON_BACKEND_IS_LISTENER:
	case EZLB_REASON_NO_ANSWERS:
	case EZLB_REASON_CONNTRACK_FULL:
	case EZLB_REASON_SOURCE_NOT_LOCAL:
	case EZLB_REASON_SOURCE_PORTS_LOW:
	case EZLB_REASON_UNSUPPORTED:
	case EZLB_REASONS:
		break;
	}
	return true;
}

/* No event for a first good value at the start or of a new file. */
static void set(struct ezlb_view *view, struct ezlb_view_service *service,
		enum ezlb_condition_type type, const struct conditions_value *said, int64_t now_ms)
{
	struct ezlb_condition *condition = &service->conditions[type];
	bool was_bad = condition->since_ms && is_bad(condition, type);
	struct ezlb_event *event;

	/* An op that failed and now waits for its retry is still a failure. */
	if (said->reason == EZLB_REASON_HELD && condition->since_ms &&
	    condition->reason == EZLB_REASON_FAILED)
		return;
	if (!ezlb_condition_set(condition, type, said->reason, said->message, now_ms))
		return;
	if (!was_bad && !is_bad(condition, type))
		return;
	event = view_add_event(view, EZLB_EVENT_CONDITION_CHANGED, now_ms);
	event->level = is_bad(condition, type) ? EZLB_EVENT_WARNING : EZLB_EVENT_NORMAL;
	ezlb_strcpy(event->service, sizeof(event->service), service->name);
	ezlb_strcpy(event->object, sizeof(event->object), ezlb_condition_type_str(type));
	snprintf(event->message, sizeof(event->message), "%s, %s%s%s",
		 ezlb_truth_str(condition->status), ezlb_reason_str(condition->reason),
		 condition->message ? ": " : "", ezlb_condition_message(condition));
}

/* An event of its own, as it concerns all backends of the service. */
static void add_mass_event(struct ezlb_view *view, const struct ezlb_view_service *service,
			   enum ezlb_event_type type, int64_t now_ms)
{
	const struct ezlb_condition *ready = &service->conditions[EZLB_BACKENDS_READY];
	struct ezlb_event *event = view_add_event(view, type, now_ms);

	ezlb_strcpy(event->service, sizeof(event->service), service->name);
	if (event->level == EZLB_EVENT_WARNING)
		ezlb_strcpy(event->message, sizeof(event->message), ezlb_condition_message(ready));
	else
		snprintf(event->message, sizeof(event->message), "now: %s%s%s",
			 ezlb_reason_str(ready->reason), ready->message ? ": " : "",
			 ezlb_condition_message(ready));
}

/* Fail open and the fallback: `was` is the reason of BackendsReady until now. */
static void report_mass_failure(struct ezlb_view *view, const struct ezlb_view_service *service,
				enum ezlb_reason was, int64_t now_ms)
{
	static const struct {
		enum ezlb_reason reason;
		enum ezlb_event_type starts, ends;
	} kinds[] = {
		{ EZLB_REASON_FAIL_OPEN, EZLB_EVENT_FAIL_OPEN_STARTED, EZLB_EVENT_FAIL_OPEN_ENDED },
		{ EZLB_REASON_FALLBACK_SERVES, EZLB_EVENT_FALLBACK_STARTED,
		  EZLB_EVENT_FALLBACK_ENDED },
	};
	enum ezlb_reason now = service->conditions[EZLB_BACKENDS_READY].reason;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (was != now && was == kinds[i].reason)
			add_mass_event(view, service, kinds[i].ends, now_ms);
		if (was != now && now == kinds[i].reason)
			add_mass_event(view, service, kinds[i].starts, now_ms);
	}
}

static void set_ready(struct ezlb_view *view, struct ezlb_view_service *service,
		      const struct ezlb_catalog_entry *entry, const struct conditions_pass *pass,
		      int64_t now_ms)
{
	enum ezlb_reason was = service->conditions[EZLB_BACKENDS_READY].reason;
	struct conditions_value said;

	conditions_ready(entry, &service->roles, pass, &said);
	set(view, service, EZLB_BACKENDS_READY, &said, now_ms);
	report_mass_failure(view, service, was, now_ms);
}

static void recheck(struct ezlb_view *view, const struct ezlb_catalog *catalog,
		    const struct view_some *some, int64_t now_ms)
{
	struct deliverable deliverable = { .view = view, .catalog = catalog };
	struct conditions_value said;

	for (size_t k = 0; k < some->len; k++) {
		size_t i = view_nth(some, k);

		conditions_deliverable(&deliverable, catalog->entries.items[i].last, &said);
		set(view, &view->services.items[i], EZLB_DELIVERABLE, &said, now_ms);
	}
	deliverable_clear(&deliverable);
	view_sum(view, some);
}

void ezlb_view_recheck(struct ezlb_view *view, const struct ezlb_catalog *catalog, int64_t now_ms)
{
	const struct view_some all = view_all(catalog);

	recheck(view, catalog, &all, now_ms);
}

static void set_programmed(struct ezlb_view *view, struct ezlb_view_service *service,
			   const struct ezlb_catalog_entry *entry,
			   const struct conditions_pass *pass, int64_t now_ms)
{
	struct conditions_value said;

	conditions_programmed(entry, pass, &said);
	set(view, service, EZLB_PROGRAMMED, &said, now_ms);
	if (said.reason == EZLB_REASON_PROGRAMMED)
		service->applied_hash = entry->last_hash;
	if (said.reason == EZLB_REASON_NOT_APPLIED)
		service->applied_hash = 0;
}

/*
 * A pass over a part has read no routes. Their condition follows from them and from the backends
 * in the file, so the last pass over all services knows it.
 */
static void set_client_address(struct ezlb_view *view, struct ezlb_view_service *service,
			       const struct ezlb_catalog_entry *entry,
			       const struct conditions_pass *pass, int64_t now_ms)
{
	struct conditions_value said;

	if (pass && pass->is_part && entry->last &&
	    entry->last->client_address != EZLB_CLIENT_ADDRESS_NONE)
		return;
	conditions_client_address(entry, pass, &said);
	set(view, service, EZLB_CLIENT_ADDRESS, &said, now_ms);
}

void view_set(struct ezlb_view *view, const struct ezlb_catalog *catalog,
	      const struct view_some *some, const struct conditions_pass *pass, int64_t now_ms)
{
	struct conditions_value said;

	for (size_t k = 0; k < some->len; k++) {
		size_t i = view_nth(some, k);
		const struct ezlb_catalog_entry *entry = &catalog->entries.items[i];
		struct ezlb_view_service *service = &view->services.items[i];

		conditions_accepted(catalog, entry, &said);
		set(view, service, EZLB_ACCEPTED, &said, now_ms);
		/* The other conditions need a pass: keep those of the last one. */
		if (!pass && service->conditions[EZLB_PROGRAMMED].since_ms)
			continue;
		conditions_conflict(catalog, entry, pass, &said);
		set(view, service, EZLB_CONFLICT, &said, now_ms);
		set_programmed(view, service, entry, pass, now_ms);
		set_ready(view, service, entry, pass, now_ms);
		set_client_address(view, service, entry, pass, now_ms);
	}
	/* The message of all services has the number of entries. */
	if (view->conntrack_full)
		ezlb_view_recheck(view, catalog, now_ms);
	else
		recheck(view, catalog, some, now_ms);
}
