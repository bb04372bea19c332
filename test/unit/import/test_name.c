// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/import.h>

#define A10 "aaaaaaaaaa"
#define A60 A10 A10 A10 A10 A10 A10

static const struct {
	const char *wanted, *want;
} names[] = {
	{ "web", "web" },	{ "Web Server_1", "web-server-1" },
	{ "--", "service" },	{ "10.0.0.1:80", "10-0-0-1-80" },
	{ "taken", "taken-2" }, { A60 "bcdefg", A60 "bcd" },
};

static void test_name(void **state)
{
	struct ezlb_import import = { 0 };
	char out[EZLB_NAME_MAX + 1];

	(void)state;
	*EZLB_PUSH(&import.specs) = ezlb_spec_new();
	strcpy(import.specs.items[0]->name, "taken");
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		ezlb_import_name(&import, names[i].wanted, out);
		assert_string_equal(out, names[i].want);
	}
	ezlb_import_clear(&import);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_name) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
