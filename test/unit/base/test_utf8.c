// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/mem.h>
#include <ezlb/utf8.h>

#define NOT 0xffffffffu /* not touched */

static const struct {
	const char *name, *text;
	size_t limit, want;
	uint32_t c;
} decoded[] = {
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
	for (size_t i = 0; i < COUNT_OF(decoded); i++) {
		uint32_t c = NOT;

		if (ezlb_utf8_decode(decoded[i].text, decoded[i].limit, &c) != decoded[i].want ||
		    c != decoded[i].c)
			fail_msg("%s", decoded[i].name);
		assert_int_equal(ezlb_utf8_decode(decoded[i].text, decoded[i].limit, NULL),
				 decoded[i].want);
	}
}

#define FFFD "\xef\xbf\xbd"

static const struct {
	const char *name, *in, *want;
} mended[] = {
	{ "nothing", "", "" },
	{ "ASCII", "web.yaml\x01\x7f", "web.yaml\x01\x7f" },
	{ "two bytes", "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
	{ "three bytes", "\xe2\x82\xac\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf",
	  "\xe2\x82\xac\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf" },
	{ "four bytes", "\xf0\x9f\x8e\x89\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
	  "\xf0\x9f\x8e\x89\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
	{ "Latin 1", "gr\xfc\xdf.yaml", "gr" FFFD FFFD ".yaml" },
	{ "a tail alone", "a\x80z", "a" FFFD "z" },
	{ "cut after one of two", "a\xc3", "a" FFFD },
	{ "cut after one of three", "a\xe2", "a" FFFD },
	{ "cut after two of three", "a\xe2\x82", "a" FFFD FFFD },
	{ "cut after three of four", "a\xf0\x9f\x8e", "a" FFFD FFFD FFFD },
	{ "broken off by another", "\xe2\x82z", FFFD FFFD "z" },
	{ "the third of four is none", "\xf0\x9fz\x89", FFFD FFFD "z" FFFD },
	{ "ASCII in two bytes", "\xc0\xaf\xc1\xbf", FFFD FFFD FFFD FFFD },
	{ "two bytes in three", "\xe0\x9f\xbf", FFFD FFFD FFFD },
	{ "three bytes in four", "\xf0\x8f\xbf\xbf", FFFD FFFD FFFD FFFD },
	{ "half of a pair of UTF-16", "\xed\xa0\x80", FFFD FFFD FFFD },
	{ "beyond the last character", "\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD },
	{ "no lead at all", "\xf5\x80\x80\x80\xff", FFFD FFFD FFFD FFFD FFFD },
};

static void test_what_is_no_character_is_replaced(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mended); i++) {
		EZLB_AUTO_FREE char *got = ezlb_utf8_fix(mended[i].in);

		if (strcmp(got, mended[i].want) != 0)
			fail_msg("%s: '%s'", mended[i].name, got);
	}
}

static void test_plain(void **state)
{
	static const struct {
		const char *name, *in, *want;
		bool lines;
	} cases[] = {
		{ "ordinary", "web-1 [2001:db8::1]:80", "web-1 [2001:db8::1]:80", false },
		{ "empty", "", "", false },
		{ "other scripts", "\u00fc\u4e2d\u6587\U0001f600", "\u00fc\u4e2d\u6587\U0001f600",
		  false },
		{ "escape sequence", "\033[31mred\033[0m", "?[31mred?[0m", false },
		{ "bell, backspace, return, delete", "\a\b\r\x7f", "????", false },
		{ "C1",
		  "\xc2\x85\xc2\x9b"
		  "2J",
		  "??2J", false },
		{ "newline", "a\nb", "a?b", false },
		{ "newline in lines", "a\nb", "a\nb", true },
		{ "an answer of somebody's", "no: \033[2J\nthe \xc2\x9bsecond line\r\n",
		  "no: ?[2J\nthe ?second line?\n", true },
		{ "return in lines", "a\r\nb", "a?\nb", true },
		{ "tab", "\ta\tb", " a b", true },
		{ "right-to-left override", "\u202egnp", "?gnp", false },
		{ "isolate, zero width, line separator", "\u2066\u200b\u2028", "???", false },
		{ "byte order mark", "\ufeffa", "?a", false },
		{ "a lone continuation", "a\x80z", "a?z", false },
		{ "cut off at the end", "a\xe4\xb8", "a??", false },
		{ "cut off by another", "\xe4\xb8z", "??z", false },
		{ "overlong escape", "\xc0\x9b", "??", false },
		{ "overlong NUL in three", "\xe0\x80\x80", "???", false },
		{ "surrogate", "\xed\xa0\x80", "???", false },
		{ "above U+10FFFF", "\xf4\x90\x80\x80", "????", false },
		{ "five bytes", "\xf9\x80\x80\x80\x80", "?????", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s", cases[i].in);
		ezlb_utf8_plain(text, cases[i].lines);
		if (strcmp(text, cases[i].want) != 0)
			fail_msg("%s: '%s'", cases[i].name, text);
	}
}

static void test_is_plain(void **state)
{
	(void)state;
	assert_true(ezlb_utf8_is_plain(' '));
	assert_true(ezlb_utf8_is_plain(0xa0));
	assert_true(ezlb_utf8_is_plain(0xfffd));
	assert_false(ezlb_utf8_is_plain(0x9b));
	assert_false(ezlb_utf8_is_plain(0x202e));
	assert_false(ezlb_utf8_is_plain(0xe0001));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_what_is_no_character_is_replaced),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_is_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
