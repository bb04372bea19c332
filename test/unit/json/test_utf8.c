// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <jansson.h>

#include <ezlb/mem.h>
#include <ezlb/utf8.h>

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
		got = ezlb_utf8_fix(in);
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
		cmocka_unit_test(test_jansson_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
