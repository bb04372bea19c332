// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "suspect.h"

static bool step(struct ezlb_suspect *suspect, enum ezlb_outcome outcome, int code)
{
	const struct ezlb_probe_result result = { outcome, code };

	return ezlb_suspect_step(suspect, &result);
}

static bool end(struct ezlb_suspect *suspect)
{
	return step(suspect, EZLB_PROBE_LOCAL_ERROR, EOWNERDEAD);
}

static void test_becomes_one_once(void **state)
{
	struct ezlb_suspect suspect = { 0 };

	(void)state;
	assert_false(end(&suspect));
	assert_false(step(&suspect, EZLB_PROBE_LOCAL_ERROR, ETIME));
	assert_false(ezlb_suspect_is(&suspect));
	assert_int_equal(ezlb_suspect_wait_ms(&suspect), 0);
	assert_true(end(&suspect));
	assert_true(ezlb_suspect_is(&suspect));
	assert_false(end(&suspect));
}

static void test_waits_longer_each_time(void **state)
{
	static const uint32_t want[] = { 30000, 60000, 120000, 240000, 480000, 600000, 600000 };
	struct ezlb_suspect suspect = { .ends = EZLB_SUSPECT_AFTER };

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(ezlb_suspect_wait_ms(&suspect), want[i]);
		end(&suspect);
	}
	suspect.ends = UINT32_MAX - 1;
	assert_int_equal(ezlb_suspect_wait_ms(&suspect), 600000);
}

/* A result, good or bad, shows that the worker has survived the probe. */
static void test_is_cleared(void **state)
{
	static const struct {
		enum ezlb_outcome outcome;
		int code;
		bool cleared;
	} cases[] = {
		{ EZLB_PROBE_OK, 0, true },
		{ EZLB_PROBE_HTTP_PROTOCOL, 0, true },
		{ EZLB_PROBE_LOCAL_ERROR, EMFILE, true },
		{ EZLB_PROBE_LOCAL_ERROR, ENOTCONN, false },
		{ EZLB_PROBE_LOCAL_ERROR, ETIME, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ezlb_suspect suspect = { .ends = EZLB_SUSPECT_AFTER };

		step(&suspect, cases[i].outcome, cases[i].code);
		assert_int_equal(ezlb_suspect_is(&suspect), !cases[i].cleared);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_becomes_one_once),
		cmocka_unit_test(test_waits_longer_each_time),
		cmocka_unit_test(test_is_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
