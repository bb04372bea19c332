// SPDX-License-Identifier: GPL-2.0-or-later
#include "golden.h"

#include <errno.h>

#define DOC(moved, idle, active, services, n, problem)                   \
	"{\"draining\": true, \"moved\": " moved ", \"idle\": " idle     \
	", \"active_connections\": " active ", \"services\": [" services \
	"], \"services_with_connections\": " n ", \"problem\": \"" problem "\"}"
#define OF(name, n) "{\"name\": \"" name "\", \"active_connections\": " n "}"

static void test_texts(void **state)
{
	static const struct {
		const char *json, *text;
		int64_t active;
		bool idle;
	} rows[] = {
		{ DOC("false", "false", "0", "", "0", ""), "the addresses have not moved yet", 0,
		  false },
		{ DOC("false", "false", "0", "", "0", "host: no"),
		  "the addresses have not moved yet: host: no", 0, false },
		{ DOC("true", "false", "null", "", "0", "no luck"),
		  "cannot count the connections: no luck", -1, false },
		{ DOC("true", "false", "0", "", "0", ""), "no connection is active", 0, false },
		{ DOC("true", "true", "0", "", "0", ""), "no connection is active", 0, true },
		{ DOC("true", "false", "1", OF("web", "1"), "1", ""),
		  "1 active connection: 1 of web", 1, false },
		{ DOC("true", "false", "3", OF("web", "2") "," OF("api", "1"), "2", ""),
		  "3 active connections: 2 of web, 1 of api", 3, false },
		{ DOC("true", "false", "4", OF("web", "3"), "2", ""),
		  "4 active connections: 3 of web, and 1 more service", 4, false },
		{ DOC("true", "false", "9", OF("web", "3"), "5", ""),
		  "9 active connections: 3 of web, and 4 more services", 9, false },
		/* For a terminal: no control characters. */
		{ DOC("true", "false", "1", OF("a\\u001b[2J", "1"), "1", ""),
		  "1 active connection: 1 of a?[2J", 1, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_console_drain found;

		assert_int_equal(ezlb_console_drain(rows[i].json, &found, NULL), 0);
		assert_string_equal(found.text, rows[i].text);
		assert_int_equal(found.active, rows[i].active);
		assert_int_equal(found.idle, rows[i].idle);
		assert_true(found.draining);
	}
}

static void test_not_draining(void **state)
{
	struct ezlb_console_drain found;

	(void)state;
	assert_int_equal(
		ezlb_console_drain("{\"draining\": false, \"services\": []}", &found, NULL), 0);
	assert_false(found.draining || found.idle);
	assert_int_equal(found.active, -1);
}

static void test_other_documents(void **state)
{
	static const char *const texts[] = { "", "[]", "{}", "{\"services\": 1}",
					     "no such path\n" };
	struct ezlb_console_drain found;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_int_equal(ezlb_console_drain(texts[i], &found, NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_not_draining),
		cmocka_unit_test(test_other_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
