// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/utf8.h>

#define NOT 0xffffffffu /* not touched */

static const struct {
	const char *name, *text;
	size_t limit, want;
	uint32_t c;
} cases[] = {
	{ "ascii", "a", SIZE_MAX, 1, 'a' },
	{ "nul", "", SIZE_MAX, 1, 0 },
	{ "two bytes, least", "\xc2\x80", SIZE_MAX, 2, 0x80 },
	{ "three bytes", "\xe4\xb8\xad", SIZE_MAX, 3, 0x4e2d },
	{ "four bytes, most", "\xf4\x8f\xbf\xbf", SIZE_MAX, 4, 0x10ffff },
	{ "beyond the most", "\xf4\x90\x80\x80", SIZE_MAX, 0, NOT },
	{ "overlong of two", "\xc1\xbf", SIZE_MAX, 0, NOT },
	{ "overlong of three", "\xe0\x9f\xbf", SIZE_MAX, 0, NOT },
	{ "overlong of four", "\xf0\x8f\xbf\xbf", SIZE_MAX, 0, NOT },
	{ "the first surrogate", "\xed\xa0\x80", SIZE_MAX, 0, NOT },
	{ "the last surrogate", "\xed\xbf\xbf", SIZE_MAX, 0, NOT },
	{ "before the surrogates", "\xed\x9f\xbf", SIZE_MAX, 3, 0xd7ff },
	{ "behind them", "\xee\x80\x80", SIZE_MAX, 3, 0xe000 },
	{ "a tail alone", "\x80", SIZE_MAX, 0, NOT },
	{ "a lead of five", "\xf8\x88\x80\x80\x80", SIZE_MAX, 0, NOT },
	{ "ends early", "\xe4\xb8", SIZE_MAX, 0, NOT },
	{ "no tail", "\xe4z\xad", SIZE_MAX, 0, NOT },
	{ "the limit cuts", "\xe4\xb8\xad", 2, 0, NOT },
	{ "the limit fits", "\xe4\xb8\xad", 3, 3, 0x4e2d },
};

static void test_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t c = NOT;

		if (ezlb_utf8_decode(cases[i].text, cases[i].limit, &c) != cases[i].want ||
		    c != cases[i].c)
			fail_msg("%s", cases[i].name);
		assert_int_equal(ezlb_utf8_decode(cases[i].text, cases[i].limit, NULL),
				 cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_decode) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
