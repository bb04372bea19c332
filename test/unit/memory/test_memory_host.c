// SPDX-License-Identifier: GPL-2.0-or-later
/* What is around the services: settings, links and addresses, accepts. */
#include "ops.h"

static void test_settings(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t = list(f, EZLB_LAYER_HOST, &scope);

	/* All off, as on a new host; and no interface, so none with an accept_ra. */
	assert_int_equal(t.settings.len, EZLB_SETTINGS - 1);
	for (size_t i = 0; i < t.settings.len; i++) {
		assert_int_equal(t.settings.items[i].value, 0);
		assert_int_not_equal(t.settings.items[i].setting, EZLB_ACCEPT_RA);
	}
	ezlb_table_clear(&t);
	setting_op(f, EZLB_IP_FORWARD, 1);
	APPLY(f, 0);
	setting(f, EZLB_VS_CONNTRACK)->value = -1; /* ip_vs is not loaded */
	setting_op(f, EZLB_VS_CONNTRACK, 1);
	setting_op(f, EZLB_ACCEPT_RA, 2);
	APPLY(f, -ENOENT, -ENOENT);
	t = list(f, EZLB_LAYER_HOST, &scope);
	assert_int_equal(t.settings.items[EZLB_VS_CONNTRACK].value, -1);
	assert_int_equal(t.settings.items[EZLB_IP_FORWARD].value, 1);
	ezlb_table_clear(&t);
}

static void test_a_setting_of_one_interface(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		struct ezlb_setting_row *row = EZLB_PUSH(&f->kernel->settings);

		row->setting = EZLB_ACCEPT_RA;
		strcpy(row->device, i == 0 ? "eth0" : "eth1");
	}
	setting_op(f, EZLB_ACCEPT_RA, 2);
	strcpy(f->plan.items[0].setting.device, "eth1");
	APPLY(f, 0);
	assert_int_equal(setting(f, EZLB_ACCEPT_RA)->value, 0); /* eth0, the first of them */
	assert_int_equal(setting(f, EZLB_ACCEPT_RA)[1].value, 2);
}

/* Only what has the value that ezlb gives is ezlb's to set back. */
static void test_reset(void **state)
{
	struct fixture *f = *state;

	setting(f, EZLB_IP_FORWARD)->value = 1;
	setting(f, EZLB_ARP_ANNOUNCE)->value = 1; /* 2 was wanted */
	setting(f, EZLB_VS_CONNTRACK)->value = -1;
	reset_op(f, EZLB_IP_FORWARD, 0);
	reset_op(f, EZLB_ARP_ANNOUNCE, 0);
	reset_op(f, EZLB_VS_CONNTRACK, 0);
	reset_op(f, EZLB_ACCEPT_RA, 0); /* its interface has gone */
	APPLY(f, 0, 0, 0, 0);
	assert_int_equal(setting(f, EZLB_IP_FORWARD)->value, 0);
	assert_int_equal(setting(f, EZLB_ARP_ANNOUNCE)->value, 1);
	assert_int_equal(setting(f, EZLB_VS_CONNTRACK)->value, -1);
}

static void test_links_and_addresses(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t;

	vip_op(f, EZLB_OP_VIP_ADD, "a0", "10.0.0.1");
	link_op(f, EZLB_OP_LINK_ADD, "a0");
	link_op(f, EZLB_OP_LINK_ADD, "a0");
	vip_op(f, EZLB_OP_VIP_ADD, "a0", "10.0.0.1");
	vip_op(f, EZLB_OP_VIP_ADD, "a0", "10.0.0.1");
	vip_op(f, EZLB_OP_VIP_ADD, "a0", "fd00::1");
	APPLY(f, -ENODEV, 0, -EEXIST, 0, -EEXIST, 0);
	*EZLB_PUSH(&f->kernel->elsewhere) = ep("10.0.0.7:1").addr;
	t = list(f, EZLB_LAYER_HOST, &scope);
	assert_int_equal(t.links.len, 1);
	assert_int_equal(t.vips.len, 2);
	assert_int_equal(t.elsewhere.len, 1);
	assert_int_equal(t.elsewhere.items[0].bytes[3], 7);
	ezlb_table_clear(&t);
	vip_op(f, EZLB_OP_VIP_DEL, "a0", "10.0.0.1");
	vip_op(f, EZLB_OP_VIP_DEL, "a0", "10.0.0.1"); /* gone already is fine */
	link_op(f, EZLB_OP_LINK_DEL, "a0");
	vip_op(f, EZLB_OP_VIP_DEL, "a0", "fd00::1");
	link_op(f, EZLB_OP_LINK_DEL, "a0");
	link_op(f, EZLB_OP_LINK_DEL, "a0");
	APPLY(f, 0, 0, -EBUSY, 0, 0, 0);
	assert_int_equal(f->kernel->links.len + f->kernel->vips.len, 0);
}

static void test_accepts(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t;

	accept_op(f, EZLB_OP_ACCEPT_ADD, EZLB_GATE_INPUT); /* no chain yet */
	ezlb_plan_add(&f->plan, EZLB_OP_FIREWALL_SETUP);
	accept_op(f, EZLB_OP_ACCEPT_ADD, EZLB_GATE_INPUT);
	accept_op(f, EZLB_OP_ACCEPT_ADD, EZLB_GATE_FORWARD);
	accept_op(f, EZLB_OP_ACCEPT_ADD, EZLB_GATE_FORWARD);
	accept_op(f, EZLB_OP_ACCEPT_DEL, EZLB_GATE_INPUT);
	accept_op(f, EZLB_OP_ACCEPT_DEL, EZLB_GATE_INPUT);
	APPLY(f, -ENOENT, 0, 0, 0, -EEXIST, 0, 0);
	f->kernel->gates[EZLB_GATE_FORWARD][1] = true;
	t = list(f, EZLB_LAYER_FIREWALL, &scope);
	assert_int_equal(t.accepts.len, 1);
	assert_int_equal(t.accepts.items[0].gate, EZLB_GATE_FORWARD);
	assert_true(t.accepts_present && t.accepts_sound && t.gates[EZLB_GATE_FORWARD][1]);
	assert_false(t.gates[EZLB_GATE_FORWARD][0] || t.gates[EZLB_GATE_INPUT][1]);
	ezlb_table_clear(&t);
	ezlb_plan_add(&f->plan, EZLB_OP_FIREWALL_TEARDOWN);
	APPLY(f, 0);
	assert_int_equal(f->kernel->accepts.len, 0);
	assert_false(f->kernel->accepts_present || f->kernel->accepts_sound);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_settings), TEST(test_a_setting_of_one_interface),
		TEST(test_reset),    TEST(test_links_and_addresses),
		TEST(test_accepts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
