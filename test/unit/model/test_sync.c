// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>

#include <ezlb/sync.h>

static void test_roles(void **state)
{
	enum ezlb_sync_role role = EZLB_SYNC_ROLES;

	(void)state;
	for (int i = 0; i < EZLB_SYNC_ROLES; i++) {
		const char *word = ezlb_sync_role_str((enum ezlb_sync_role)i);

		assert_int_equal(ezlb_sync_role_parse(word, &role), 0);
		assert_int_equal(role, i);
	}
	assert_string_equal(ezlb_sync_role_str(EZLB_SYNC_MASTER), "master");
	assert_string_equal(ezlb_sync_role_str(EZLB_SYNC_BACKUP), "backup");
	assert_int_equal(ezlb_sync_role_parse("slave", &role), -EINVAL);
	assert_int_equal(role, EZLB_SYNC_BACKUP);
}

/* Each is the same daemon as `of`, or one of its values differs. */
static const struct {
	struct ezlb_sync_row row;
	int by_role, owned;
	bool same;
} rows[] = {
	{ { EZLB_SYNC_MASTER, "eth1", 5, false }, 0, 0, true },
	{ { EZLB_SYNC_MASTER, "eth1", 5, true }, 0, 0, false },
	{ { EZLB_SYNC_MASTER, "eth0", 5, false }, 0, -1, false },
	{ { EZLB_SYNC_MASTER, "eth10", 5, false }, 0, 1, false },
	{ { EZLB_SYNC_MASTER, "eth1", 4, false }, 0, -1, false },
	{ { EZLB_SYNC_MASTER, "eth1", 6, false }, 0, 1, false },
	{ { EZLB_SYNC_BACKUP, "eth1", 5, false }, 1, 1, true },
};

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void test_comparing(void **state)
{
	const struct ezlb_sync_row of = { EZLB_SYNC_MASTER, "eth1", 5, false };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(sign(ezlb_sync_row_cmp(&rows[i].row, &of)), rows[i].by_role);
		assert_int_equal(sign(ezlb_sync_owned_cmp(&rows[i].row, &of)), rows[i].owned);
		assert_int_equal(sign(ezlb_sync_owned_cmp(&of, &rows[i].row)), -rows[i].owned);
		assert_int_equal(ezlb_sync_row_same(&rows[i].row, &of), rows[i].same);
	}
}

static void test_text(void **state)
{
	const struct ezlb_sync_row longest = { EZLB_SYNC_BACKUP, "abcdefghijklmno", UINT32_MAX,
					       false };
	char buf[EZLB_SYNC_STRLEN];

	(void)state;
	assert_string_equal(ezlb_sync_row_format(&rows[0].row, buf), "master on eth1, id 5");
	assert_string_equal(ezlb_sync_row_format(&longest, buf),
			    "backup on abcdefghijklmno, id 4294967295");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_comparing),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
