// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/suggest.h>

static const char *const words[] = { "listen", "full_nat", "snat_ip", "backends", "rr", "wlc" };

static const struct {
	const char *typed, *want;
} cases[] = {
	{ "lsiten", "listen" },
	{ "LISTEN", "listen" },
	{ "fullnat", "full_nat" },
	{ "full-nat", "full_nat" },
	{ "FullNAT", "full_nat" },
	{ "snatip", "snat_ip" },
	{ "backend", "backends" },
	{ "bakcends", "backends" },
	{ "r", "rr" },
	{ "wllc", "wlc" },
	{ "", NULL },
	{ "zebra", NULL },
	{ "ab", NULL },
	{ "listenlisten", NULL },
	{ "listenlistenlistenlistenlistenlistenlisten", NULL },
};

static void test_suggest(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *got = ezlb_suggest(cases[i].typed, words, COUNT_OF(words));

		if (!cases[i].want != !got || (got && strcmp(got, cases[i].want) != 0))
			fail_msg("'%s': got %s, want %s", cases[i].typed, got, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suggest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
