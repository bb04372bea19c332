// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "schedule.h"

static const struct {
	const char *name;
	size_t k, n;
	uint32_t interval;
	uint32_t want;
} firsts[] = {
	{ "one target starts at once", 0, 1, 5000, 0 },
	{ "a few do not wait for each other", 2, 3, 5000, 20 },
	{ "many are spread over a second", 5000, 10000, 5000, 500 },
	{ "the last one is within it", 9999, 10000, 5000, 999 },
	{ "a short interval is the limit", 999, 1000, 50, 49 },
};

static void test_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		uint32_t got = ezlb_schedule_first(firsts[i].k, firsts[i].n, firsts[i].interval);

		if (got != firsts[i].want)
			fail_msg("%s: %u", firsts[i].name, got);
	}
}

static const struct {
	const char *name;
	uint64_t started;
	uint32_t interval;
	uint32_t phase;
	uint64_t want;
} nexts[] = {
	{ "in phase: one interval", 10000, 1000, 0, 11000 },
	{ "in phase, in the middle", 10500, 1000, UINT32_C(1) << 31, 11500 },
	{ "a little late catches up", 10003, 1000, 0, 11000 },
	{ "half an interval late leaves one out", 10501, 1000, 0, 12000 },
	{ "just half an interval is enough", 10500, 1000, 0, 11000 },
	{ "an interval of 1 ms moves on", 10000, 1, UINT32_MAX, 10001 },
	{ "an odd interval", 30, 3, 0, 33 },
};

static void test_next(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++) {
		uint64_t got = ezlb_schedule_next(nexts[i].started, nexts[i].interval,
						  nexts[i].phase);

		if (got != nexts[i].want)
			fail_msg("%s: %llu", nexts[i].name, (unsigned long long)got);
	}
}

/* Whatever the start: the gap is half an interval to one and a half, and the next is in phase. */
static void test_gap(void **state)
{
	(void)state;
	for (uint32_t interval = 1; interval < 2000; interval += 37) {
		for (uint32_t n = 0; n < 200; n++) {
			uint32_t phase = ezlb_schedule_phase(n);
			uint64_t started = 5000 + n * 13;
			uint64_t next = ezlb_schedule_next(started, interval, phase);

			assert_true(next > started);
			assert_in_range((next - started) * 2, interval, interval * 3);
			assert_int_equal(ezlb_schedule_next(next, interval, phase),
					 next + interval);
		}
	}
}

static void test_phases_are_even(void **state)
{
	static const struct {
		uint32_t from, n;
	} runs[] = { { 0, 10 }, { 0, 100 }, { 0, 10000 }, { 777, 50 }, { UINT32_MAX - 20, 40 } };

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		unsigned tenth[10] = { 0 };

		for (uint32_t k = 0; k < runs[i].n; k++) {
			uint64_t phase = ezlb_schedule_phase(runs[i].from + k);

			tenth[phase * 10 >> 32]++;
		}
		for (size_t b = 0; b < 10; b++)
			assert_in_range(tenth[b], runs[i].n / 10 - 1, runs[i].n / 10 + 2);
	}
}

#define HALF (UINT32_C(1) << 31)

static const struct {
	const char *name;
	unsigned n;
	uint32_t phase;
	uint32_t want;
} agains[] = {
	{ "nothing was lost", 0, HALF, UINT32_MAX },
	{ "the first one", 1, HALF, 1000 },
	{ "the second one", 2, HALF, 2000 },
	{ "doubled each time", 5, HALF, 16000 },
	{ "30 s at most", 6, HALF, 30000 },
	{ "for ever", UINT_MAX, HALF, 30000 },
	{ "the earliest", 1, 0, 500 },
	{ "the latest", 1, UINT32_MAX, 1499 },
	{ "the latest of all", 100, UINT32_MAX, 44999 },
};

static void test_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(agains) / sizeof(agains[0]); i++) {
		uint32_t got = ezlb_schedule_again(agains[i].n, agains[i].phase);

		if (got != agains[i].want)
			fail_msg("%s: %u", agains[i].name, got);
	}
}

/* A worker ends with 10,000 probes: never more than 12 of them follow in one ms. */
static void test_again_is_spread(void **state)
{
	unsigned in_ms[1500] = { 0 };

	(void)state;
	for (uint32_t n = 0; n < 10000; n++) {
		uint32_t wait = ezlb_schedule_again(1, ezlb_schedule_phase(n));

		assert_in_range(wait, 500, 1499);
		assert_true(++in_ms[wait] <= 12);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again), cmocka_unit_test(test_again_is_spread),
		cmocka_unit_test(test_first), cmocka_unit_test(test_next),
		cmocka_unit_test(test_gap),   cmocka_unit_test(test_phases_are_even),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
