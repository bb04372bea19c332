// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Upper bounds for the rows of which there are many: a byte more in a row of a backend is 110 kB at
 * 10,000 services of 10, and most are held two or three times. Who needs more says so here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ezlb/op.h>
#include <ezlb/roster.h>
#include <ezlb/spec.h>
#include <ezlb/table.h>
#include <ezlb/verdict.h>

static void test_sizes(void **state)
{
	static const struct {
		const char *name;
		size_t is, bound;
	} rows[] = {
		{ "service key", sizeof(struct ezlb_service_key), 28 },
		{ "endpoint", sizeof(struct ezlb_endpoint), 20 },
		{ "backend", sizeof(struct ezlb_backend), 44 },
		{ "dest", sizeof(struct ezlb_dest_row), 72 },
		{ "service", sizeof(struct ezlb_service_row), 72 },
		{ "SNAT row", sizeof(struct ezlb_snat_row), 72 },
		{ "roster", sizeof(struct ezlb_roster_row), 80 },
		{ "verdict", sizeof(struct ezlb_verdict_row), 112 },
		{ "op", sizeof(struct ezlb_op), 152 },
		{ "spec", sizeof(struct ezlb_spec), 376 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].is > rows[i].bound)
			fail_msg("%s: %zu bytes instead of %zu", rows[i].name, rows[i].is,
				 rows[i].bound);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sizes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
