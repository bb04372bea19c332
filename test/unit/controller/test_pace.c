// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include "pace.h"

static void test_a_verdict_alone_has_its_pass_soon(void **state)
{
	const struct pace pace = { .health_at = 1000 };

	(void)state;
	assert_int_equal(pace_after_verdict(&pace, 1000), 100); /* the pass has just been */
	assert_int_equal(pace_after_verdict(&pace, 1040), 60);
	assert_int_equal(pace_after_verdict(&pace, 1090), 10);
	assert_int_equal(pace_after_verdict(&pace, 1095), 10);
	assert_int_equal(pace_after_verdict(&pace, 900000), 10);
}

static void test_checks_of_what_was_written_become_rarer(void **state)
{
	static const uint64_t want[] = { 10, 20, 40, 80, 160, 320, 640, 640, 640 };
	struct pace pace = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(pace_after_pass(&pace, true), want[i]);
	assert_true(pace_after_pass(&pace, false) == PACE_NEVER);
	assert_int_equal(pace_after_pass(&pace, true), 10);
}

static void test_the_roster_has_its_time(void **state)
{
	static const struct {
		uint64_t due, begin, now, want;
	} cases[] = {
		{ 2000, 1000, 1002, 998 },
		{ 2000, 1000, 1020, 1000 }, /* a pass of 20 ms: 50 times that */
		{ 2000, 1000, 1040, 2000 },
		{ 9000, 1000, 1040, 7960 }, /* later than that anyway */
		{ 2000, 1000, 4000, 5000 }, /* a long pass is no reason for a drain of hours */
		{ 1000, 1000, 1000, 0 },    /* due already */
	};
	struct pace pace = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			pace_after_roster(&pace, cases[i].due, cases[i].begin, cases[i].now),
			cases[i].want);
		assert_int_equal(pace.life_at, cases[i].due);
	}
	assert_true(pace_after_roster(&pace, PACE_NEVER, 1000, 9000) == PACE_NEVER);
	assert_true(pace.life_at == PACE_NEVER);
}

static void test_retries_have_their_share(void **state)
{
	struct pace pace = { 0 };
	uint64_t now = 100000;

	(void)state;
	assert_int_equal(pace_after_retry(&pace, false, now, now + 20), 0);
	/* A pass of 20 ms for a retry, and one that checks it, are worth 2 s. */
	for (int i = 0; i < 8; i++, now += 30)
		assert_true(pace_after_retry(&pace, true, now, now + 20) <= now + 20);
	assert_int_equal(pace_after_retry(&pace, true, now, now + 20), 100000 + 2000);
	assert_int_equal(pace_after_retry(&pace, false, now, now + 900), 100000 + 2000);
	assert_int_equal(pace_after_retry(&pace, true, 102000, 102020), 100000 + 4000);
	/* After a while the first ones need not wait again. */
	now = 200000;
	for (int i = 0; i < 8; i++, now += 30)
		assert_true(pace_after_retry(&pace, true, now, now + 20) <= now + 20);
	/* A kernel that is very slow does not stop the retries. */
	for (int i = 0; i < 20; i++, now += 90000)
		assert_true(pace_after_retry(&pace, true, now, now + 60000) <= now + 90000);
}

static void test_memory_is_given_back(void **state)
{
	struct pace pace = { .trimmed_at = 10000 };

	(void)state;
	assert_false(pace_trims(&pace, 90000)); /* nothing has used any */
	pace_after_work(&pace, 90000);
	assert_false(pace_trims(&pace, 90999));
	pace_after_work(&pace, 90900); /* endless work does not put it off */
	assert_true(pace_trims(&pace, 91000));
	pace_after_trim(&pace, 91000);
	assert_false(pace_trims(&pace, 92500));
	pace_after_work(&pace, 91100); /* and does not make it happen all the time */
	assert_false(pace_trims(&pace, 92999));
	assert_true(pace_trims(&pace, 93000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_verdict_alone_has_its_pass_soon),
		cmocka_unit_test(test_checks_of_what_was_written_become_rarer),
		cmocka_unit_test(test_the_roster_has_its_time),
		cmocka_unit_test(test_retries_have_their_share),
		cmocka_unit_test(test_memory_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
