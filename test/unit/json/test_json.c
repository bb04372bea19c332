// SPDX-License-Identifier: GPL-2.0-or-later
#include "json_written.h"

static void test_times(void **state)
{
	static const struct {
		const char *name;
		int64_t ms;
		const char *want;
	} cases[] = {
		{ "never", 0, "null" },
		{ "before there was time", -1, "null" },
		{ "the first", 1, "\"1970-01-01T00:00:00.001Z\"" },
		{ "a leap day", 1709251199999, "\"2024-02-29T23:59:59.999Z\"" },
		{ "beyond 32 bits", 4294967296000, "\"2106-02-07T06:28:16.000Z\"" },
		{ "the last", 253402300799999, "\"9999-12-31T23:59:59.999Z\"" },
		{ "beyond the last", 253402300800000, "null" },
		{ "a clock gone mad", INT64_MAX, "null" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		json_t *object = ezlb_json_object();

		ezlb_json_put_time(object, "t", cases[i].ms);
		assert_written(cases[i].name, json_object_get(object, "t"), cases[i].want);
		json_decref(object);
	}
}

/* As utf8.h says: U+FFFD for what is no character, and control characters are data. */
static void test_text_of_any_bytes(void **state)
{
	struct ezlb_text out = { 0 };
	EZLB_AUTO_FREE char *got = NULL;
	json_t *object = ezlb_json_object();

	(void)state;
	ezlb_json_put_text(object, "t", "\"\\\n\x1b[2J\xff\xe2\x82z\u00fc");
	ezlb_json_put_text(object, "none", NULL);
	ezlb_json_dump(object, false, &out);
	got = ezlb_text_take(&out, NULL);
	assert_string_equal(got, "{\"t\":\"\\\"\\\\\\n\\u001B[2J\ufffd\ufffd\ufffdz\u00fc\","
				 "\"none\":null}");
}

static void test_for_people(void **state)
{
	struct ezlb_text out = { 0 };
	EZLB_AUTO_FREE char *got = NULL;
	json_t *object = ezlb_json_object();

	(void)state;
	ezlb_json_put_count(object, "n", UINT64_MAX); /* more than jansson has */
	ezlb_json_put_known(object, "k", -1);
	ezlb_json_print(object, &out);
	got = ezlb_text_take(&out, NULL);
	assert_string_equal(got, "{\n  \"n\": 9223372036854775807,\n  \"k\": null\n}\n");
}

/* Escapes only where a terminal would take something for a command; the value is the same. */
static void test_for_a_terminal(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "z\u00fcrich", "\"z\u00fcrich\"" },
		{ "\xc2\x9b"
		  "2J",
		  "\"\\u009B2J\"" },			      /* CSI as one character */
		{ "a\u202eb\u00fc", "\"a\\u202Eb\\u00FC\"" }, /* right to left */
		{ "\u200b", "\"\\u200B\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ezlb_text out = { 0 };
		EZLB_AUTO_FREE char *got = NULL;
		json_t *array = json_array();

		ezlb_text_puts(&out, "\u00fc ");
		ezlb_json_add(array, ezlb_json_text(rows[i].text));
		ezlb_json_print(array, &out);
		got = ezlb_text_take(&out, NULL);
		assert_memory_equal(got, "\u00fc [\n  ", strlen("\u00fc [\n  "));
		assert_memory_equal(got + strlen("\u00fc [\n  "), rows[i].want,
				    strlen(rows[i].want));
		assert_string_equal(got + strlen("\u00fc [\n  ") + strlen(rows[i].want), "\n]\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_text_of_any_bytes),
		cmocka_unit_test(test_for_people),
		cmocka_unit_test(test_for_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
