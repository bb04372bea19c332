// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <stdio.h>

#include "focus.h"
#include "specs.h"

static struct ezlb_spec *specs[300];
static struct ezlb_desired desired;
static struct focus focus;

static int setup(void **state)
{
	char text[64];

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(specs); i++) {
		snprintf(text, sizeof(text), "s%u tcp 10.0.%u.%u:80 10.1.0.1:80", i, i / 200,
			 i % 200);
		*EZLB_PUSH(&desired) = specs[i] = spec_of("x.yaml", text);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(specs); i++)
		ezlb_spec_free(specs[i]);
	EZLB_VEC_CLEAR(&desired);
	focus_clear(&focus);
	focus = (struct focus){ .all = false };
	return 0;
}

/* The names, in the order of the set; "all". */
static void is(const char *want)
{
	struct ezlb_desired list = { 0 };
	char text[256] = "";

	focus_list(&focus, &desired, &list);
	for (size_t i = 0; i < list.len; i++)
		ezlb_strcatf(text, sizeof(text), "%s%s", i ? " " : "", list.items[i]->name);
	assert_string_equal(focus.all ? "all" : text, want);
	EZLB_VEC_CLEAR(&list);
}

static void test_names(void **state)
{
	(void)state;
	is("");
	focus_name(&focus, &desired, "s7");
	focus_name(&focus, &desired, "s2");
	focus_name(&focus, &desired, "s7");
	is("s2 s7");
	focus_forget(&focus);
	is("");
	focus_name(&focus, &desired, "s299");
	is("s299");
	focus_name(&focus, &desired, "nobody");
	is("all");
	focus_name(&focus, &desired, "s1"); /* it stays all */
	is("all");
	focus_forget(&focus);
	is("");
}

/* Only a pass that has no other reason than the time is quiet. */
static void test_time(void **state)
{
	(void)state;
	focus_time(&focus);
	is("all");
	assert_true(focus.quiet);
	focus_name(&focus, &desired, "s7");
	assert_false(focus.quiet);
	focus_forget(&focus);
	focus_name(&focus, &desired, "s7");
	focus_time(&focus);
	is("all");
	assert_false(focus.quiet);
	focus_forget(&focus);
	focus_all(&focus);
	focus_time(&focus);
	assert_false(focus.quiet);
	focus_forget(&focus);
	focus_time(&focus);
	assert_true(focus.quiet);
	focus_all(&focus);
	assert_false(focus.quiet);
	focus_forget(&focus);
	is("");
	assert_false(focus.quiet);
}

static void test_too_many_are_all(void **state)
{
	char name[8];

	(void)state;
	for (unsigned i = 0; i < FOCUS_MAX; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		focus_name(&focus, &desired, name);
	}
	assert_false(focus.all);
	focus_name(&focus, &desired, "s280");
	is("all");
}

static void test_keys_and_specs(void **state)
{
	struct ezlb_scope keys = { 0 };
	struct ezlb_desired some = { 0 };

	(void)state;
	*EZLB_PUSH(&keys) = ezlb_spec_key(specs[3]);
	*EZLB_PUSH(&some) = specs[1];
	focus_keys(&focus, &desired, &keys);
	focus_specs(&focus, &desired, &some);
	is("s1 s3");
	keys.items[0].listen.port = 81;
	focus_keys(&focus, &desired, &keys);
	is("all");
	EZLB_VEC_CLEAR(&keys);
	EZLB_VEC_CLEAR(&some);
}

/* The index of the names is made anew after more than an edit. */
static void test_files(void **state)
{
	struct ezlb_catalog_change change = { .all = false };

	(void)state;
	*EZLB_PUSH(&change.services) = specs[5];
	focus_name(&focus, &desired, "s2");
	focus_files(&focus, &desired, &change);
	is("s2 s5");
	change.all = true;
	ezlb_strcpy(specs[9]->name, sizeof(specs[9]->name), "other");
	focus_files(&focus, &desired, &change);
	is("all");
	focus_forget(&focus);
	focus_name(&focus, &desired, "other");
	is("other");
	EZLB_VEC_CLEAR(&change.services);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_names), TEST(test_time),
					    TEST(test_too_many_are_all), TEST(test_keys_and_specs),
					    TEST(test_files) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
