// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fsm.h"

/* results: '+' success, '-' failure; want: the verdict after each ('?' UNKNOWN, 'U' UP, 'D' DOWN).
 */
static const struct {
	const char *name;
	struct ezlb_thresholds limits;
	const char *results;
	const char *want;
} sequences[] = {
	{ "the first success is up", { 3, 2 }, "+", "U" },
	{ "failures before it do not count", { 3, 2 }, "--+", "??U" },
	{ "unknown goes down after fail_count", { 3, 2 }, "----", "??DD" },
	{ "up goes down after fail_count", { 3, 2 }, "+---", "UUUD" },
	{ "a success starts the count again", { 3, 2 }, "+--+--+---", "UUUUUUUUUD" },
	{ "down comes up after rise_count", { 3, 2 }, "---++", "??DDU" },
	{ "a failure starts the count again", { 3, 3 }, "---++-++-+++", "??DDDDDDDDDU" },
	{ "one and one follow each result", { 1, 1 }, "-+-+", "DUDU" },
	{ "from up again it takes fail_count again", { 2, 1 }, "--+--", "?DUUD" },
	{ "a long time up does not matter", { 2, 2 }, "++++++++--++", "UUUUUUUUUDDU" },
};

static enum ezlb_verdict verdict_of(char letter)
{
	if (letter == 'U')
		return EZLB_UP;
	return letter == 'D' ? EZLB_DOWN : EZLB_UNKNOWN;
}

static void test_sequences(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		struct ezlb_fsm fsm = { 0 };

		for (size_t k = 0; sequences[i].results[k] != '\0'; k++) {
			enum ezlb_verdict before = fsm.verdict;
			bool success = sequences[i].results[k] == '+';
			bool changed = ezlb_fsm_step(&fsm, &sequences[i].limits, success);

			if (fsm.verdict != verdict_of(sequences[i].want[k]))
				fail_msg("%s: result %zu", sequences[i].name, k);
			assert_int_equal(changed, fsm.verdict != before);
		}
	}
}

static void test_thresholds_change_in_place(void **state)
{
	struct ezlb_fsm fsm = { 0 };
	struct ezlb_thresholds three = { 3, 2 }, four = { 4, 2 }, one = { 1, 2 };

	(void)state;
	assert_true(ezlb_fsm_step(&fsm, &three, true));
	assert_false(ezlb_fsm_step(&fsm, &three, false));
	assert_false(ezlb_fsm_step(&fsm, &three, false));
	assert_false(ezlb_fsm_step(&fsm, &four, false));
	assert_true(ezlb_fsm_step(&fsm, &one, false));
	assert_int_equal(fsm.verdict, EZLB_DOWN);
}

static void test_counters_do_not_wrap(void **state)
{
	struct ezlb_fsm fsm = { .verdict = EZLB_DOWN, .successes = UINT32_MAX };
	struct ezlb_thresholds limits = { 3, 2 };

	(void)state;
	assert_true(ezlb_fsm_step(&fsm, &limits, true));
	assert_int_equal(fsm.successes, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_thresholds_change_in_place),
		cmocka_unit_test(test_counters_do_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
