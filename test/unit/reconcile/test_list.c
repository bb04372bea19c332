// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_layers.h"

static void test_list_asks_every_layer_and_keeps_each_error(void **state)
{
	struct ezlb_table actual = { .snat_wanted = false };
	struct ezlb_scope scope = { 0 };
	struct ezlb_layer_errs errs;
	struct world w;

	(void)state;
	memset(&errs, 0x55, sizeof(errs)); /* what an earlier pass left there */
	world_init(&w);
	w.host_row = "setting forward 1";
	w.fakes[EZLB_LAYER_HOST].list_moans = true;
	w.fakes[EZLB_LAYER_SNAT].list_rc = -EPERM;
	w.fakes[EZLB_LAYER_IPVS].list_rc = -EIO;
	w.fakes[EZLB_LAYER_IPVS].list_mute = true;
	ezlb_reconcile_list(&w.dp, &scope, NULL, &actual, &errs);
	for (int i = 0; i < EZLB_LAYERS; i++) {
		assert_int_equal(w.fakes[i].lists, 1);
		assert_int_equal(w.fakes[i].applies, 0);
	}
	assert_int_equal(errs.layer[EZLB_LAYER_HOST].code, 0);
	assert_int_equal(errs.layer[EZLB_LAYER_SNAT].code, EPERM);
	assert_string_equal(errs.layer[EZLB_LAYER_SNAT].msg, "no such luck");
	assert_int_equal(errs.layer[EZLB_LAYER_IPVS].code, EIO);
	assert_string_equal(errs.layer[EZLB_LAYER_IPVS].msg, "cannot read: Input/output error");
	assert_int_equal(actual.settings.len, 1);
	ezlb_table_clear(&actual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list_asks_every_layer_and_keeps_each_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
