// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/event.h>

static const struct {
	const char *name;
	enum ezlb_event_level level;
} types[] = {
	[EZLB_EVENT_STARTED] = { "Started", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_RELOADED] = { "Reloaded", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_FILE_REFUSED] = { "FileRefused", EZLB_EVENT_WARNING },
	[EZLB_EVENT_FILE_ACCEPTED] = { "FileAccepted", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_FILE_GONE] = { "FileGone", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_DIRECTORY_FROZEN] = { "DirectoryFrozen", EZLB_EVENT_WARNING },
	[EZLB_EVENT_DIRECTORY_BACK] = { "DirectoryBack", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_BACKEND_UP] = { "BackendUp", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_BACKEND_DOWN] = { "BackendDown", EZLB_EVENT_WARNING },
	[EZLB_EVENT_DRAIN_STARTED] = { "DrainStarted", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_DRAIN_ENDED] = { "DrainEnded", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_SLOW_START_STARTED] = { "SlowStartStarted", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_SLOW_START_ENDED] = { "SlowStartEnded", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_FAIL_OPEN_STARTED] = { "FailOpenStarted", EZLB_EVENT_WARNING },
	[EZLB_EVENT_FAIL_OPEN_ENDED] = { "FailOpenEnded", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_FALLBACK_STARTED] = { "FallbackStarted", EZLB_EVENT_WARNING },
	[EZLB_EVENT_FALLBACK_ENDED] = { "FallbackEnded", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_CONDITION_CHANGED] = { "ConditionChanged", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_APPLIED] = { "Applied", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_RECONCILE_FAILING] = { "ReconcileFailing", EZLB_EVENT_WARNING },
	[EZLB_EVENT_RECONCILE_RECOVERED] = { "ReconcileRecovered", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_REPAIRED] = { "Repaired", EZLB_EVENT_WARNING },
	[EZLB_EVENT_ADOPTED] = { "Adopted", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_FIGHT] = { "Fight", EZLB_EVENT_WARNING },
	[EZLB_EVENT_FIGHT_OVER] = { "FightOver", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_CONNTRACK_FULL] = { "ConntrackFull", EZLB_EVENT_WARNING },
	[EZLB_EVENT_CONNTRACK_RECOVERED] = { "ConntrackRecovered", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_BALANCER_DRAINED] = { "BalancerDrained", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_BALANCER_UNDRAINED] = { "BalancerUndrained", EZLB_EVENT_NORMAL },
	[EZLB_EVENT_VIP_WITHDRAWN] = { "VipWithdrawn", EZLB_EVENT_WARNING },
	[EZLB_EVENT_VIP_ANNOUNCED] = { "VipAnnounced", EZLB_EVENT_NORMAL },
};

const char *ezlb_event_type_str(enum ezlb_event_type type)
{
	return type < EZLB_EVENTS ? types[type].name : "?";
}

enum ezlb_event_level ezlb_event_type_level(enum ezlb_event_type type)
{
	return types[type].level;
}

const char *ezlb_event_level_str(enum ezlb_event_level level)
{
	static const char *const names[] = {
		[EZLB_EVENT_NORMAL] = "normal",
		[EZLB_EVENT_WARNING] = "warning",
	};

	return names[level];
}

struct ezlb_event *ezlb_events_add(struct ezlb_events *events, enum ezlb_event_type type,
				   int64_t now_ms)
{
	struct ezlb_event *event;

	if (!events->items)
		events->items = ezlb_calloc(EZLB_EVENTS_KEPT, sizeof(*events->items));
	event = &events->items[events->last % EZLB_EVENTS_KEPT];
	*event = (struct ezlb_event){
		.seq = ++events->last,
		.time_ms = now_ms,
		.type = type,
		.level = ezlb_event_type_level(type),
	};
	events->total[type]++;
	return event;
}

const struct ezlb_event *ezlb_events_get(const struct ezlb_events *events, uint64_t seq)
{
	if (seq == 0 || seq > events->last || events->last - seq >= EZLB_EVENTS_KEPT)
		return NULL;
	return &events->items[(seq - 1) % EZLB_EVENTS_KEPT];
}

void ezlb_events_clear(struct ezlb_events *events)
{
	free(events->items);
	*events = (struct ezlb_events){ 0 };
}
