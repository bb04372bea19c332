// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include "host_header.h"

static const struct {
	const char *in;
	bool want;
} table[] = {
	{ "127.0.0.1", true },
	{ "10.0.0.1:9090", true },
	{ "localhost", true },
	{ "LocalHost:80", true },
	{ "[::1]", true },
	{ "[2001:db8::1]:9090", true },
	{ "", false },
	{ ":80", false },
	{ "evil.example", false },
	{ "evil.example:80", false },
	{ "localhost.evil.example", false },
	{ "127.0.0.1.evil.example", false },
	{ "127.0.0.1:80.evil.example", false },
	{ "127.0.0.1:80@evil.example", false },
	{ "127.1", false },
	{ "::1", false },
	{ "[::1", false },
	{ "[::1]x", false },
	{ "[127.0.0.1]", false },
	{ "[localhost]", false },
	{ "1111111111111111111111111111111111111111111111111111111111111111", false },
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (host_is_address(table[i].in) != table[i].want)
			fail_msg("'%s'", table[i].in);
}

static void test_label(void **state)
{
	static const char *const good[] = { "ezlb", "h", "LB-1", "unix_socket", "localhost" };
	static const char *const bad[] = { "",	  "ezlb:80", "ezlb.",	 ".ezlb", "a.b",
					   "a b", "[::1]",   "\xc3\xa4", "a/b",	  "a@b" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_true(host_is_label(good[i]));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (host_is_label(bad[i]))
			fail_msg("'%s'", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_table),
					    cmocka_unit_test(test_label) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
