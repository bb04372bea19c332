// SPDX-License-Identifier: GPL-2.0-or-later
/* library: with libm, which nothing here is linked with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include <ezlb/library.h>

static double (*real_floor)(double x), (*real_missing)(double x);

static void test_load(void **state)
{
	static const struct ezlb_library_symbol symbols[] = { { "floor", &real_floor }, { 0 } };
	struct ezlb_library library = { "libm.so.6", "numbers", symbols, false };

	(void)state;
	assert_int_equal(ezlb_library_load(&library, NULL), 0);
	assert_true(library.loaded);
	assert_true(real_floor(2.5) == 2);
	library.soname = "libnone.so.1"; /* loaded is loaded */
	assert_int_equal(ezlb_library_load(&library, NULL), 0);
}

static void test_no_library(void **state)
{
	static const struct ezlb_library_symbol symbols[] = { { "floor", &real_floor }, { 0 } };
	struct ezlb_library library = { "libnone.so.1", "numbers", symbols, false };
	struct ezlb_err err = { 0 };

	(void)state;
	assert_int_equal(ezlb_library_load(&library, &err), -ELIBACC);
	assert_string_equal(err.msg, "numbers: cannot load the library: libnone.so.1: cannot open "
				     "shared object file: No such file or directory");
	assert_false(library.loaded);
	library.soname = "libm.so.6"; /* somebody has installed it */
	assert_int_equal(ezlb_library_load(&library, &err), 0);
}

static void test_no_symbol(void **state)
{
	static const struct ezlb_library_symbol symbols[] = { { "floor", &real_floor },
							      { "no_such", &real_missing },
							      { 0 } };
	struct ezlb_library library = { "libm.so.6", "numbers", symbols, false };
	struct ezlb_err err = { 0 };

	(void)state;
	assert_int_equal(ezlb_library_load(&library, &err), -ELIBACC);
	assert_non_null(strstr(err.msg, "libm.so.6: undefined symbol: no_such"));
	assert_false(library.loaded);
	assert_null(real_missing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_no_library),
		cmocka_unit_test(test_no_symbol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
