// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/event.h>

static const struct {
	const char *name, *level;
} types[] = {
	[EZLB_EVENT_STARTED] = { "Started", "normal" },
	[EZLB_EVENT_RELOADED] = { "Reloaded", "normal" },
	[EZLB_EVENT_FILE_REFUSED] = { "FileRefused", "warning" },
	[EZLB_EVENT_FILE_ACCEPTED] = { "FileAccepted", "normal" },
	[EZLB_EVENT_FILE_GONE] = { "FileGone", "normal" },
	[EZLB_EVENT_DIRECTORY_FROZEN] = { "DirectoryFrozen", "warning" },
	[EZLB_EVENT_DIRECTORY_BACK] = { "DirectoryBack", "normal" },
	[EZLB_EVENT_BACKEND_UP] = { "BackendUp", "normal" },
	[EZLB_EVENT_BACKEND_DOWN] = { "BackendDown", "warning" },
	[EZLB_EVENT_DRAIN_STARTED] = { "DrainStarted", "normal" },
	[EZLB_EVENT_DRAIN_ENDED] = { "DrainEnded", "normal" },
	[EZLB_EVENT_SLOW_START_STARTED] = { "SlowStartStarted", "normal" },
	[EZLB_EVENT_SLOW_START_ENDED] = { "SlowStartEnded", "normal" },
	[EZLB_EVENT_FAIL_OPEN_STARTED] = { "FailOpenStarted", "warning" },
	[EZLB_EVENT_FAIL_OPEN_ENDED] = { "FailOpenEnded", "normal" },
	[EZLB_EVENT_FALLBACK_STARTED] = { "FallbackStarted", "warning" },
	[EZLB_EVENT_FALLBACK_ENDED] = { "FallbackEnded", "normal" },
	[EZLB_EVENT_CONDITION_CHANGED] = { "ConditionChanged", "normal" },
	[EZLB_EVENT_APPLIED] = { "Applied", "normal" },
	[EZLB_EVENT_RECONCILE_FAILING] = { "ReconcileFailing", "warning" },
	[EZLB_EVENT_RECONCILE_RECOVERED] = { "ReconcileRecovered", "normal" },
	[EZLB_EVENT_REPAIRED] = { "Repaired", "warning" },
	[EZLB_EVENT_ADOPTED] = { "Adopted", "normal" },
	[EZLB_EVENT_FIGHT] = { "Fight", "warning" },
	[EZLB_EVENT_FIGHT_OVER] = { "FightOver", "normal" },
	[EZLB_EVENT_CONNTRACK_FULL] = { "ConntrackFull", "warning" },
	[EZLB_EVENT_CONNTRACK_RECOVERED] = { "ConntrackRecovered", "normal" },
	[EZLB_EVENT_BALANCER_DRAINED] = { "BalancerDrained", "normal" },
	[EZLB_EVENT_BALANCER_UNDRAINED] = { "BalancerUndrained", "normal" },
	[EZLB_EVENT_VIP_WITHDRAWN] = { "VipWithdrawn", "warning" },
	[EZLB_EVENT_VIP_ANNOUNCED] = { "VipAnnounced", "normal" },
};

static void test_every_type_has_its_word_and_its_level(void **state)
{
	struct ezlb_events events = { 0 };

	(void)state;
	assert_int_equal(COUNT_OF(types), EZLB_EVENTS);
	for (int i = 0; i < EZLB_EVENTS; i++) {
		enum ezlb_event_type type = (enum ezlb_event_type)i;
		const struct ezlb_event *event = ezlb_events_add(&events, type, 77);

		assert_string_equal(ezlb_event_type_str(type), types[i].name);
		assert_string_equal(ezlb_event_level_str(event->level), types[i].level);
		assert_int_equal(event->level, ezlb_event_type_level(type));
		assert_int_equal(event->type, type);
		assert_int_equal(event->time_ms, 77);
		assert_int_equal(events.total[i], 1);
	}
	assert_string_equal(ezlb_event_type_str(EZLB_EVENTS), "?");
	ezlb_events_clear(&events);
}

static void test_an_empty_ring_has_nothing(void **state)
{
	struct ezlb_events events = { 0 };

	(void)state;
	assert_null(ezlb_events_get(&events, 0));
	assert_null(ezlb_events_get(&events, 1));
	ezlb_events_clear(&events);
}

static void test_the_last_thousand_are_kept(void **state)
{
	struct ezlb_events events = { 0 };
	const uint64_t n = 2 * EZLB_EVENTS_KEPT + 7;

	(void)state;
	for (uint64_t i = 1; i <= n; i++) {
		struct ezlb_event *event = ezlb_events_add(&events, EZLB_EVENT_APPLIED, (int64_t)i);

		assert_int_equal(event->seq, i);
		assert_string_equal(event->message, "");
		snprintf(event->message, sizeof(event->message), "number %d", (int)i);
		assert_ptr_equal(ezlb_events_get(&events, i), event);
		assert_null(ezlb_events_get(&events, i + 1));
	}
	assert_int_equal(events.total[EZLB_EVENT_APPLIED], n);
	assert_null(ezlb_events_get(&events, 0));
	assert_null(ezlb_events_get(&events, n - EZLB_EVENTS_KEPT));
	for (uint64_t seq = n - EZLB_EVENTS_KEPT + 1; seq <= n; seq++) {
		const struct ezlb_event *event = ezlb_events_get(&events, seq);

		assert_non_null(event);
		assert_int_equal(event->seq, seq);
		assert_int_equal(event->time_ms, seq);
	}
	ezlb_events_clear(&events);
	assert_null(events.items);
	assert_null(ezlb_events_get(&events, n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_type_has_its_word_and_its_level),
		cmocka_unit_test(test_an_empty_ring_has_nothing),
		cmocka_unit_test(test_the_last_thousand_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
