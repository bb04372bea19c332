// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <ezlb/op.h>

static struct ezlb_endpoint ep(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

/* Written again here, so that no fact of the table changes by accident. */
/* clang-format off */
#define ROW(kind, name, layer, phase, action, object)                                       \
	[EZLB_OP_##kind] = { name, EZLB_LAYER_##layer, EZLB_PHASE_##phase, EZLB_ACTION_##action, \
			     EZLB_OBJECT_##object }
static const struct ezlb_op_facts kinds[] = {
	ROW(HOST_SET, "host-set", HOST, SETTINGS, SET, SETTING),
	ROW(LINK_ADD, "link-add", HOST, HOST, ADD, LINK),
	ROW(FIREWALL_SETUP, "firewall-setup", FIREWALL, FIREWALL, ADD, FIREWALL_FRAME),
	ROW(ACCEPT_ADD, "accept-add", FIREWALL, FIREWALL, ADD, ACCEPT),
	ROW(SNAT_SETUP, "snat-setup", SNAT, SNAT, ADD, SNAT_FRAME),
	ROW(SNAT_ADD, "snat-add", SNAT, SNAT, ADD, SNAT),
	ROW(SNAT_SET, "snat-set", SNAT, SNAT, SET, SNAT),
	ROW(MARK_ADD, "mark-add", MARK, MARK, ADD, MARK),
	ROW(GUARD_ADD, "guard-add", MARK, GUARD, ADD, GUARD),
	ROW(TOA_SETUP, "toa-setup", TOA, TOA_FRAME, ADD, TOA_FRAME),
	ROW(TOA_ADD, "toa-add", TOA, TOA, ADD, TOA),
	ROW(TOA_SET, "toa-set", TOA, TOA, SET, TOA),
	ROW(HOOK_ADD, "hook-add", TOA, TOA, ADD, HOOK),
	ROW(SYNC_ADD, "sync-add", IPVS, SYNC, ADD, SYNC),
	ROW(SYNC_SET, "sync-set", IPVS, SYNC, SET, SYNC),
	ROW(TIMEOUT_SET, "timeout-set", IPVS, SERVICES, SET, TIMEOUT),
	ROW(SERVICE_ADD, "service-add", IPVS, SERVICES, ADD, SERVICE),
	ROW(SERVICE_SET, "service-set", IPVS, SERVICES, SET, SERVICE),
	ROW(DEST_ADD, "dest-add", IPVS, DESTS, ADD, DEST),
	ROW(DEST_SET, "dest-set", IPVS, DESTS, SET, DEST),
	ROW(VIP_ADD, "vip-add", HOST, VIPS, ADD, VIP),
	ROW(VIP_DEL, "vip-del", HOST, VIPS_DEL, DEL, VIP),
	ROW(DEST_DEL, "dest-del", IPVS, DESTS, DEL, DEST),
	ROW(SERVICE_DEL, "service-del", IPVS, SERVICES_DEL, DEL, SERVICE),
	ROW(TIMEOUT_RESET, "timeout-reset", IPVS, SERVICES_DEL, RESET, TIMEOUT),
	ROW(SYNC_DEL, "sync-del", IPVS, SYNC_DEL, DEL, SYNC),
	ROW(GUARD_DEL, "guard-del", MARK, GUARD_DEL, DEL, GUARD),
	ROW(MARK_DEL, "mark-del", MARK, MARK_DEL, DEL, MARK),
	ROW(TOA_DEL, "toa-del", TOA, TOA_DEL, DEL, TOA),
	ROW(HOOK_DEL, "hook-del", TOA, TOA_DEL, DEL, HOOK),
	ROW(TOA_TEARDOWN, "toa-teardown", TOA, TOA_DEL, DEL, TOA_FRAME),
	ROW(SNAT_DEL, "snat-del", SNAT, SNAT_DEL, DEL, SNAT),
	ROW(SNAT_TEARDOWN, "snat-teardown", SNAT, SNAT_DEL, DEL, SNAT_FRAME),
	ROW(ACCEPT_DEL, "accept-del", FIREWALL, FIREWALL_DEL, DEL, ACCEPT),
	ROW(FIREWALL_TEARDOWN, "firewall-teardown", FIREWALL, FIREWALL_DEL, DEL, FIREWALL_FRAME),
	ROW(LINK_DEL, "link-del", HOST, HOST_DEL, DEL, LINK),
	ROW(HOST_RESET, "host-reset", HOST, HOST_DEL, RESET, SETTING),
};
/* clang-format on */

static void test_kinds(void **state)
{
	(void)state;
	assert_int_equal(COUNT_OF(kinds), EZLB_OPS);
	for (size_t i = 0; i < EZLB_OPS; i++) {
		enum ezlb_op_kind kind = (enum ezlb_op_kind)i;
		const struct ezlb_op_facts *facts = ezlb_op_facts(kind);

		assert_string_equal(facts->name, kinds[i].name);
		assert_string_equal(ezlb_op_kind_str(kind), kinds[i].name);
		assert_int_equal(ezlb_op_layer(kind), kinds[i].layer);
		assert_int_equal(facts->phase, kinds[i].phase);
		assert_int_equal(ezlb_op_action(kind), kinds[i].action);
		assert_int_equal(ezlb_op_object(kind), kinds[i].object);
		/* No two kinds do the same to the same object. */
		assert_int_equal(ezlb_op_kind_of(facts->object, facts->action), kind);
	}
	assert_int_equal(ezlb_op_kind_of(EZLB_OBJECT_ACCEPT, EZLB_ACTION_SET), EZLB_OPS);
	assert_string_equal(ezlb_layer_kind_str(EZLB_LAYER_HOST), "host");
	assert_string_equal(ezlb_layer_kind_str(EZLB_LAYER_FIREWALL), "firewall");
	assert_string_equal(ezlb_layer_kind_str(EZLB_LAYER_SNAT), "snat");
	assert_string_equal(ezlb_layer_kind_str(EZLB_LAYER_MARK), "mark");
	assert_string_equal(ezlb_layer_kind_str(EZLB_LAYER_TOA), "toa");
	assert_string_equal(ezlb_layer_kind_str(EZLB_LAYER_IPVS), "ipvs");
}

/*
 * A phase is one call of one layer: in a sorted plan its ops stand together. Those of addresses
 * stand between those of dests, which are one call in a plan without addresses.
 */
static void test_phases_follow_the_order_of_kinds(void **state)
{
	const struct ezlb_op_facts *before = ezlb_op_facts((enum ezlb_op_kind)0);

	(void)state;
	for (int i = 1; i < EZLB_OPS; i++) {
		const struct ezlb_op_facts *facts = ezlb_op_facts((enum ezlb_op_kind)i);

		if (facts->object == EZLB_OBJECT_VIP)
			continue;
		assert_true(before->phase <= facts->phase);
		if (before->phase == facts->phase)
			assert_int_equal(before->layer, facts->layer);
		before = facts;
	}
}

/* Rules before the address, and the address away before the rules; one link before the other. */
static void test_addresses_stand_between_dests(void **state)
{
	static const enum ezlb_op_kind order[] = {
		EZLB_OP_LINK_ADD, EZLB_OP_SERVICE_ADD, EZLB_OP_DEST_ADD, EZLB_OP_DEST_SET,
		EZLB_OP_VIP_ADD,  EZLB_OP_VIP_DEL,     EZLB_OP_DEST_DEL, EZLB_OP_SERVICE_DEL,
		EZLB_OP_SNAT_DEL, EZLB_OP_ACCEPT_DEL,  EZLB_OP_LINK_DEL
	};

	(void)state;
	for (size_t i = 1; i < COUNT_OF(order); i++)
		assert_true(order[i - 1] < order[i]);
	assert_int_not_equal(ezlb_op_facts(EZLB_OP_VIP_ADD)->phase,
			     ezlb_op_facts(EZLB_OP_VIP_DEL)->phase);
}

/* A setting that waits for accept_ra is set after it, in another call of the layer. */
static void test_phases_of_settings(void **state)
{
	(void)state;
	for (int i = 0; i < EZLB_SETTINGS; i++) {
		struct ezlb_op op = { .kind = EZLB_OP_HOST_SET,
				      .setting.setting = (enum ezlb_setting)i };

		assert_int_equal(ezlb_op_phase(&op),
				 i < EZLB_IP6_FORWARD ? EZLB_PHASE_SETTINGS : EZLB_PHASE_HOST);
		op.kind = EZLB_OP_HOST_RESET;
		assert_int_equal(ezlb_op_phase(&op), EZLB_PHASE_HOST_DEL);
	}
}

static const struct {
	enum ezlb_op_kind kind;
	enum ezlb_subject_kind subject;
	bool service;
} subjects[] = {
	{ EZLB_OP_HOST_SET, EZLB_SUBJECT_SETTING, false },
	{ EZLB_OP_HOST_RESET, EZLB_SUBJECT_SETTING, false },
	{ EZLB_OP_LINK_ADD, EZLB_SUBJECT_LINK, false },
	{ EZLB_OP_LINK_DEL, EZLB_SUBJECT_LINK, false },
	{ EZLB_OP_VIP_ADD, EZLB_SUBJECT_ADDR, false },
	{ EZLB_OP_VIP_DEL, EZLB_SUBJECT_ADDR, false },
	{ EZLB_OP_FIREWALL_SETUP, EZLB_SUBJECT_FRAME, false },
	{ EZLB_OP_FIREWALL_TEARDOWN, EZLB_SUBJECT_FRAME, false },
	{ EZLB_OP_ACCEPT_ADD, EZLB_SUBJECT_SERVICE, true },
	{ EZLB_OP_ACCEPT_DEL, EZLB_SUBJECT_SERVICE, true },
	{ EZLB_OP_SNAT_SETUP, EZLB_SUBJECT_FRAME, false },
	{ EZLB_OP_SNAT_TEARDOWN, EZLB_SUBJECT_FRAME, false },
	{ EZLB_OP_SNAT_ADD, EZLB_SUBJECT_BACKEND, false },
	{ EZLB_OP_SNAT_SET, EZLB_SUBJECT_BACKEND, false },
	{ EZLB_OP_SNAT_DEL, EZLB_SUBJECT_BACKEND, false },
	{ EZLB_OP_MARK_ADD, EZLB_SUBJECT_SERVICE, true },
	{ EZLB_OP_MARK_DEL, EZLB_SUBJECT_SERVICE, true },
	{ EZLB_OP_GUARD_ADD, EZLB_SUBJECT_ADDR, false },
	{ EZLB_OP_GUARD_DEL, EZLB_SUBJECT_ADDR, false },
	{ EZLB_OP_TOA_SETUP, EZLB_SUBJECT_FRAME, false },
	{ EZLB_OP_TOA_ADD, EZLB_SUBJECT_SERVICE, true },
	{ EZLB_OP_TOA_SET, EZLB_SUBJECT_SERVICE, true },
	{ EZLB_OP_TOA_DEL, EZLB_SUBJECT_SERVICE, true },
	{ EZLB_OP_TOA_TEARDOWN, EZLB_SUBJECT_FRAME, false },
	{ EZLB_OP_HOOK_ADD, EZLB_SUBJECT_LINK, false },
	{ EZLB_OP_HOOK_DEL, EZLB_SUBJECT_LINK, false },
	{ EZLB_OP_SYNC_ADD, EZLB_SUBJECT_SYNC, false },
	{ EZLB_OP_SYNC_SET, EZLB_SUBJECT_SYNC, false },
	{ EZLB_OP_SYNC_DEL, EZLB_SUBJECT_SYNC, false },
	{ EZLB_OP_TIMEOUT_SET, EZLB_SUBJECT_TIMEOUT, false },
	{ EZLB_OP_TIMEOUT_RESET, EZLB_SUBJECT_TIMEOUT, false },
	{ EZLB_OP_SERVICE_ADD, EZLB_SUBJECT_SERVICE, true },
	{ EZLB_OP_SERVICE_SET, EZLB_SUBJECT_SERVICE, true },
	{ EZLB_OP_SERVICE_DEL, EZLB_SUBJECT_SERVICE, true },
	{ EZLB_OP_DEST_ADD, EZLB_SUBJECT_SERVICE, true },
	{ EZLB_OP_DEST_SET, EZLB_SUBJECT_SERVICE, true },
	{ EZLB_OP_DEST_DEL, EZLB_SUBJECT_SERVICE, true },
};

/* The row of the op, all of it about udp 10.0.0.1:53. */
static struct ezlb_op op_of(enum ezlb_op_kind kind)
{
	const struct ezlb_service_key key = { EZLB_UDP, ep("10.0.0.1:53"), 0 };
	struct ezlb_op op = { .kind = kind };

	if (ezlb_op_object(kind) == EZLB_OBJECT_SERVICE)
		op.service.key = key;
	else if (ezlb_op_object(kind) == EZLB_OBJECT_DEST)
		op.dest.service = key;
	else if (ezlb_op_object(kind) == EZLB_OBJECT_ACCEPT)
		op.accept = (struct ezlb_accept_row){ EZLB_GATE_FORWARD, key };
	else if (ezlb_op_object(kind) == EZLB_OBJECT_SNAT)
		op.snat.key = (struct ezlb_snat_key){ EZLB_SNAT_KEY_BACKEND, key.proto, key.listen,
						      0 };
	else if (ezlb_op_object(kind) == EZLB_OBJECT_MARK)
		op.mark = (struct ezlb_mark_row){ .service = key, .last_port = 60 };
	else if (ezlb_op_object(kind) == EZLB_OBJECT_GUARD)
		op.guard.addr = key.listen.addr;
	else if (ezlb_op_object(kind) == EZLB_OBJECT_TOA)
		op.toa.service = key;
	else if (ezlb_op_object(kind) == EZLB_OBJECT_HOOK)
		op.hook = (struct ezlb_hook_row){ .device = "eth0" };
	else if (ezlb_op_object(kind) == EZLB_OBJECT_VIP)
		op.vip = (struct ezlb_vip_row){ "ezlb0", key.listen.addr };
	else if (ezlb_op_object(kind) == EZLB_OBJECT_LINK)
		op.link = (struct ezlb_link_row){ "ezlb0" };
	else if (ezlb_op_object(kind) == EZLB_OBJECT_SETTING)
		op.setting = (struct ezlb_setting_row){ EZLB_ACCEPT_RA, "eth0", 2 };
	else if (ezlb_op_object(kind) == EZLB_OBJECT_TIMEOUT)
		op.timeout = (struct ezlb_timeout_row){ EZLB_TIMEOUT_UDP, 60 };
	else if (ezlb_op_object(kind) == EZLB_OBJECT_SYNC)
		op.sync = (struct ezlb_sync_row){ EZLB_SYNC_BACKUP, "eth1", 7, false };
	return op;
}

static void test_subjects(void **state)
{
	const struct ezlb_service_key key = { EZLB_UDP, ep("10.0.0.1:53"), 0 };

	(void)state;
	assert_int_equal(COUNT_OF(subjects), EZLB_OPS);
	for (size_t i = 0; i < COUNT_OF(subjects); i++) {
		const struct ezlb_op op = op_of(subjects[i].kind);
		const struct ezlb_subject subject = ezlb_op_subject(&op);
		struct ezlb_service_key service;

		assert_int_equal(subject.kind, subjects[i].subject);
		assert_int_equal(ezlb_op_service(&op, &service), subjects[i].service);
		if (subjects[i].service)
			assert_int_equal(ezlb_service_key_cmp(&service, &key), 0);
		if (subject.kind == EZLB_SUBJECT_BACKEND)
			assert_int_equal(ezlb_snat_key_cmp(&subject.backend, &op.snat.key), 0);
		if (subject.kind == EZLB_SUBJECT_ADDR)
			assert_int_equal(ezlb_addr_cmp(&subject.addr, &key.listen.addr), 0);
		if (subject.kind == EZLB_SUBJECT_LINK)
			assert_string_equal(subject.link.device,
					    ezlb_op_object(op.kind) == EZLB_OBJECT_HOOK ? "eth0"
											: "ezlb0");
		if (subject.kind == EZLB_SUBJECT_SETTING)
			assert_string_equal(subject.setting.device, "eth0");
		if (subject.kind == EZLB_SUBJECT_SYNC)
			assert_int_equal(subject.sync.role, EZLB_SYNC_BACKUP);
		if (subject.kind == EZLB_SUBJECT_TIMEOUT)
			assert_int_equal(subject.timeout.timeout, EZLB_TIMEOUT_UDP);
	}
}

/* A SNAT row that is for a listener is about that one's service. */
static void test_snat_rows_of_a_service(void **state)
{
	static const enum ezlb_op_kind snats[] = { EZLB_OP_SNAT_ADD, EZLB_OP_SNAT_SET,
						   EZLB_OP_SNAT_DEL };
	const struct ezlb_service_key key = { EZLB_UDP, ep("10.0.0.1:53"), 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(snats); i++) {
		struct ezlb_op op = op_of(snats[i]);
		struct ezlb_service_key service;

		op.snat.key.kind = EZLB_SNAT_KEY_LISTENER;
		assert_true(ezlb_op_service(&op, &service));
		assert_int_equal(ezlb_service_key_cmp(&service, &key), 0);
	}
}

/* Each after the one before it. */
static void test_subjects_are_in_total_order(void **state)
{
	const struct ezlb_subject rows[] = {
		{ .kind = EZLB_SUBJECT_FRAME },
		{ .kind = EZLB_SUBJECT_SERVICE, .service = { EZLB_TCP, ep("10.0.0.1:80") } },
		{ .kind = EZLB_SUBJECT_SERVICE, .service = { EZLB_UDP, ep("10.0.0.1:80") } },
		{ .kind = EZLB_SUBJECT_BACKEND,
		  .backend = { EZLB_SNAT_KEY_BACKEND, EZLB_TCP, ep("10.0.0.1:80") } },
		{ .kind = EZLB_SUBJECT_BACKEND,
		  .backend = { EZLB_SNAT_KEY_BACKEND, EZLB_TCP, ep("10.0.0.1:81") } },
		{ .kind = EZLB_SUBJECT_ADDR, .addr = ep("10.0.0.1:80").addr },
		{ .kind = EZLB_SUBJECT_ADDR, .addr = ep("10.0.0.2:80").addr },
		{ .kind = EZLB_SUBJECT_LINK, .link = { "a0" } },
		{ .kind = EZLB_SUBJECT_LINK, .link = { "a1" } },
		{ .kind = EZLB_SUBJECT_SETTING, .setting = { EZLB_ACCEPT_RA, "a0", 1 } },
		{ .kind = EZLB_SUBJECT_SETTING, .setting = { EZLB_ACCEPT_RA, "a1", 0 } },
		{ .kind = EZLB_SUBJECT_SETTING, .setting = { EZLB_IP6_FORWARD, "", 0 } },
		{ .kind = EZLB_SUBJECT_TIMEOUT, .timeout = { EZLB_TIMEOUT_TCP, 900 } },
		{ .kind = EZLB_SUBJECT_TIMEOUT, .timeout = { EZLB_TIMEOUT_UDP, 60 } },
		{ .kind = EZLB_SUBJECT_SYNC, .sync = { EZLB_SYNC_MASTER, "eth2", 9, false } },
		{ .kind = EZLB_SUBJECT_SYNC, .sync = { EZLB_SYNC_BACKUP, "eth1", 7, true } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t k = 0; k < COUNT_OF(rows); k++) {
			int rc = ezlb_subject_cmp(&rows[i], &rows[k]);

			assert_int_equal((rc > 0) - (rc < 0), (i > k) - (i < k));
		}
}

static void test_ops_are_in_the_order_of_execution(void **state)
{
	const struct ezlb_op rows[] = {
		{ .kind = EZLB_OP_HOST_SET, .setting = { EZLB_ACCEPT_RA, "a0", 2 } },
		{ .kind = EZLB_OP_HOST_SET, .setting = { EZLB_ACCEPT_RA, "a1", 2 } },
		{ .kind = EZLB_OP_LINK_ADD, .link = { "a0" } },
		{ .kind = EZLB_OP_ACCEPT_ADD,
		  .accept = { EZLB_GATE_INPUT, { EZLB_TCP, ep("10.0.0.1:80") } } },
		{ .kind = EZLB_OP_SNAT_ADD,
		  .snat.key = { EZLB_SNAT_KEY_BACKEND, EZLB_TCP, ep("10.0.0.1:80") } },
		{ .kind = EZLB_OP_SNAT_ADD,
		  .snat.key = { EZLB_SNAT_KEY_BACKEND, EZLB_TCP, ep("10.0.0.1:81") } },
		{ .kind = EZLB_OP_SYNC_ADD, .sync = { EZLB_SYNC_MASTER, "eth2", 9, false } },
		{ .kind = EZLB_OP_SYNC_ADD, .sync = { EZLB_SYNC_BACKUP, "eth1", 1, false } },
		{ .kind = EZLB_OP_SERVICE_ADD, .service.key = { EZLB_TCP, ep("10.0.0.1:80") } },
		{ .kind = EZLB_OP_SERVICE_ADD, .service.key = { EZLB_UDP, ep("10.0.0.1:80") } },
		{ .kind = EZLB_OP_DEST_ADD,
		  .dest = { .service = { EZLB_TCP, ep("10.0.0.1:80") } } },
		{ .kind = EZLB_OP_DEST_ADD,
		  .dest = { .service = { EZLB_TCP, ep("10.0.0.1:80") },
			    .endpoint = ep("10.1.0.1:1") } },
		{ .kind = EZLB_OP_DEST_SET,
		  .dest = { .service = { EZLB_TCP, ep("10.0.0.1:80") }, .weight = 1 } },
		{ .kind = EZLB_OP_VIP_ADD, .vip = { "a0", ep("10.0.0.1:80").addr } },
		{ .kind = EZLB_OP_VIP_ADD, .vip = { "a0", ep("10.0.0.2:80").addr } },
		{ .kind = EZLB_OP_VIP_DEL, .vip = { "a0", ep("10.0.0.1:80").addr } },
		{ .kind = EZLB_OP_DEST_SET, /* weight 0 */
		  .dest = { .service = { EZLB_TCP, ep("10.0.0.1:80") } } },
		{ .kind = EZLB_OP_DEST_DEL,
		  .dest = { .service = { EZLB_TCP, ep("10.0.0.0:80") } } },
		{ .kind = EZLB_OP_SNAT_TEARDOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t k = 0; k < COUNT_OF(rows); k++) {
			int rc = ezlb_op_cmp(&rows[i], &rows[k]);

			assert_int_equal((rc > 0) - (rc < 0), (i > k) - (i < k));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_phases_follow_the_order_of_kinds),
		cmocka_unit_test(test_addresses_stand_between_dests),
		cmocka_unit_test(test_phases_of_settings),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_snat_rows_of_a_service),
		cmocka_unit_test(test_subjects_are_in_total_order),
		cmocka_unit_test(test_ops_are_in_the_order_of_execution),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
