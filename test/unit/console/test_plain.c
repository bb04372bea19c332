// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include "plain.h"

static void test_columns(void **state)
{
	(void)state;
	assert_int_equal(plain_columns(""), 0);
	assert_int_equal(plain_columns("web"), 3);
	assert_int_equal(plain_columns("\u00fc\u2026"), 2);
	assert_int_equal(plain_columns("\u4e2d\u6587"), 4);
}

static void test_cuts(void **state)
{
	static const struct {
		const char *in;
		size_t width;
		const char *middle, *end;
	} cases[] = {
		{ "abcdefgh", 8, "abcdefgh", "abcdefgh" },
		{ "abcdefgh", 7, "abc\u2026fgh", "abcdef\u2026" },
		{ "abcdefgh", 6, "ab\u2026fgh", "abcde\u2026" },
		{ "abcdefgh", 2, "\u2026h", "a\u2026" },
		{ "abcdefgh", 1, "\u2026", "\u2026" },
		{ "abcdefgh", 0, "", "" },
		{ "", 0, "", "" },
		{ "\u00e4\u00f6\u00fc\u00df", 3, "\u00e4\u2026\u00df", "\u00e4\u00f6\u2026" },
		/* Half of a wide character is none: one column stays free. */
		{ "\u4e2d\u6587\u5b57", 5, "\u4e2d\u2026\u5b57", "\u4e2d\u6587\u2026" },
		{ "\u4e2d\u6587\u5b57", 4, "\u2026\u5b57", "\u4e2d\u2026" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_text middle = { 0 }, end = { 0 };

		plain_put_middle_cut(&middle, cases[i].in, cases[i].width);
		plain_put_end_cut(&end, cases[i].in, cases[i].width);
		EZLB_AUTO_FREE char *m = ezlb_text_take(&middle, NULL);
		EZLB_AUTO_FREE char *e = ezlb_text_take(&end, NULL);
		assert_string_equal(m, cases[i].middle);
		assert_string_equal(e, cases[i].end);
	}
}

static void test_fold(void **state)
{
	static const struct {
		const char *name, *first, *in;
		size_t indent, width;
		const char *want;
	} cases[] = {
		{ "fits", "", "one two", 2, 7, "one two\n" },
		{ "empty", "! ", "", 2, 10, "! \n" },
		{ "any width", "! ", "one two three", 2, 0, "! one two three\n" },
		{ "at blanks", "! ", "one two three", 2, 9, "! one two\n  three\n" },
		{ "at several", "", "one   two", 0, 4, "one \ntwo\n" },
		{ "a long word", "", "abcdefgh i", 1, 4, "abcd\n efg\n h i\n" },
		{ "blanks in front", "", "  = help: x", 4, 9, "  = help:\n    x\n" },
		{ "no room at all", "!!!!", "ab", 9, 3, "!!!!a\n         b\n" },
		{ "other scripts", "", "\u00e4\u00f6 \u00fc\u00df", 0, 2,
		  "\u00e4\u00f6\n\u00fc\u00df\n" },
		{ "too wide a character", "", "\u4e2d\u6587", 0, 1, "\u4e2d\n\u6587\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct ezlb_text text = { 0 };

		plain_put_folded(&text, cases[i].first, cases[i].indent, cases[i].in,
				 cases[i].width);
		EZLB_AUTO_FREE char *got = ezlb_text_take(&text, NULL);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: '%s'", cases[i].name, got);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_fold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
