// SPDX-License-Identifier: GPL-2.0-or-later
#include "rolelog.h"

#include <ezlb/log.h>

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

void rolelog_write(const struct ezlb_events *events, uint64_t since)
{
	for (uint64_t seq = since + 1; seq <= events->last; seq++) {
		const struct ezlb_event *event = ezlb_events_get(events, seq);

		if (!event || !messages[event->type])
			continue;
		ezlb_log(event->level == EZLB_EVENT_WARNING ? EZLB_WARN : EZLB_INFO, "controller",
			 EZLB_S("msg", messages[event->type]), EZLB_S("svc", event->service),
			 EZLB_S("dst", event->object[0] ? event->object : NULL),
			 EZLB_S("reason", event->message));
	}
}
