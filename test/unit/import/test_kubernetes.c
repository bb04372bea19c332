// SPDX-License-Identifier: GPL-2.0-or-later
/* Services with their slices: test/data/import/kubernetes has input and result side by side. */
#include "imported.h"

static void test_good(void **state)
{
	(void)state;
	import_golden_dir(EZLB_IMPORT_KUBERNETES, "kubernetes/good", true);
}

static void test_bad(void **state)
{
	(void)state;
	import_golden_dir(EZLB_IMPORT_KUBERNETES, "kubernetes/bad", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_good),
					    cmocka_unit_test(test_bad) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
