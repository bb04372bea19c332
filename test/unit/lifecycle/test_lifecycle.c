// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/lifecycle.h>

static void test_nothing(void **state)
{
	const struct ezlb_desired desired = { 0 };
	const struct ezlb_lifecycle_in in = { .desired = &desired };
	struct ezlb_lifecycle life = { .members = { 0 } };
	struct ezlb_roster roster;

	(void)state;
	ezlb_lifecycle_step(&life, &in, &roster);
	assert_int_equal(roster.rows.len, 0);
	assert_true(roster.due_ms == UINT64_MAX);
	ezlb_roster_clear(&roster);
	ezlb_lifecycle_clear(&life);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_nothing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
