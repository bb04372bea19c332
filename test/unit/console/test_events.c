// SPDX-License-Identifier: GPL-2.0-or-later
#include "golden.h"

#include <errno.h>

#define EVENT(seq, time)                                                                \
	"{\"seq\": " seq ", \"time\": \"2026-11-23T01:00:" time "Z\", \"type\": \"T\"," \
	" \"message\": \"m" seq "\"}"
#define DOC(events) "{\"events\": [" events "]}"

static const struct ezlb_console_look plainly = { 0 };

static void test_lines(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("events.json");
	struct ezlb_console_cursor cursor = { 0 };
	struct ezlb_text text = { 0 };

	(void)state;
	assert_int_equal(ezlb_console_events(json, &plainly, &cursor, &text, NULL), 0);
	EZLB_AUTO_FREE char *got = ezlb_text_take(&text, NULL);
	assert_string_equal(
		got,
		"2026-11-23 01:00:00 normal  Started - - 0.1.0\n"
		"2026-11-23 01:00:01 warning BackendDown web 192.168.10.12:80 connect_refused\n"
		"2026-11-23 01:00:02 normal  Reloaded - -\n"
		"2026-11-23 01:00:03 normal  BackendUp web 192.168.10.11:80 ok\n");
	assert_int_equal(cursor.seq, 41);
	assert_int_equal(cursor.time_ms, 1795395603000);
}

static void test_colour(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("events.json");
	const struct ezlb_console_look look = { .colour = true };
	struct ezlb_console_cursor cursor = { 0 };
	struct ezlb_text text = { 0 };

	(void)state;
	assert_int_equal(ezlb_console_events(json, &look, &cursor, &text, NULL), 0);
	EZLB_AUTO_FREE char *got = ezlb_text_take(&text, NULL);
	assert_non_null(strstr(got, "01 \033[33mwarning\033[0m BackendDown"));
}

static void test_json(void **state)
{
	const struct ezlb_console_look look = { .json = true };
	struct ezlb_console_cursor cursor = { 0 };
	struct ezlb_text text = { 0 };

	(void)state;
	assert_int_equal(ezlb_console_events(DOC(EVENT("1", "00.000") "," EVENT("2", "01.000")),
					     &look, &cursor, &text, NULL),
			 0);
	EZLB_AUTO_FREE char *got = ezlb_text_take(&text, NULL);
	assert_string_equal(got, "{\"seq\":1,\"time\":\"2026-11-23T01:00:00.000Z\",\"type\":\"T\","
				 "\"message\":\"m1\"}\n"
				 "{\"seq\":2,\"time\":\"2026-11-23T01:00:01.000Z\",\"type\":\"T\","
				 "\"message\":\"m2\"}\n");
}

/* What a second answer makes of it, when event 5 of 01:00:05 was the last one shown. */
static void test_cursor(void **state)
{
	static const struct {
		const char *name, *in;
		int rc;
		const char *want;
		uint64_t seq;
	} cases[] = {
		{ "nothing new", DOC(EVENT("5", "05.000")), 0, "", 5 },
		{ "two more",
		  DOC(EVENT("5", "05.000") "," EVENT("6", "06.000") "," EVENT("7", "06.000")), 0,
		  "m6 m7 ", 7 },
		{ "more than are kept", DOC(EVENT("9", "09.000")), 0, "m9 ", 9 },
		{ "another daemon with fewer", DOC(""), -ESTALE, "", 0 },
		{ "another one with as many", DOC(EVENT("5", "15.000")), -ESTALE, "", 0 },
		{ "another one with more", DOC(EVENT("5", "15.000") "," EVENT("6", "16.000")),
		  -ESTALE, "", 0 },
		{ "less than was asked for", DOC(EVENT("4", "04.000")), -ESTALE, "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_console_cursor cursor = { 5, 1795395605000 };
		struct ezlb_text text = { 0 }, messages = { 0 };
		struct ezlb_err err = { 0 };
		int rc = ezlb_console_events(cases[i].in, &plainly, &cursor, &text, &err);
		EZLB_AUTO_FREE char *lines = ezlb_text_take(&text, NULL);
		char *save = NULL;

		for (char *line = strtok_r(lines, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			ezlb_text_printf(&messages, "%s ", strrchr(line, ' ') + 1);
		EZLB_AUTO_FREE char *got = ezlb_text_take(&messages, NULL);
		if (rc != cases[i].rc || strcmp(got, cases[i].want) != 0 ||
		    cursor.seq != cases[i].seq)
			fail_msg("%s: %d '%s' %llu", cases[i].name, rc, got,
				 (unsigned long long)cursor.seq);
	}
}

/* After that the new daemon's events are shown from the first on. */
static void test_another_daemon(void **state)
{
	struct ezlb_console_cursor cursor = { 5, 1795395605000 };
	struct ezlb_text text = { 0 };
	struct ezlb_err err = { 0 };

	(void)state;
	assert_int_equal(ezlb_console_events(DOC(""), &plainly, &cursor, &text, &err), -ESTALE);
	assert_string_equal(err.msg, "ezlb was restarted: its events start again");
	assert_int_equal(ezlb_console_events(DOC(EVENT("1", "11.000") "," EVENT("2", "12.000")),
					     &plainly, &cursor, &text, &err),
			 0);
	EZLB_AUTO_FREE char *got = ezlb_text_take(&text, NULL);
	assert_int_equal(count_lines(got), 2);
	assert_int_equal(cursor.seq, 2);
}

static void test_hostile(void **state)
{
	static const char json[] = DOC("{\"seq\": 1, \"level\": \"" HOSTILE
				       "\", \"type\": \"" HOSTILE "\", \"service\": \"" HOSTILE
				       "\", \"object\": \"" HOSTILE "\", \"message\": \"" HOSTILE
				       "\"}");
	struct ezlb_console_cursor cursor = { 0 };
	struct ezlb_text text = { 0 };

	(void)state;
	assert_int_equal(ezlb_console_events(json, &plainly, &cursor, &text, NULL), 0);
	EZLB_AUTO_FREE char *got = ezlb_text_take(&text, NULL);
	assert_harmless(got);
	assert_int_equal(count_lines(got), 1);
	assert_non_null(strstr(got, HOSTILE_SHOWN " " HOSTILE_SHOWN));
}

static void test_truncated(void **state)
{
	EZLB_AUTO_FREE char *json = read_data("events.json");

	(void)state;
	for (size_t n = 0; n < strlen(json); n += 7) {
		EZLB_AUTO_FREE char *part = ezlb_strndup(json, n);
		struct ezlb_console_cursor cursor = { 5, 0 };
		struct ezlb_text text = { 0 };

		assert_int_equal(ezlb_console_events(part, &plainly, &cursor, &text, NULL),
				 -EBADMSG);
		assert_int_equal(cursor.seq, 5);
		assert_int_equal(text.len, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	       cmocka_unit_test(test_colour),
		cmocka_unit_test(test_json),	       cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_another_daemon), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
