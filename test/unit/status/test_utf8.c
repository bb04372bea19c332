// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <jansson.h>

#include <ezlb/mem.h>

#include "utf8.h"

#define FFFD "\xef\xbf\xbd"

static const struct {
	const char *name, *in, *want;
} cases[] = {
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
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		EZLB_AUTO_FREE char *got = ezlb_utf8_mend(cases[i].in);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: '%s'", cases[i].name, got);
	}
}

/* What comes out is taken, and what jansson would have taken is left as it is. */
static void test_jansson_agrees(void **state)
{
	char in[5] = { 0 };

	(void)state;
	for (unsigned n = 0; n < 1u << 20; n++) {
		EZLB_AUTO_FREE char *got = NULL;
		json_t *before, *after;

		/* Each lead, and tails around the ends of their ranges. */
		in[0] = (char)(n >> 12);
		for (int k = 1; k < 4; k++)
			in[k] = "\x00\x40\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc2\xe1\xed\xf0\xf4\xff"
				[(n >> (12 - 4 * k)) & 15];
		got = ezlb_utf8_mend(in);
		before = json_string(in);
		after = json_string(got);
		if (!after || (before != NULL) != (strcmp(in, got) == 0))
			fail_msg("%05x", n);
		json_decref(before);
		json_decref(after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_character_is_replaced),
		cmocka_unit_test(test_jansson_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
