// SPDX-License-Identifier: GPL-2.0-or-later
#include "actuals.h"

static const struct {
	const char *name, *actual;
	enum ezlb_fw_drops want; /* of INPUT */
} drops[] = {
	{ "nothing", "INPUT", EZLB_FW_LETS_PASS },
	{ "policy", "INPUT! o", EZLB_FW_BY_POLICY },
	{ "a rule", "INPUT o D", EZLB_FW_BY_RULE },
	{ "policy before rule", "INPUT! D", EZLB_FW_BY_POLICY },
	{ "a chain that it leads to", "INPUT o >A;A o ~B;B o D", EZLB_FW_BY_RULE },
	{ "a chain that it does not lead to", "INPUT o;A D", EZLB_FW_LETS_PASS },
	{ "another base chain", "INPUT;FORWARD! D", EZLB_FW_LETS_PASS },
	{ "in a circle", "INPUT >A;A >B;B >A", EZLB_FW_LETS_PASS },
	{ "a chain that is not there", "INPUT >A", EZLB_FW_LETS_PASS },
	{ "a stranger's in our chain", "INPUT >EZLB-INPUT;EZLB-INPUT D", EZLB_FW_LETS_PASS },
};

static void test_drops(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(drops); i++) {
		EZLB_FW_AUTO_ACTUAL struct ezlb_fw_actual actual = actual_of(drops[i].actual);
		const struct ezlb_fw_chain *input = ezlb_fw_chain_find(&actual, "INPUT");

		print_message("%s\n", drops[i].name);
		assert_int_equal(ezlb_fw_drops(&actual, input), drops[i].want);
		assert_int_equal(ezlb_fw_closed(&actual, EZLB_GATE_INPUT),
				 drops[i].want != EZLB_FW_LETS_PASS);
	}
}

static void test_home(void **state)
{
	EZLB_FW_AUTO_ACTUAL struct ezlb_fw_actual actual = actual_of("INPUT!;FORWARD!");

	(void)state;
	assert_true(ezlb_fw_closed(&actual, EZLB_GATE_FORWARD));
	actual.chains.items[1].home = false;
	assert_false(ezlb_fw_closed(&actual, EZLB_GATE_FORWARD));
	assert_null(ezlb_fw_home_find(&actual, EZLB_GATE_FORWARD));
	assert_null(ezlb_fw_chain_find(&actual, "OUTPUT"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_drops),
					    cmocka_unit_test(test_home) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
