// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of pins and counters, and the list of CPUs. */
#include "cm.h"

#include <string.h>

#include <ezlb/toa.h>

#include "cpus.h"
#include "pins.h"

static void test_pins(void **state)
{
	struct ezlb_toa_pins pins;
	char path[EZLB_TOA_PATHLEN];

	(void)state;
	ezlb_toa_pins_name(UINT64_MAX, &pins);
	assert_string_equal(pins.dir, "/sys/fs/bpf/ezlb/netns-18446744073709551615");
	assert_string_equal(pins.fresh, "/sys/fs/bpf/ezlb/netns-18446744073709551615-new");
	assert_string_equal(ezlb_toa_pin_path(pins.fresh, EZLB_TOA_PIN_CONNECTIONS, path),
			    "/sys/fs/bpf/ezlb/netns-18446744073709551615-new/connections");
	ezlb_toa_pins_name(1, &pins);
	assert_string_equal(ezlb_toa_pin_path(pins.dir, EZLB_TOA_PIN_PROGRAM, path),
			    "/sys/fs/bpf/ezlb/netns-1/prog");
	assert_string_equal(ezlb_toa_pin_path("", EZLB_TOA_PIN_SERVICES, path), "/services");
	assert_string_equal(ezlb_toa_pin_path("", EZLB_TOA_PIN_COUNTERS, path), "/counters");
}

static void test_counts(void **state)
{
	static const char *const names[EZLB_TOA_COUNTS + 1] = { "added",    "stripped", "no_room",
								"too_long", "no_entry", "failed",
								"?" };

	(void)state;
	for (unsigned i = 0; i <= EZLB_TOA_COUNTS; i++)
		assert_string_equal(ezlb_toa_count_str((enum ezlb_toa_count)i), names[i]);
}

static const struct {
	const char *list;
	int n;
} lists[] = {
	{ "0\n", 1 },		{ "0-3\n", 4 }, { "0-1,4,8-9\n", 5 },
	{ "0-127", 128 },	{ "", 0 },	{ "\n", 0 },
	{ "0-\n", 0 },		{ "3-1\n", 0 }, { "0,\n", 0 },
	{ "0-3 4\n", 0 },	{ "-1\n", 0 },	{ "0-99999999\n", 0 },
	{ "0-65535\n", 65536 },
};

static void test_cpus(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (ezlb_toa_cpus_count(lists[i].list) != lists[i].n)
			fail_msg("'%s': %d", lists[i].list, ezlb_toa_cpus_count(lists[i].list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
