// SPDX-License-Identifier: GPL-2.0-or-later
/* Each listener of a file has its own rows, whose backends are those of its dests. */
#include "specs.h"

#include <ezlb/lifecycle.h>

static void assert_rows(const char *text, const char *want)
{
	struct ezlb_spec *spec = spec_of("x.yaml", text);
	const struct ezlb_spec *specs[] = { spec };
	const struct ezlb_desired desired = { specs, 1, 1 };
	const struct ezlb_verdicts verdicts = { 0 };
	const struct ezlb_dests dests = { 0 };
	const struct ezlb_scope owned = { 0 };
	const struct ezlb_drains drains = { 0 };
	const struct ezlb_lifecycle_in in = { .desired = &desired,
					      .verdicts = &verdicts,
					      .dests = &dests,
					      .owned = &owned,
					      .drains = &drains };
	struct ezlb_lifecycle life = { .members = { 0 } };
	struct ezlb_roster roster;
	char got[512] = "", key[EZLB_SERVICE_KEY_STRLEN], backend[EZLB_ENDPOINT_STRLEN];

	ezlb_lifecycle_step(&life, &in, &roster);
	for (size_t i = 0; i < roster.rows.len; i++)
		ezlb_strcatf(got, sizeof(got), "%s -> %s\n",
			     ezlb_service_key_format(&roster.rows.items[i].service, key),
			     ezlb_endpoint_format(&roster.rows.items[i].backend, backend));
	assert_string_equal(got, want);
	ezlb_roster_clear(&roster);
	ezlb_lifecycle_clear(&life);
	ezlb_spec_free(spec);
}

static void test_rows(void **state)
{
	(void)state;
	/* Two items of the file can be one dest of one listener, and two of another. */
	assert_rows("dns tcp 10.0.0.1:53 +udp/10.0.0.1:54 +mark/7 10.1.0.1 10.1.0.1:53",
		    "tcp 10.0.0.1:53 -> 10.1.0.1:53\n"
		    "udp 10.0.0.1:54 -> 10.1.0.1:53\n"
		    "udp 10.0.0.1:54 -> 10.1.0.1:54\n"
		    "fwmark 7 -> 10.1.0.1\n"
		    "fwmark 7 -> 10.1.0.1:53\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
