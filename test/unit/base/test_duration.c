// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <time.h>

#include <errno.h>

#include <ezlb/duration.h>

static const struct {
	const char *in;
	int rc;
	uint32_t want;
} parses[] = {
	{ "500ms", 0, 500 },
	{ "5s", 0, 5000 },
	{ "2m", 0, 120000 },
	{ "1h", 0, 3600000 },
	{ "1m30s", 0, 90000 },
	{ "1h2m3s4ms", 0, 3723004 },
	{ "1h4ms", 0, 3600004 },
	{ "0s", 0, 0 },
	{ "0h0m0s0ms", 0, 0 },
	{ "90s", 0, 90000 },
	{ "007s", 0, 7000 },
	{ "24h", 0, 86400000 },
	{ "86400000ms", 0, 86400000 },
	{ "23h59m59s1000ms", 0, 86400000 },
	{ "24h1ms", -ERANGE, 0 },
	{ "25h", -ERANGE, 0 },
	{ "86400001ms", -ERANGE, 0 },
	{ "4294967296ms", -ERANGE, 0 },
	{ "4294967297s", -ERANGE, 0 },
	{ "18446744073709551616ms", -ERANGE, 0 },
	{ "18446744073709551617ms", -ERANGE, 0 },
	{ "99999999999999999999999999999999999999h", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "5", -EINVAL, 0 },
	{ "0", -EINVAL, 0 },
	{ "s", -EINVAL, 0 },
	{ "ms", -EINVAL, 0 },
	{ "1.5s", -EINVAL, 0 },
	{ "1,5s", -EINVAL, 0 },
	{ "-1s", -EINVAL, 0 },
	{ "+1s", -EINVAL, 0 },
	{ " 1s", -EINVAL, 0 },
	{ "1s ", -EINVAL, 0 },
	{ "1 s", -EINVAL, 0 },
	{ "1m 30s", -EINVAL, 0 },
	{ "1S", -EINVAL, 0 },
	{ "1d", -EINVAL, 0 },
	{ "1us", -EINVAL, 0 },
	{ "1sec", -EINVAL, 0 },
	{ "5s5", -EINVAL, 0 },
	{ "5s5s", -EINVAL, 0 },
	{ "30s1m", -EINVAL, 0 },
	{ "1ms1s", -EINVAL, 0 },
	{ "1m1h", -EINVAL, 0 },
	{ "1msm", -EINVAL, 0 },
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(parses); i++) {
		uint32_t ms = 12345;
		struct ezlb_err err = { 0 };
		int rc = ezlb_duration_parse(parses[i].in, &ms, &err);

		if (rc != parses[i].rc)
			fail_msg("'%s' gave %d", parses[i].in, rc);
		assert_int_equal(ms, rc == 0 ? parses[i].want : 12345);
		assert_int_equal(err.code, -rc);
		assert_true(rc == 0 || *parses[i].in == '\0' || strstr(err.msg, parses[i].in));
	}
}

static const struct {
	uint32_t ms;
	const char *want;
} formats[] = {
	{ 0, "0s" },	      { 1, "1ms" },
	{ 999, "999ms" },     { 1000, "1s" },
	{ 1500, "1s500ms" },  { 60000, "1m" },
	{ 90000, "1m30s" },   { 3600000, "1h" },
	{ 3600004, "1h4ms" }, { 86399999, "23h59m59s999ms" },
	{ 86400000, "24h" },  { UINT32_MAX, "1193h2m47s295ms" },
};

static void test_format(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		char buf[EZLB_DURATION_STRLEN];

		assert_string_equal(ezlb_duration_format(formats[i].ms, buf), formats[i].want);
	}
}

static void test_what_is_formatted_parses_back(void **state)
{
	(void)state;
	for (uint32_t ms = 0; ms <= 86400000; ms += 99991) {
		char buf[EZLB_DURATION_STRLEN];
		uint32_t back = ms + 1;

		assert_int_equal(ezlb_duration_parse(ezlb_duration_format(ms, buf), &back, NULL),
				 0);
		assert_int_equal(back, ms);
	}
}

static void test_clock_does_not_go_back(void **state)
{
	uint64_t before = ezlb_now_ms();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t now = ezlb_now_ms();

		assert_true(now >= before);
		before = now;
	}
	assert_true(before > 0);
}

static void test_wall_clock(void **state)
{
	(void)state;
	assert_true(ezlb_wall_ms() / 1000 - time(NULL) <= 1);
	assert_true(time(NULL) - ezlb_wall_ms() / 1000 <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wall_clock),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_what_is_formatted_parses_back),
		cmocka_unit_test(test_clock_does_not_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
