// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/view.h>

#include <inttypes.h>
#include <stdio.h>

#include "conditions.h"
#include "deliverable.h"
#include "roles.h"
#include "view_inside.h"

#define FAILING_MS 60000 /* time of failing passes until the daemon is not ready */

/* Percent of the conntrack table. Two limits, so that small changes cause no more events. */
#define CONNTRACK_FULL	    95
#define CONNTRACK_RECOVERED 90

/* --- events -------------------------------------------------------------------------------- */

struct ezlb_event *view_add_event(struct ezlb_view *view, enum ezlb_event_type type, int64_t now_ms)
{
	return ezlb_events_add(&view->events, type, now_ms + view->wall_shift_ms);
}

void ezlb_view_event(struct ezlb_view *view, enum ezlb_event_type type, const char *object,
		     const char *message, int64_t now_ms)
{
	struct ezlb_event *event = view_add_event(view, type, now_ms);

	ezlb_strcpy(event->object, sizeof(event->object), object ? object : "");
	ezlb_strcpy(event->message, sizeof(event->message), message ? message : "");
}

void ezlb_view_start(struct ezlb_view *view, int64_t now_ms)
{
	view->started_ms = now_ms;
	view->conntrack_entries = view->conntrack_max = -1;
	ezlb_view_event(view, EZLB_EVENT_STARTED, NULL, "version " EZLB_VERSION, now_ms);
}

bool ezlb_view_conntrack(struct ezlb_view *view, int64_t entries, int64_t max, int64_t now_ms)
{
	int64_t limit = view->conntrack_full ? CONNTRACK_RECOVERED : CONNTRACK_FULL;
	bool full = entries > 0 && max > 0 && entries >= (max * limit + 99) / 100;
	char message[160];

	view->conntrack_entries = entries;
	view->conntrack_max = max;
	if (full == view->conntrack_full)
		return false;
	view->conntrack_full = full;
	snprintf(message, sizeof(message), "%" PRId64 " of %" PRId64 " entries%s", entries, max,
		 full ? ": when the table is full, new connections are dropped; raise "
			"net.netfilter.nf_conntrack_max"
		      : "");
	ezlb_view_event(view, full ? EZLB_EVENT_CONNTRACK_FULL : EZLB_EVENT_CONNTRACK_RECOVERED,
			NULL, message, now_ms);
	return true;
}

/* No event if a backend comes up at the start. */
void ezlb_view_verdict(struct ezlb_view *view, const struct ezlb_health_change *change,
		       int64_t now_ms)
{
	bool down = change->to == EZLB_DOWN;
	struct ezlb_event *event;

	if (!down && change->from != EZLB_DOWN)
		return;
	event = view_add_event(view, down ? EZLB_EVENT_BACKEND_DOWN : EZLB_EVENT_BACKEND_UP,
			       now_ms);
	ezlb_strcpy(event->service, sizeof(event->service), change->service);
	ezlb_endpoint_format(&change->backend, event->object);
	if (change->outcome == EZLB_PROBE_HTTP_STATUS)
		snprintf(event->message, sizeof(event->message), "%s %d after %u ms",
			 ezlb_outcome_str(change->outcome), change->code, change->ms);
	else
		snprintf(event->message, sizeof(event->message), "%s after %u ms",
			 ezlb_outcome_str(change->outcome), change->ms);
}

/* --- conditions ---------------------------------------------------------------------------- */

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
		 condition->message[0] ? ": " : "", condition->message);
}

/* An event of its own, as it concerns all backends of the service. */
static void add_mass_event(struct ezlb_view *view, const struct ezlb_view_service *service,
			   enum ezlb_event_type type, int64_t now_ms)
{
	const struct ezlb_condition *ready = &service->conditions[EZLB_BACKENDS_READY];
	struct ezlb_event *event = view_add_event(view, type, now_ms);

