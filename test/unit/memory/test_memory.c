// SPDX-License-Identifier: GPL-2.0-or-later
#include "ops.h"

static void fake_snat_adds_and_removes(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t;

	ezlb_plan_add(&f->plan, EZLB_OP_SNAT_SETUP);
	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.2:80", NULL);
	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.1:80", "10.9.0.1");
	APPLY(f, 0, 0, 0);
	t = list(f, EZLB_LAYER_SNAT, &scope);
	assert_true(t.snat_present && t.snat_sound);
	assert_int_equal(t.snats.len, 2);
	assert_int_equal(ezlb_endpoint_cmp(&t.snats.items[0].key.endpoint,
					   &(struct ezlb_endpoint){ ep("10.1.0.1:80").addr, 80 }),
			 0);
	assert_int_equal(t.snats.items[0].to.first.bytes[1], 9);
	assert_int_equal(t.snats.items[1].to.first.family, 0);
	ezlb_table_clear(&t);

	snat_op(f, EZLB_OP_SNAT_SET, "10.1.0.2:80", "10.9.0.2-10.9.0.5");
	snat_op(f, EZLB_OP_SNAT_DEL, "10.1.0.1:80", "10.9.0.1");
	APPLY(f, 0, 0);
	t = list(f, EZLB_LAYER_SNAT, &scope);
	assert_int_equal(t.snats.len, 1);
	assert_int_equal(t.snats.items[0].to.last.bytes[3], 5);
	ezlb_table_clear(&t);

	ezlb_plan_add(&f->plan, EZLB_OP_SNAT_TEARDOWN); /* what is left in it goes too */
	APPLY(f, 0);
	t = list(f, EZLB_LAYER_SNAT, &scope);
	assert_false(t.snat_present || t.snat_sound);
	assert_int_equal(t.snats.len, 0);
	ezlb_table_clear(&t);
}

static void test_snat_rules(void **state)
{
	struct fixture *f = *state;

	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.1:80", NULL); /* no chain yet */
	snat_op(f, EZLB_OP_SNAT_SET, "10.1.0.1:80", NULL);
	snat_op(f, EZLB_OP_SNAT_DEL, "10.1.0.1:80", NULL); /* gone already is fine */
	APPLY(f, -ENOENT, -ENOENT, 0);
	ezlb_plan_add(&f->plan, EZLB_OP_SNAT_SETUP);
	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.1:80", NULL);
	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.1:80", "10.9.0.1"); /* one rule for one backend */
	APPLY(f, 0, 0, 0);
	assert_int_equal(f->kernel->snats.len, 1);
	assert_int_equal(f->kernel->snats.items[0].to.first.bytes[1], 9);
}

static void test_service_rules(void **state)
{
	struct fixture *f = *state;

	service_op(f, EZLB_OP_SERVICE_SET, "10.0.0.1:80", "rr");
	service_op(f, EZLB_OP_SERVICE_DEL, "10.0.0.1:80", "");
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "wrr");
	APPLY(f, -ESRCH, 0, 0, -EEXIST);
	assert_string_equal(f->kernel->services.items[0].scheduler, "rr");
	service_op(f, EZLB_OP_SERVICE_SET, "10.0.0.1:80", "wrr");
	APPLY(f, 0);
	assert_string_equal(f->kernel->services.items[0].scheduler, "wrr");
	assert_int_equal(f->kernel->services.len, 1);
}

static void test_dest_rules(void **state)
{
	struct fixture *f = *state;

	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.1:80", 1);
	dest_op(f, EZLB_OP_DEST_SET, "10.0.0.1:80", "10.1.0.1:80", 1);
	dest_op(f, EZLB_OP_DEST_DEL, "10.0.0.1:80", "10.1.0.1:80", 0);
	APPLY(f, -ESRCH, -ESRCH, 0);
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	APPLY(f, 0);
	dest_op(f, EZLB_OP_DEST_SET, "10.0.0.1:80", "10.1.0.1:80", 1);
	dest_op(f, EZLB_OP_DEST_DEL, "10.0.0.1:80", "10.1.0.1:80", 0);
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.1:80", 1);
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.1:80", 9);
	dest_op(f, EZLB_OP_DEST_SET, "10.0.0.1:80", "10.1.0.1:80", 5);
	APPLY(f, -ENOENT, 0, 0, -EEXIST, 0);
	assert_int_equal(f->kernel->dests.len, 1);
	assert_int_equal(f->kernel->dests.items[0].weight, 5);
	dest_op(f, EZLB_OP_DEST_DEL, "10.0.0.1:80", "10.1.0.1:80", 0);
	APPLY(f, 0);
	assert_int_equal(f->kernel->dests.len, 0);
}

