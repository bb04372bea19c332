// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/histogram.h>
#include <ezlb/traffic.h>

static void test_a_bound_belongs_to_its_bucket(void **state)
{
	static const struct {
		double seconds;
		size_t bucket;
	} cases[] = {
		{ 0, 0 },  { 0.001, 0 },   { 0.0011, 1 }, { 0.002, 1 },
		{ 1, 10 }, { 16.384, 14 }, { 16.4, 15 },  { 1e9, 15 },
	};
	struct ezlb_histogram h = { .sum = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = h.n[cases[i].bucket];

		ezlb_histogram_add(&h, cases[i].seconds);
		assert_int_equal(h.n[cases[i].bucket], before + 1);
		assert_int_equal(ezlb_histogram_count(&h), i + 1);
	}
	assert_true(h.sum > 1e9 && h.sum < 1e9 + 40);
	assert_true(ezlb_histogram_bound(14) > 16.383 && ezlb_histogram_bound(14) < 16.385);
}

static void test_a_service_sorts_before_its_dests(void **state)
{
	struct ezlb_traffic_row service = { .service.listen.port = 80 }, dest = service,
				next = { .service.listen.port = 81 };

	(void)state;
	dest.of_dest = true;
	assert_true(ezlb_traffic_row_cmp(&service, &dest) < 0);
	dest.backend = (struct ezlb_endpoint){ .addr = { .family = 2 }, .port = 1 };
	assert_true(ezlb_traffic_row_cmp(&service, &dest) < 0);
	assert_true(ezlb_traffic_row_cmp(&dest, &next) < 0);
	dest.counters.connections = 5; /* no part of the key */
	assert_int_equal(ezlb_traffic_row_cmp(&dest, &dest), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bound_belongs_to_its_bucket),
		cmocka_unit_test(test_a_service_sorts_before_its_dests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