	ezlb_strcpy(event->service, sizeof(event->service), service->name);
	if (event->level == EZLB_EVENT_WARNING)
		ezlb_strcpy(event->message, sizeof(event->message), ready->message);
	else
		snprintf(event->message, sizeof(event->message), "now: %s%s%s",
			 ezlb_reason_str(ready->reason), ready->message[0] ? ": " : "",
			 ready->message);
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

void ezlb_view_recheck(struct ezlb_view *view, const struct ezlb_catalog *catalog, int64_t now_ms)
{
	struct deliverable deliverable;
	struct conditions_value said;

	deliverable_open(&deliverable, view, catalog);
	/* Both are sorted by path and have the same files. */
	for (size_t i = 0; i < catalog->entries.len; i++) {
		conditions_deliverable(&deliverable, catalog->entries.items[i].last, &said);
		set(view, &view->services.items[i], EZLB_DELIVERABLE, &said, now_ms);
	}
	deliverable_clear(&deliverable);
}

/* True if a condition changes: while ports are low, its message has their number. */
static bool take_ports(struct ezlb_view *view, struct ezlb_ports *ports)
{
	bool changed = ezlb_ports_judge(ports, &view->ports);
	const struct ezlb_ports old = view->ports;

	view->ports = *ports;
	*ports = old;
	for (size_t i = 0; i < view->ports.len; i++)
		changed |= view->ports.items[i].low;
	return changed;
}

void ezlb_view_survey(struct ezlb_view *view, const struct ezlb_catalog *catalog,
		      const struct ezlb_view_survey *survey, int64_t now_ms)
{
	bool changed = false;

	if (survey->local && !ezlb_local_same(&view->local, survey->local)) {
		const struct ezlb_local old = view->local;

		view->local = *survey->local;
		*survey->local = old;
		changed = true;
	}
	if (survey->traffic)
		changed |= ezlb_answers_sample(&view->answers, survey->traffic, survey->clock_ms);
	if (survey->ports)
		changed |= take_ports(view, survey->ports);
	if (changed)
		ezlb_view_recheck(view, catalog, now_ms);
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

void view_set_all(struct ezlb_view *view, const struct ezlb_catalog *catalog,
		  const struct conditions_pass *pass, int64_t now_ms)
{
	struct conditions_value said;

	/* Both are sorted by path and have the same files. */
	for (size_t i = 0; i < catalog->entries.len; i++) {
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
		conditions_client_address(entry, pass, &said);
		set(view, service, EZLB_CLIENT_ADDRESS, &said, now_ms);
	}
	ezlb_view_recheck(view, catalog, now_ms);
}

bool ezlb_view_ready(const struct ezlb_view *view, uint64_t clock_ms, char why[EZLB_MESSAGE_STRLEN])
{
	uint64_t ms = clock_ms - view->failing_clock_ms;

	why[0] = '\0';
	if (view_drains(view, why))
		return false;
	if (view->passes == 0)
		snprintf(why, EZLB_MESSAGE_STRLEN,
			 "ezlb has not read the kernel yet: it has read no service files");
	else if (view->failing_since_ms && ms >= FAILING_MS)
		snprintf(why, EZLB_MESSAGE_STRLEN,
			 "reconcile runs have been failing for %llu s: %.180s",
			 (unsigned long long)ms / 1000, view->pass_error);
	return why[0] == '\0';
}

void ezlb_view_summary(const struct ezlb_view *view, uint64_t clock_ms, char *buf, size_t size)
{
	char why[EZLB_MESSAGE_STRLEN];
	struct ezlb_summary summary = { .conntrack_full = view->conntrack_full,
					.conntrack_entries = view->conntrack_entries,
					.conntrack_max = view->conntrack_max };

	if (!ezlb_view_ready(view, clock_ms, why))
		summary.not_ready = why;
	for (size_t i = 0; i < view->services.len; i++) { /* sorted by path */
		const struct ezlb_view_service *service = &view->services.items[i];

		summary.services += service->applied;
		if (service->diags && summary.refused++ == 0) {
			summary.refused_file = service->path;
			summary.refused_line = service->diag_line;
		}
		ezlb_summary_add(&summary, service->name, ezlb_state_of(service->conditions),
				 service->conditions);
	}
	ezlb_summary_text(&summary, buf, size);
}

void ezlb_view_clear(struct ezlb_view *view)
{
	for (size_t i = 0; i < view->services.len; i++) {
		free(view->services.items[i].path);
		EZLB_VEC_CLEAR(&view->services.items[i].roles);
	}
	EZLB_VEC_CLEAR(&view->services);
	view_dirs_clear(&view->dirs);
	EZLB_VEC_CLEAR(&view->vips);
	ezlb_local_clear(&view->local);
	ezlb_answers_clear(&view->answers);
	EZLB_VEC_CLEAR(&view->ports);
	ezlb_events_clear(&view->events);
}
