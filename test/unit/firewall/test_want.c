// SPDX-License-Identifier: GPL-2.0-or-later
#include "actuals.h"

#include "want.h"

/* Words: "setup", "teardown", "+i1", "-f2". */
static const struct {
	const char *name, *one, *other; /* the legacy filter and that of nf_tables */
	const char *ops;
	enum ezlb_fw_aim aim;
	const char *rows;
} cases[] = {
	{ "only deletes", "INPUT!;EZLB-INPUT i1 i2", "", "-i1 -f1", EZLB_FW_TRIM, "i1 f1" },
	{ "setup keeps what there is", "INPUT!;EZLB-INPUT i1", "", "setup", EZLB_FW_FRAME, "i1" },
	{ "add, delete", "INPUT!;EZLB-INPUT i1 i2", "", "+i3 -i1", EZLB_FW_FRAME, "i2 i3" },
	{ "add again", "INPUT!;EZLB-INPUT i1", "", "-i1 +i1 +i1", EZLB_FW_FRAME, "i1" },
	{ "delete again", "INPUT!", "", "+i1 -i1", EZLB_FW_FRAME, "" },
	{ "teardown", "INPUT!;EZLB-INPUT i1", "", "+i2 teardown", EZLB_FW_CLEAR, "" },
	{ "and anew", "INPUT!;EZLB-INPUT i1", "", "teardown +i2", EZLB_FW_FRAME, "i2" },
	{ "in both filters", "INPUT!;EZLB-INPUT i1 i2", "INPUT D;EZLB-INPUT i2 i3", "setup",
	  EZLB_FW_FRAME, "i2" },
	{ "one filter is open", "INPUT!;EZLB-INPUT i1", "INPUT;EZLB-INPUT i2", "setup",
	  EZLB_FW_FRAME, "i1" },
};

static size_t ops_of(char *text, struct ezlb_op *ops, struct ezlb_op **list)
{
	size_t n = 0;
	char *rest;

	for (char *one = strtok_r(text, " ", &rest); one; one = strtok_r(NULL, " ", &rest)) {
		list[n] = &ops[n];
		ops[n].kind = *one == 's'   ? EZLB_OP_FIREWALL_SETUP
			      : *one == 't' ? EZLB_OP_FIREWALL_TEARDOWN
			      : *one == '+' ? EZLB_OP_ACCEPT_ADD
					    : EZLB_OP_ACCEPT_DEL;
		if (*one == '+' || *one == '-')
			ops[n].accept = row_of(one + 1);
		n++;
	}
	return n;
}

static void test_want(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		EZLB_AUTO_FREE char *text = ezlb_strdup(cases[i].ops);
		struct ezlb_op ops[4] = { 0 }, *list[4];
		struct ezlb_fw_filters filters;
		struct ezlb_fw_want want;

		print_message("%s\n", cases[i].name);
		ezlb_fw_filters_init(&filters);
		filters.items[0].actual = actual_of(cases[i].one);
		filters.items[2].actual = actual_of(cases[i].other);
		ezlb_fw_want_make(&filters, list, ops_of(text, ops, list), &want);
		assert_int_equal(want.aim, cases[i].aim);
		assert_string_equal(rows_text(&want.rows), cases[i].rows);
		EZLB_VEC_CLEAR(&want.rows);
		ezlb_fw_filters_clear(&filters);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_want) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
