// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <ezlb/log.h>

#include "rolelog.h"

static struct ezlb_event *add(struct ezlb_events *events, enum ezlb_event_type type,
			      const char *object, const char *message)
{
	struct ezlb_event *event = ezlb_events_add(events, type, 1);

	ezlb_strcpy(event->service, sizeof(event->service), "web");
	ezlb_strcpy(event->object, sizeof(event->object), object);
	ezlb_strcpy(event->message, sizeof(event->message), message);
	return event;
}

static char *logged(const struct ezlb_events *events, uint64_t since)
{
	struct capture capture = capture_begin(STDERR_FILENO);

	rolelog_write(events, since);
	return capture_end(capture);
}

static void test_a_line_for_each_event_about_roles(void **state)
{
	struct ezlb_events events = { 0 };
	EZLB_AUTO_FREE char *all = NULL, *rest = NULL;

	(void)state;
	add(&events, EZLB_EVENT_DRAIN_STARTED, "10.1.0.1:80", "it left the file");
	add(&events, EZLB_EVENT_APPLIED, "", "1 operation");
	add(&events, EZLB_EVENT_FAIL_OPEN_STARTED, "", "1 of 3 backends is up");
	all = logged(&events, 0);
	assert_non_null(strstr(all, "level=info pkg=controller msg=\"a backend drains\" svc=web "
				    "dst=10.1.0.1:80 reason=\"it left the file\"\n"));
	assert_non_null(strstr(all, "level=warn pkg=controller msg=\"fail open: all backends of "
				    "the service are scheduled\" svc=web "
				    "reason=\"1 of 3 backends is up\"\n"));
	assert_null(strstr(all, "1 operation"));
	rest = logged(&events, 1);
	assert_null(strstr(rest, "drains"));
	assert_non_null(strstr(rest, "fail open"));
	ezlb_events_clear(&events);
}

static void test_a_line_for_the_addresses_of_clients(void **state)
{
	struct ezlb_events events = { 0 };
	EZLB_AUTO_FREE char *all = NULL;

	(void)state;
	add(&events, EZLB_EVENT_CONDITION_CHANGED, "BackendsReady", "False, AllDown");
	add(&events, EZLB_EVENT_CONDITION_CHANGED, "ClientAddress", "False, Unsupported: no BTF")
		->level = EZLB_EVENT_WARNING;
	add(&events, EZLB_EVENT_CONDITION_CHANGED, "ClientAddress", "True, Added")->level =
		EZLB_EVENT_NORMAL;
	all = logged(&events, 0);
	assert_non_null(strstr(all,
			       "level=warn pkg=controller msg=\"backends do not see the clients\" "
			       "svc=web reason=\"False, Unsupported: no BTF\"\n"));
	assert_non_null(strstr(all, "level=info pkg=controller msg=\"backends can see the clients "
				    "again\" svc=web reason=\"True, Added\"\n"));
	assert_null(strstr(all, "AllDown"));
	ezlb_events_clear(&events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_for_each_event_about_roles),
		cmocka_unit_test(test_a_line_for_the_addresses_of_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
