// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>

#include <ezlb/roster.h>

static struct ezlb_service_key service(const char *listen)
{
	struct ezlb_service_key key = { .proto = EZLB_TCP };

	assert_int_equal(ezlb_endpoint_parse(listen, &key.listen, NULL), 0);
	return key;
}

static void add(struct ezlb_roster *roster, const char *listen, const char *backend,
		enum ezlb_role role, uint64_t until_ms)
{
	struct ezlb_roster_row *row = EZLB_PUSH(&roster->rows);

	row->service = service(listen);
	assert_int_equal(ezlb_endpoint_parse(backend, &row->backend, NULL), 0);
	row->role = role;
	row->until_ms = until_ms;
	row->cause = EZLB_DRAIN_DOWN;
}

static void test_rows_of_a_service(void **state)
{
	const struct ezlb_service_key web = service("10.0.0.2:80"), none = service("10.0.0.9:80"),
				      first = service("10.0.0.1:80");
	struct ezlb_roster roster = { .due_ms = 5 };
	struct ezlb_drains drains = { 0 };
	struct ezlb_endpoint b;
	size_t n;

	(void)state;
	assert_null(ezlb_roster_of(&roster, &web, &n));
	assert_int_equal(n, 0);
	add(&roster, "10.0.0.2:80", "10.1.0.2:80", EZLB_ROLE_DRAINING, 7);
	add(&roster, "10.0.0.3:80", "10.1.0.1:80", EZLB_ROLE_DRAINING, 8);
	add(&roster, "10.0.0.1:80", "10.1.0.1:80", EZLB_ROLE_OUT, 0);
	add(&roster, "10.0.0.2:80", "10.1.0.1:80", EZLB_ROLE_SERVING, 0);
	EZLB_SORT(&roster.rows, ezlb_roster_row_cmp);
	assert_ptr_equal(ezlb_roster_of(&roster, &web, &n), &roster.rows.items[1]);
	assert_int_equal(n, 2);
	assert_ptr_equal(ezlb_roster_of(&roster, &first, &n), &roster.rows.items[0]);
	assert_int_equal(n, 1);
	assert_null(ezlb_roster_of(&roster, &none, &n));
	assert_int_equal(ezlb_endpoint_parse("10.1.0.2:80", &b, NULL), 0);
	assert_int_equal(ezlb_roster_find(&roster, &web, &b)->until_ms, 7);
	assert_null(ezlb_roster_find(&roster, &first, &b));
	ezlb_roster_drains(&roster, &drains);
	assert_int_equal(drains.len, 2);
	assert_int_equal(drains.items[0].until_ms, 7);
	assert_int_equal(drains.items[1].until_ms, 8);
	assert_int_equal(drains.items[0].cause, EZLB_DRAIN_DOWN);
	assert_true(ezlb_drain_cmp(&drains.items[0], &drains.items[1]) < 0);
	EZLB_VEC_CLEAR(&drains);
	ezlb_roster_clear(&roster);
	assert_true(roster.due_ms == UINT64_MAX);
}

static void test_words(void **state)
{
	enum ezlb_drain_cause cause = EZLB_DRAIN_CAUSES;
	unsigned dests = 0;

	(void)state;
	for (int i = 0; i < EZLB_DRAIN_CAUSES; i++) {
		const char *word = ezlb_drain_cause_str((enum ezlb_drain_cause)i);

		assert_int_equal(ezlb_drain_cause_parse(word, &cause), 0);
		assert_int_equal(cause, i);
	}
	assert_int_equal(ezlb_drain_cause_parse("up", &cause), -EINVAL);
	assert_int_equal(ezlb_drain_cause_parse("", &cause), -EINVAL);
	for (int i = 0; i < EZLB_ROLES; i++) {
		assert_non_null(ezlb_role_str((enum ezlb_role)i));
		dests += ezlb_role_has_dest((enum ezlb_role)i);
	}
	assert_int_equal(dests, 5);
	assert_false(ezlb_role_has_dest(EZLB_ROLE_WAITING));
	assert_true(ezlb_role_has_dest(EZLB_ROLE_DRAINING));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_of_a_service),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
