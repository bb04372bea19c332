// SPDX-License-Identifier: GPL-2.0-or-later
#include "rolelog.h"

#include <string.h>

#include <ezlb/log.h>
#include <ezlb/status.h>

/* NULL: not about roles. */
static const char *const messages[EZLB_EVENTS] = {
	[EZLB_EVENT_DRAIN_STARTED] = "a backend drains",
	[EZLB_EVENT_DRAIN_ENDED] = "the drain of a backend has ended",
	[EZLB_EVENT_SLOW_START_STARTED] = "the slow start of a backend has begun",
	[EZLB_EVENT_SLOW_START_ENDED] = "the slow start of a backend has ended",
	[EZLB_EVENT_FAIL_OPEN_STARTED] = "fail open: all backends of the service are scheduled",
	[EZLB_EVENT_FAIL_OPEN_ENDED] = "fail open has ended",
	[EZLB_EVENT_FALLBACK_STARTED] = "the fallback of the service serves",
	[EZLB_EVENT_FALLBACK_ENDED] = "the fallback of the service is not needed any more",
};

/* Services work without the addresses of their clients, so nothing else in the log says it. */
static const char *message_of(const struct ezlb_event *event)
{
	if (event->type != EZLB_EVENT_CONDITION_CHANGED)
		return messages[event->type];
	if (strcmp(event->object, ezlb_condition_type_str(EZLB_CLIENT_ADDRESS)) != 0)
		return NULL;
	return event->level == EZLB_EVENT_WARNING ? "backends do not see the clients"
						  : "backends can see the clients again";
}

void rolelog_write(const struct ezlb_events *events, uint64_t since)
{
	for (uint64_t seq = since + 1; seq <= events->last; seq++) {
		const struct ezlb_event *event = ezlb_events_get(events, seq);
		const char *message = event ? message_of(event) : NULL;
		bool is_condition = event && event->type == EZLB_EVENT_CONDITION_CHANGED;

		if (!message)
			continue;
		ezlb_log(event->level == EZLB_EVENT_WARNING ? EZLB_WARN : EZLB_INFO, "controller",
			 EZLB_S("msg", message), EZLB_S("svc", event->service),
			 EZLB_S("dst", event->object[0] && !is_condition ? event->object : NULL),
			 EZLB_S("reason", event->message));
	}
}
