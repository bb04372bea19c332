// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <math.h>
#include <time.h>

#include "human.h"

static void test_numbers(void **state)
{
	static const struct {
		double in;
		const char *want;
	} cases[] = {
		{ 0, "0/s" },	       { 5, "5/s" },	     { 999, "999/s" },
		{ 999.4, "999/s" },    { 999.6, "1.0k/s" },  { 1000, "1.0k/s" },
		{ 12345, "12.3k/s" },  { 99940, "99.9k/s" }, { 99960, "100k/s" },
		{ 999499, "999k/s" },  { 999500, "1.0M/s" }, { 4.5e9, "4.5G/s" },
		{ 7.25e12, "7.2T/s" }, { 1e15, "1.0P/s" },   { 1e300, "1000000P/s" },
		{ -3, "0/s" },	       { NAN, "0/s" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(human_rate(cases[i].in).s, cases[i].want);
	assert_string_equal(human_bytes(4512345).s, "4.5MB/s");
	assert_string_equal(human_bytes(800).s, "800B/s");
}

static void test_ages(void **state)
{
	static const struct {
		int64_t s;
		const char *want;
	} cases[] = {
		{ -5, "0s" },	   { 0, "0s" },	     { 59, "59s" },
		{ 60, "1m" },	   { 3599, "59m" },  { 3600, "1h" },
		{ 172799, "47h" }, { 172800, "2d" }, { 86400LL * 4000, "4000d" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_string_equal(human_age(cases[i].s * 1000).s, cases[i].want);
}

static void test_times(void **state)
{
	static const struct {
		const char *in;
		int64_t want;
	} cases[] = {
		{ "2026-11-23T01:02:03.456Z", 1795395723456 },
		{ "2026-11-23T01:02:03Z", 1795395723000 },
		{ "1970-01-01T00:00:00.000Z", 0 },
		{ "", 0 },
		{ "yesterday", 0 },
		{ "2026-11-23", 0 },
		{ "2026-11-23T01:02:03.x", 0 },
	};

	(void)state;
	/* Wherever the operator is. */
	setenv("TZ", "Elsewhere-9", 1);
	tzset();
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(human_time_parse(cases[i].in), cases[i].want);
	assert_string_equal(human_time(1795395723456).s, "2026-11-23 01:02:03");
	assert_string_equal(human_time(0).s, "-");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
