// SPDX-License-Identifier: GPL-2.0-or-later
/* Thousands of files: a merge runs on the loop, so it must not take long for any of these. */
#include "cm.h"

#include <time.h>

#include <ezlb/desired.h>

#include "specs.h"

#define MANY 2000

/* The port of a file's listener in its fresh and its last version. */
enum ports { NONE, OWN, NEXT, SHARED };

static const struct many {
	const char *name;
	enum ports fresh, last;
	size_t chosen_fresh;
} cases[] = {
	{ "all are new", OWN, NONE, MANY },
	{ "nothing changed", OWN, OWN, MANY },
	{ "all new files want one listener", SHARED, NONE, 1 },
	{ "all files want one listener", SHARED, OWN, 1 },
	{ "each takes the next one's listener", NEXT, OWN, MANY },
	{ "each would, but the last one cannot move", NEXT, OWN, 1 },
};

static struct ezlb_spec *make(unsigned i, enum ports ports)
{
	unsigned port = ports == SHARED ? 9 : ports == NEXT ? 1001 + i : 1000 + i;
	char text[128];

	snprintf(text, sizeof(text), "s%u tcp 10.0.0.1:%u snat=masq 10.1.0.1:80 10.2.0.1:%u", i,
		 port, port);
	return ports == NONE ? NULL : spec_of("f", text);
}

static double seconds_of_merge(struct ezlb_candidate *candidates, size_t n_diags)
{
	struct ezlb_desired desired = { 0 };
	struct ezlb_diags diags = { 0 };
	clock_t begin = clock();
	double seconds;

	ezlb_desired_merge(candidates, MANY, false, &desired, &diags);
	seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
	assert_int_equal(diags.len, n_diags);
	EZLB_VEC_CLEAR(&desired);
	ezlb_diags_clear(&diags);
	return seconds;
}

static void run_case(const struct many *c)
{
	static struct ezlb_candidate candidates[MANY];
	static struct ezlb_spec *specs[MANY][2];
	size_t chosen_fresh = 0;
	double seconds;

	for (unsigned i = 0; i < MANY; i++) {
		/* The last file of all stays where it is, in the way of the others. */
		bool block = c->fresh == NEXT && c->chosen_fresh == 1 && i == MANY - 1;

		candidates[i].fresh = specs[i][0] = make(i, block ? c->last : c->fresh);
		candidates[i].last = specs[i][1] = make(i, c->last);
	}
	seconds = seconds_of_merge(candidates, MANY - c->chosen_fresh);
	for (unsigned i = 0; i < MANY; i++)
		chosen_fresh += candidates[i].chosen == candidates[i].fresh;
	print_message("%s: %.3f s of CPU\n", c->name, seconds);
	assert_int_equal(chosen_fresh, c->chosen_fresh);
	assert_true(seconds < 10); /* under valgrind or sanitizers too */
	for (unsigned i = 0; i < MANY; i++) {
		ezlb_spec_free(specs[i][0]);
		ezlb_spec_free(specs[i][1]);
	}
}

static void test_many(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		run_case(&cases[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_many) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
