// SPDX-License-Identifier: GPL-2.0-or-later
/* How much work a merge and one version more are, counted in sorts, searches and comparisons. */
#include "cm.h"

#include <ezlb/desired.h>

#include "specs.h"

#define MANY 5000 /* backends of a service file */

static size_t sorts, finds, compared;

static ezlb_cmp_fn cmp_of_first;

static int counting(const void *a, const void *b)
{
	compared++;
	return cmp_of_first(a, b);
}

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

size_t __real_ezlb_first(const void *key, const void *items, size_t len, size_t size,
			 ezlb_cmp_fn cmp);
size_t __wrap_ezlb_first(const void *key, const void *items, size_t len, size_t size,
			 ezlb_cmp_fn cmp);
bool __real_ezlb_listener_is_mark(const struct ezlb_listener *listener);
bool __wrap_ezlb_listener_is_mark(const struct ezlb_listener *listener);

size_t __wrap_ezlb_first(const void *key, const void *items, size_t len, size_t size,
			 ezlb_cmp_fn cmp)
{
	cmp_of_first = cmp;
	return __real_ezlb_first(key, items, len, size, counting);
}

/* Is asked for each listener that is compared with another one. */
bool __wrap_ezlb_listener_is_mark(const struct ezlb_listener *listener)
{
	compared++;
	return __real_ezlb_listener_is_mark(listener);
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

/* --- ranges of ports ----------------------------------------------------------------------- */

#define PORTS 60 /* listeners of every second file; the others have a range */

/* `crowd`: all have one address, so that the ranges and ports lie between each other. */
static struct ezlb_spec *make_listeners(unsigned i, bool crowd)
{
	unsigned addr = crowd ? 0 : i, first = crowd ? 1 + i * 30 % 60000 : 1;
	struct ezlb_spec *spec;
	char text[128];

	snprintf(text, sizeof(text), "s%u tcp 10.%u.%u.1:%u%s 10.1.0.1:80", i, addr / 250,
		 addr % 250, first, i % 2 ? "" : "-20");
	spec = spec_of("f", text);
	if (i % 2 == 0) {
		spec->listeners[0].last_port = (uint16_t)(first + 20);
		spec->listeners[0].key.fwmark = i + 1;
		return spec;
	}
	for (unsigned k = 1; k < PORTS; k++) {
		struct ezlb_endpoint ep = spec->listen;

		ep.port = (uint16_t)(crowd ? 1 + (i * 30 + k * 977) % 60000 : 1 + k);
		spec_listen(spec, EZLB_TCP, ep, 0);
	}
	return spec;
}

static void free_all(struct ezlb_candidate *files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ezlb_spec_free((struct ezlb_spec *)(uintptr_t)files[i].fresh);
	free(files);
}

/* The comparisons of a merge of n files, and of looking whether one of them fits to the others. */
static void compare(unsigned n, bool crowd, size_t *merge, size_t *fit)
{
	struct ezlb_candidate *files = ezlb_calloc(n, sizeof(*files));
	struct ezlb_desired desired = { 0 }, one = { 0 };
	struct ezlb_diags diags = { 0 };

	for (unsigned i = 0; i < n; i++)
		files[i].fresh = make_listeners(i, crowd);
	compared = 0;
	ezlb_desired_merge(files, n, EZLB_SNAT_KEY_LISTENER, &desired, &diags);
	*merge = compared;
	*EZLB_PUSH(&one) = files[n / 2 * 2 - 1].fresh;
	ezlb_desired_drop(&desired, one.items[0]);
	compared = 0;
	assert_true(ezlb_desired_fit(&one, &desired, EZLB_SNAT_KEY_LISTENER) ==
		    (files[n / 2 * 2 - 1].chosen != NULL));
	*fit = compared;
	EZLB_VEC_CLEAR(&desired);
	EZLB_VEC_CLEAR(&one);
	ezlb_diags_clear(&diags);
	free_all(files, n);
}

/* To compare each range with all files would be 16 times as much for 4 times as many. */
static void test_ranges(void **state)
{
	(void)state;
	for (int crowd = 0; crowd < 2; crowd++) {
		size_t few_merge, few_fit, many_merge, many_fit;

		compare(250, crowd, &few_merge, &few_fit);
		compare(1000, crowd, &many_merge, &many_fit);
		print_message("%s: a merge of 250 files %zu comparisons, of 1,000 %zu; one more "
			      "%zu and %zu\n",
			      crowd ? "one address" : "an address each", few_merge, many_merge,
			      few_fit, many_fit);
		assert_true(many_merge < 6 * few_merge);
		assert_true(many_merge < 1000 * PORTS / 2 * 150); /* 75 for each listener */
		assert_true(many_fit < 1000 * PORTS / 2 * 40);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_backends),
		cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
