// SPDX-License-Identifier: GPL-2.0-or-later
/* How much work one version more is, counted in sorts and searches by halves. */
#include "cm.h"

#include <ezlb/desired.h>

#include "specs.h"

#define MANY 5000 /* backends of a service file */

static size_t sorts, finds;

/* These stand before the functions in this program, the packages included. */
void __real_ezlb_sort(void *items, size_t len, size_t size, ezlb_cmp_fn cmp);
void __wrap_ezlb_sort(void *items, size_t len, size_t size, ezlb_cmp_fn cmp);
void *__real_ezlb_find(const void *key, const void *items, size_t len, size_t size,
		       ezlb_cmp_fn cmp);
void *__wrap_ezlb_find(const void *key, const void *items, size_t len, size_t size,
		       ezlb_cmp_fn cmp);

void __wrap_ezlb_sort(void *items, size_t len, size_t size, ezlb_cmp_fn cmp)
{
	sorts++;
	__real_ezlb_sort(items, len, size, cmp);
}

void *__wrap_ezlb_find(const void *key, const void *items, size_t len, size_t size, ezlb_cmp_fn cmp)
{
	finds++;
	return __real_ezlb_find(key, items, len, size, cmp);
}

/* `turned`: the last backend comes first. */
static struct ezlb_spec *make(bool turned)
{
	struct ezlb_spec *spec = spec_of("f", "s tcp 10.0.0.1:80 snat=masq 10.1.0.1:80");

	spec->backends = ezlb_realloc(spec->backends, MANY, sizeof(*spec->backends));
	for (size_t i = 1; i < MANY; i++)
		spec->backends[i] = spec->backends[0];
	for (size_t i = 0; i < MANY; i++)
		spec->backends[i].endpoint.port = (uint16_t)(turned ? MANY - i : i + 1);
	spec->n_backends = MANY;
	return spec;
}

/* To look for each backend from the first one on would be 25 million comparisons. */
static void test_order_of_backends(void **state)
{
	struct ezlb_spec *a = make(false), *b = make(true);

	(void)state;
	assert_true(a->full_nat);
	sorts = finds = 0;
	assert_true(ezlb_desired_fits_for(a, b));
	assert_int_equal(sorts, 1);
	assert_int_equal(finds, MANY);
	b->backends[MANY / 2].endpoint.port = MANY + 1;
	assert_false(ezlb_desired_fits_for(a, b));
	sorts = finds = 0;
	assert_true(ezlb_desired_fits_for(a, a)); /* the usual case: the same order */
	assert_int_equal(sorts + finds, 0);
	ezlb_spec_free(a);
	ezlb_spec_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_order_of_backends) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
