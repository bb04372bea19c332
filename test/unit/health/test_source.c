// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "source.h"

static const struct {
	const char *range;
	uint32_t turn;
	const char *want;
} cases[] = {
	{ "10.0.0.3", 0, "10.0.0.3" },
	{ "10.0.0.3", 7, "10.0.0.3" },
	{ "10.0.0.254-10.0.1.1", 0, "10.0.0.254" },
	{ "10.0.0.254-10.0.1.1", 1, "10.0.0.255" },
	{ "10.0.0.254-10.0.1.1", 2, "10.0.1.0" },
	{ "10.0.0.254-10.0.1.1", 3, "10.0.1.1" },
	{ "10.0.0.254-10.0.1.1", 4, "10.0.0.254" },
	{ "10.0.0.3-10.0.0.4", UINT32_MAX, "10.0.0.4" },
	{ "fd00::ffff-fd00::1:1", 1, "fd00::1:0" },
	{ "fd00::ffff-fd00::1:1", 5, "fd00::1:1" },
	{ "fd00::-fd00:1::", 70000, "fd00::1:1170" },
};

static void test_turns(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ezlb_addr_range range;
		char text[EZLB_ADDR_STRLEN];
		struct ezlb_addr addr;

		assert_int_equal(ezlb_range_parse(cases[i].range, &range, NULL), 0);
		addr = ezlb_probe_source(&range, cases[i].turn);
		if (strcmp(ezlb_addr_format(&addr, text), cases[i].want) != 0)
			fail_msg("%s, %u: %s", cases[i].range, (unsigned)cases[i].turn, text);
	}
}

static void test_none(void **state)
{
	struct ezlb_addr_range none = { 0 };

	(void)state;
	assert_int_equal(ezlb_probe_source(&none, 3).family, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
