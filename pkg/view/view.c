// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/view.h>

#include <inttypes.h>
#include <stdio.h>

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

/* --- what was read apart from a pass -------------------------------------------------------- */

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
	else if (survey->still)
		changed |= ezlb_answers_still(&view->answers, survey->clock_ms);
	if (survey->ports)
		changed |= take_ports(view, survey->ports);
	if (changed)
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
	struct ezlb_summary summary = view->summary;

	summary.conntrack_full = view->conntrack_full;
	summary.conntrack_entries = view->conntrack_entries;
	summary.conntrack_max = view->conntrack_max;
	if (!ezlb_view_ready(view, clock_ms, why))
		summary.not_ready = why;
	ezlb_summary_text(&summary, buf, size);
}

void view_service_clear(struct ezlb_view_service *service)
{
	free(service->path);
	ezlb_conditions_clear(service->conditions);
	EZLB_VEC_CLEAR(&service->roles);
}

void ezlb_view_clear(struct ezlb_view *view)
{
	for (size_t i = 0; i < view->services.len; i++) {
		view_service_clear(&view->services.items[i]);
	}
	EZLB_VEC_CLEAR(&view->services);
	view_dirs_clear(&view->dirs);
	EZLB_VEC_CLEAR(&view->vips);
	ezlb_local_clear(&view->local);
	ezlb_answers_clear(&view->answers);
	EZLB_VEC_CLEAR(&view->ports);
	ezlb_events_clear(&view->events);
}
