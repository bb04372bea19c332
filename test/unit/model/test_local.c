// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/local.h>

static struct ezlb_local local;

static struct ezlb_addr address(const char *text)
{
	struct ezlb_addr addr;

	assert_int_equal(ezlb_addr_parse(text, &addr, NULL), 0);
	return addr;
}

static void add(const char *text, unsigned prefix)
{
	const struct ezlb_addr addr = address(text);

	ezlb_local_add(&local, &addr, (uint8_t)prefix);
}

static bool has(const char *text)
{
	const struct ezlb_addr addr = address(text);

	return ezlb_local_has(&local, &addr);
}

static int setup(void **state)
{
	(void)state;
	add("10.0.0.3", 32);
	add("10.0.0.1", 32);
	add("fd00::1", 128);
	add("10.0.0.3", 32); /* on two links */
	add("127.0.0.0", 8);
	add("192.0.2.77", 26);
	add("fd00:1::9", 33);
	ezlb_local_sort(&local);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ezlb_local_clear(&local);
	return 0;
}

static void test_addresses_and_networks(void **state)
{
	static const char *const here[] = {
		"10.0.0.1",	   "10.0.0.3",	 "fd00::1",	"127.0.0.0", "127.9.9.9",
		"127.255.255.255", "192.0.2.64", "192.0.2.127", "fd00:1::",  "fd00:1:7fff:ffff::"
	};
	static const char *const elsewhere[] = { "10.0.0.2",	  "126.255.255.255", "128.0.0.0",
						 "192.0.2.63",	  "192.0.2.128",     "fd00::2",
						 "fd00:1:8000::", "::a00:1" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(here); i++)
		if (!has(here[i]))
			fail_msg("%s is local", here[i]);
	for (size_t i = 0; i < COUNT_OF(elsewhere); i++)
		if (has(elsewhere[i]))
			fail_msg("%s is not local", elsewhere[i]);
	assert_int_equal(local.addrs.len, 3);
	add("0.0.0.0", 0);
	ezlb_local_sort(&local);
	assert_true(has("203.0.113.1"));
	assert_false(has("fd00::2"));
}

static void test_the_first_that_is_missing(void **state)
{
	static const struct {
		const char *range, *missing;
	} rows[] = {
		{ "10.0.0.1", NULL },
		{ "10.0.0.2", "10.0.0.2" },
		{ "10.0.0.1-10.0.0.3", "10.0.0.2" },
		{ "192.0.2.126-192.0.2.130", "192.0.2.128" },
		{ "127.0.0.255-127.0.1.4", NULL },
		{ "fd00::1-fd00::2", "fd00::2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_addr_range range;
		struct ezlb_addr missing;
		char text[EZLB_ADDR_STRLEN];

		assert_int_equal(ezlb_range_parse(rows[i].range, &range, NULL), 0);
		assert_int_equal(ezlb_local_lacks(&local, &range, &missing),
				 rows[i].missing != NULL);
		if (rows[i].missing)
			assert_string_equal(ezlb_addr_format(&missing, text), rows[i].missing);
	}
}

static void test_same(void **state)
{
	const struct ezlb_addr one = address("10.0.0.1"), net = address("10.9.0.0");
	struct ezlb_local other = { 0 };

	(void)state;
	assert_false(ezlb_local_same(&local, &other));
	ezlb_local_clear(&local);
	assert_true(ezlb_local_same(&local, &other));
	other.known = true;
	assert_false(ezlb_local_same(&local, &other));
	local.known = true;
	ezlb_local_add(&local, &one, 32);
	ezlb_local_add(&local, &net, 16);
	ezlb_local_add(&other, &net, 16);
	assert_false(ezlb_local_same(&local, &other));
	ezlb_local_add(&other, &one, 32);
	assert_true(ezlb_local_same(&local, &other));
	other.nets.items[0].prefix = 17;
	assert_false(ezlb_local_same(&local, &other));
	ezlb_local_clear(&other);
	assert_false(other.known);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_addresses_and_networks),
		TEST(test_the_first_that_is_missing),
		TEST(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
