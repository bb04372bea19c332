// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include "accept.h"

static const struct {
	const char *in;
	bool want;
} table[] = {
	{ NULL, false },
	{ "", false },
	{ "gzip", true },
	{ "GZip", true },
	{ "gzip, deflate, br", true },
	{ "deflate, gzip", true },
	{ "br,gzip;q=0.5", true },
	{ ",, gzip ", true },
	{ "gzip;q=1.0", true },
	{ "gzip;q=0.001", true },
	{ "gzip ; q=1", true },
	{ "*", true },
	{ "br, *;q=0.1", true },
	{ "identity", false },
	{ "gzipped", false },
	{ "gzi", false },
	{ "gzip;q=0", false },
	{ "gzip;q=0.000", false },
	{ "gzip ;q=0 , br", false },
	{ "*;q=0", false },
	{ "*, gzip;q=0", false },
	{ "gzip;q=0, *", false },
	{ "gzip;q=", true },
	{ "gzip;", true },
	{ ";q=0", false },
	{ ",", false },
	{ " ", false },
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (accept_gzip(table[i].in) != table[i].want)
			fail_msg("'%s'", table[i].in ? table[i].in : "NULL");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_table) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
