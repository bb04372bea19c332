// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "match.h"

static const struct {
	const char *text, *input;
	bool want;
} cases[] = {
	{ "ok", "ok", true },
	{ "ok", "not ok!", true },
	{ "ok", "OK", false },
	{ "ok", "o k", false },
	{ "ok", "", false },
	{ "aab", "aaab", true },
	{ "aabaaab", "aabaabaaab", true },
	{ "abab", "abaabab", true },
	{ "abac", "abababac", true },
	{ "abac", "ababababa", false },
	{ "x", "aaaaaaaaax", true },
};

/* In two pieces, cut everywhere, and byte by byte. */
static bool found_in_pieces(const char *text, const char *input, size_t cut)
{
	struct ezlb_match match;
	bool found;

	ezlb_match_init(&match, text);
	found = ezlb_match_feed(&match, input, cut) ||
		ezlb_match_feed(&match, input + cut, strlen(input) - cut);
	ezlb_match_clear(&match);
	return found;
}

static bool found_by_bytes(const char *text, const char *input)
{
	struct ezlb_match match;
	bool found = false;

	ezlb_match_init(&match, text);
	for (size_t i = 0; input[i] != '\0' && !found; i++)
		found = ezlb_match_feed(&match, input + i, 1);
	ezlb_match_clear(&match);
	return found;
}

static void test_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t cut = 0; cut <= strlen(cases[i].input); cut++) {
			if (found_in_pieces(cases[i].text, cases[i].input, cut) != cases[i].want)
				fail_msg("%s in %s, cut at %zu", cases[i].text, cases[i].input,
					 cut);
		}
		assert_int_equal(found_by_bytes(cases[i].text, cases[i].input), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
