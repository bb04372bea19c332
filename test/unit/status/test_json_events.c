// SPDX-License-Identifier: GPL-2.0-or-later
#include "json_fixture.h"

static json_t *rendered_events(const struct ezlb_events *events, uint64_t since)
{
	struct ezlb_text out = { 0 };

	ezlb_events_json(events, since, &out);
	return parsed(&out);
}

static void test_the_example_of_an_event(void **state)
{
	EZLB_AUTO_FREE char *want = written(example("## /api/v1/events"));
	struct ezlb_events events = { 0 };
	struct ezlb_event *event = NULL;
	json_t *doc;

	(void)state;
	for (int i = 0; i < 41; i++)
		event = ezlb_events_add(&events, EZLB_EVENT_BACKEND_DOWN, ONE);
	ezlb_strcpy(event->service, sizeof(event->service), "web");
	ezlb_strcpy(event->object, sizeof(event->object), "192.168.10.12:80");
	ezlb_strcpy(event->message, sizeof(event->message), "connect_refused");
	doc = rendered_events(&events, 41);
	assert_written("since 41", doc, want);
	json_decref(doc);
	ezlb_events_clear(&events);
}

static void test_events_since(void **state)
{
	static const struct {
		const char *name;
		int n; /* how many there were */
		uint64_t since;
		int next, first, count;
	} cases[] = {
		{ "none", 0, 0, 1, 0, 0 },
		{ "none, as was said", 0, 1, 1, 0, 0 },
		{ "all", 3, 0, 4, 1, 3 },
		{ "from the first", 3, 1, 4, 1, 3 },
		{ "the last", 3, 3, 4, 3, 1 },
		{ "what is next", 3, 4, 4, 0, 0 },
		{ "of an earlier process", 3, 500, 4, 0, 0 },
		{ "the greatest number", 3, UINT64_MAX, 4, 0, 0 },
		{ "just all", 1000, 0, 1001, 1, 1000 },
		{ "all that is kept", 1234, 0, 1235, 235, 1000 },
		{ "from what is not kept", 1234, 234, 1235, 235, 1000 },
		{ "from the oldest", 1234, 235, 1235, 235, 1000 },
		{ "all but the oldest", 1234, 236, 1235, 236, 999 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_events events = { 0 };
		json_t *doc, *array;
		int first, next, count;

		for (int k = 0; k < cases[i].n; k++)
			ezlb_events_add(&events, EZLB_EVENT_APPLIED, 1);
		doc = rendered_events(&events, cases[i].since);
		array = json_object_get(doc, "events");
		count = (int)json_array_size(array);
		first = (int)json_integer_value(json_object_get(json_array_get(array, 0), "seq"));
		next = (int)json_integer_value(json_object_get(doc, "next"));
		if (next != cases[i].next || first != cases[i].first || count != cases[i].count)
			fail_msg("%s: %d from %d, next %d", cases[i].name, count, first, next);
		json_decref(doc);
		ezlb_events_clear(&events);
	}
}

static void test_a_text_of_an_event_that_ends_within_a_character(void **state)
{
	struct ezlb_events events = { 0 };
	struct ezlb_event *event = ezlb_events_add(&events, EZLB_EVENT_FILE_REFUSED, 1);
	json_t *doc;

	(void)state;
	ezlb_strcpy(event->object, sizeof(event->object),
		    "gr\xfc"
		    "n.yaml");
	ezlb_strcpy(event->message, 4, "gr\xc3\xbc");
	doc = rendered_events(&events, 0);
	assert_string_equal(text_at(json_array_get(json_object_get(doc, "events"), 0), "object"),
			    "gr\xef\xbf\xbdn.yaml");
	assert_string_equal(text_at(json_array_get(json_object_get(doc, "events"), 0), "message"),
			    "gr\xef\xbf\xbd");
	json_decref(doc);
	ezlb_events_clear(&events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_example_of_an_event),
		cmocka_unit_test(test_events_since),
		cmocka_unit_test(test_a_text_of_an_event_that_ends_within_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
