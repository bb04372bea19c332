// SPDX-License-Identifier: GPL-2.0-or-later
#include "golden.h"

static void test_frame(void **state)
{
	static const struct {
		const char *name, *in;
		unsigned rows;
		const char *want;
	} cases[] = {
		{ "nothing", "", 24, "\033[H\033[J" },
		{ "fits", "a\nb\n", 3, "\033[Ha\033[K\nb\033[K\n\033[J" },
		{ "one too many", "a\nb\nc\n", 3, "\033[Ha\033[K\nand 2 more lines\033[K\n\033[J" },
		{ "any number of rows", "a\nb\nc\n", 0, "\033[Ha\033[K\nb\033[K\nc\033[K\n\033[J" },
		{ "too few for anything", "a\nb\nc\n", 2,
		  "\033[Ha\033[K\nb\033[K\nc\033[K\n\033[J" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_text text = { 0 };

		ezlb_console_frame(cases[i].in, cases[i].rows, &text);
		EZLB_AUTO_FREE char *got = ezlb_text_take(&text, NULL);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: '%s'", cases[i].name, got);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_frame) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