static void test_a_service_takes_its_own_dests_with_it(void **state)
{
	struct fixture *f = *state;

	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.2:80", "rr");
	for (int i = 0; i < 3; i++) {
		const char *const backends[] = { "10.1.0.1:80", "10.1.0.2:80", "10.1.0.3:80" };

		dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", backends[i], 1);
		dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.2:80", backends[i], 2);
	}
	service_op(f, EZLB_OP_SERVICE_DEL, "10.0.0.1:80", "");
	APPLY(f, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(f->kernel->services.len, 1);
	assert_int_equal(f->kernel->dests.len, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(f->kernel->dests.items[i].weight, 2);
}

static void test_list_shows_nothing_outside_the_scope(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t;

	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.2:80", "rr");
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.1:80", 1);
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.2:80", "10.1.0.1:80", 2);
	APPLY(f, 0, 0, 0, 0);
	t = list(f, EZLB_LAYER_IPVS, &scope);
	assert_int_equal(t.services.len + t.dests.len, 0);
	ezlb_table_clear(&t);
	*EZLB_PUSH(&scope) = key("10.0.0.2:80");
	t = list(f, EZLB_LAYER_IPVS, &scope);
	assert_int_equal(t.services.len, 1);
	assert_int_equal(t.dests.len, 1);
	assert_int_equal(t.dests.items[0].weight, 2);
	assert_int_equal(t.snats.len + t.settings.len, 0); /* each layer its own rows only */
	ezlb_table_clear(&t);
	EZLB_VEC_CLEAR(&scope);
}

static void test_fault_hits_the_nth_op_once(void **state)
{
	struct fixture *f = *state;

	faulty_fault(f->memory, EZLB_LAYER_IPVS, 3, ENOBUFS);
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	APPLY(f, 0);
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.1:80", 1);
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.2:80", 1);
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.3:80", 1);
	APPLY(f, 0, -ENOBUFS, 0);
	assert_int_equal(f->kernel->dests.len, 2);
	faulty_fault(f->memory, EZLB_LAYER_IPVS, 1, EIO);
	faulty_fault(f->memory, EZLB_LAYER_IPVS, 1, 0); /* healed before it came */
	dest_op(f, EZLB_OP_DEST_ADD, "10.0.0.1:80", "10.1.0.2:80", 1);
	APPLY(f, 0);
	assert_int_equal(f->kernel->dests.len, 3);
}

static void sync_op(struct fixture *f, enum ezlb_op_kind kind, enum ezlb_sync_role role,
		    uint32_t id)
{
	ezlb_plan_add(&f->plan, kind)->sync = (struct ezlb_sync_row){ role, "eth1", id, false };
}

static void test_sync_rules(void **state)
{
	const struct ezlb_scope none = { 0 };
	struct fixture *f = *state;
	struct ezlb_table t;

	sync_op(f, EZLB_OP_SYNC_ADD, EZLB_SYNC_BACKUP, 1);
	sync_op(f, EZLB_OP_SYNC_ADD, EZLB_SYNC_BACKUP, 2);
	sync_op(f, EZLB_OP_SYNC_SET, EZLB_SYNC_BACKUP, 3);
	sync_op(f, EZLB_OP_SYNC_SET, EZLB_SYNC_MASTER, 4); /* stopping none is no error */
	APPLY(f, 0, -EEXIST, 0, 0);
	t = list(f, EZLB_LAYER_IPVS, &none);
	assert_int_equal(t.syncs.len, 2);
	assert_int_equal(t.syncs.items[EZLB_SYNC_MASTER].id, 4);
	assert_int_equal(t.syncs.items[EZLB_SYNC_BACKUP].id, 3);
	ezlb_table_clear(&t);
	sync_op(f, EZLB_OP_SYNC_DEL, EZLB_SYNC_BACKUP, 1);
	sync_op(f, EZLB_OP_SYNC_DEL, EZLB_SYNC_BACKUP, 1);
	APPLY(f, 0, 0);
	assert_int_equal(f->kernel->syncs.len, 1);
}

/* The iptables table is replaced as a whole, so a fault leaves it as it was. */
static void test_fault_fails_a_whole_snat_batch(void **state)
{
	struct fixture *f = *state;
	struct ezlb_err err = { 0 };

	faulty_fault(f->memory, EZLB_LAYER_SNAT, 2, EAGAIN);
	ezlb_plan_add(&f->plan, EZLB_OP_SNAT_SETUP);
	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.1:80", NULL);
	snat_op(f, EZLB_OP_SNAT_ADD, "10.1.0.2:80", NULL);
	assert_int_equal(apply(f, (const int[]){ -EAGAIN, -EAGAIN, -EAGAIN, 1 }, &err), -EAGAIN);
	assert_int_equal(err.code, EAGAIN);
	assert_string_equal(err.msg, "commit: Resource temporarily unavailable");
	assert_false(f->kernel->snat_present);
	assert_int_equal(f->kernel->snats.len, 0);
	assert_int_equal(f->steps, 0);
}

static void test_fault_is_for_one_layer(void **state)
{
	struct fixture *f = *state;

	faulty_fault(f->memory, EZLB_LAYER_HOST, 1, EROFS);
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	APPLY(f, 0);
	setting_op(f, EZLB_IP_FORWARD, 1);
	APPLY(f, -EROFS);
	assert_int_equal(setting(f, EZLB_IP_FORWARD)->value, 0);
}

static void test_list_fault_lasts_until_it_is_healed(void **state)
{
	struct fixture *f = *state;
	struct ezlb_table out = { .snat_wanted = false };
	struct ezlb_scope scope = { 0 };
	struct ezlb_err err;
	uint64_t print = 7;

	for (int i = 0; i < EZLB_LAYERS; i++) {
		struct ezlb_layer *layer = f->dp.layer[i];

		faulty_list_fault(f->memory, (enum ezlb_layer_kind)i, EIO);
		for (int twice = 0; twice < 2; twice++) {
			err.code = 0;
			assert_int_equal(layer->list(layer, &scope, &out, &err), -EIO);
			assert_int_equal(err.code, EIO);
			assert_int_equal(out.settings.len, 0);
			assert_int_equal(layer->peek(layer, &scope, &print), -EIO);
			assert_int_equal(print, 7);
		}
		faulty_list_fault(f->memory, (enum ezlb_layer_kind)i, 0);
		assert_int_equal(layer->list(layer, &scope, &out, &err), 0);
		ezlb_table_clear(&out);
	}
}

static void test_writes_and_steps_are_counted(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t;

	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr");
	service_op(f, EZLB_OP_SERVICE_ADD, "10.0.0.1:80", "rr"); /* refused: a write, no step */
	APPLY(f, 0, -EEXIST);
	assert_int_equal(faulty_writes(f->memory), 2);
	assert_int_equal(f->steps, 1);
	for (int i = 0; i < EZLB_LAYERS; i++) {
		t = list(f, (enum ezlb_layer_kind)i, &scope);
		ezlb_table_clear(&t);
	}
	assert_int_equal(faulty_writes(f->memory), 2); /* reading is not writing */
	faulty_free(NULL);
}

static void test_snat_key_is_said_by_the_snat_layer(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < EZLB_LAYERS; i++)
		assert_int_equal(f->dp.layer[i]->snat_key, EZLB_SNAT_KEY_BACKEND);
	faulty_set_snat_key(f->memory, EZLB_SNAT_KEY_LISTENER);
	for (int i = 0; i < EZLB_LAYERS; i++)
		assert_int_equal(f->dp.layer[i]->snat_key == EZLB_SNAT_KEY_LISTENER,
				 i == EZLB_LAYER_SNAT);
	faulty_set_snat_key(f->memory, EZLB_SNAT_KEY_BACKEND);
	assert_int_equal(f->dp.layer[EZLB_LAYER_SNAT]->snat_key, EZLB_SNAT_KEY_BACKEND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fake_snat_adds_and_removes),
		TEST(test_snat_rules),
		TEST(test_sync_rules),
		TEST(test_service_rules),
		TEST(test_dest_rules),
		TEST(test_a_service_takes_its_own_dests_with_it),
		TEST(test_list_shows_nothing_outside_the_scope),
		TEST(test_fault_hits_the_nth_op_once),
		TEST(test_fault_fails_a_whole_snat_batch),
		TEST(test_fault_is_for_one_layer),
		TEST(test_list_fault_lasts_until_it_is_healed),
		TEST(test_writes_and_steps_are_counted),
		TEST(test_snat_key_is_said_by_the_snat_layer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
