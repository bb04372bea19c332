// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "units.h"

#define WEB "tcp 10.0.0.1:80"
#define API "tcp 10.0.0.2:80"

struct rig {
	struct ezlb_units units;
	struct ezlb_plan plan;
	struct ezlb_layer_errs errs;
	uint64_t now;
};

static struct ezlb_op *add(struct rig *rig, enum ezlb_op_kind kind, const char *key)
{
	struct ezlb_op *op = ezlb_plan_add(&rig->plan, kind);

	op->service.key = key_of(key); /* in a dest row, the service stands at the same place */
	return op;
}

static struct ezlb_op *add_snat(struct rig *rig, const char *key)
{
	struct ezlb_op *op = ezlb_plan_add(&rig->plan, EZLB_OP_SNAT_ADD);
	struct ezlb_service_key backend = key_of(key);

	op->snat.key.proto = backend.proto;
	op->snat.key.endpoint = backend.listen;
	return op;
}

static void begin(struct rig *rig)
{
	ezlb_plan_clear(&rig->plan);
	rig->errs = (struct ezlb_layer_errs){ 0 };
}

static void note(struct rig *rig)
{
	units_note(&rig->units, &rig->plan, &rig->errs, false, rig->now, 0);
}

static void end(struct rig *rig)
{
	begin(rig);
	EZLB_VEC_CLEAR(&rig->units);
}

/* One pass in which `web` is tried and fails; true where it was its turn. */
static bool try_web(struct rig *rig)
{
	struct ezlb_op *op;
	bool tried;

	begin(rig);
	op = add(rig, EZLB_OP_SERVICE_ADD, WEB);
	units_hold(&rig->units, &rig->plan, rig->now);
	tried = op->rc == EZLB_PENDING;
	if (tried)
		op->rc = -ENOENT;
	note(rig);
	return tried;
}

/* Failures come at 200 ms, 400 ms, ... 30 s, each 80 % to 120 % of it. */
static void test_backs_off(void **state)
{
	struct rig rig = { .now = 1000 };
	uint64_t delay = 200;

	(void)state;
	for (int i = 0; i < 12; i++) {
		uint64_t due;

		assert_true(try_web(&rig));
		due = units_due(&rig.units);
		assert_in_range(due - rig.now, delay * 8 / 10, delay * 12 / 10);
		rig.now = due - 1;
		assert_false(try_web(&rig));
		assert_int_equal(units_due(&rig.units), due);
		rig.now = due;
		delay = delay * 2 > 30000 ? 30000 : delay * 2;
	}
	end(&rig);
}

static void test_jitter_differs(void **state)
{
	uint64_t due[2];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct rig rig = { .now = 1000 };

		add(&rig, EZLB_OP_SERVICE_ADD, WEB)->rc = -ENOENT;
		units_note(&rig.units, &rig.plan, &rig.errs, false, rig.now, 1000003 * i);
		due[i] = units_due(&rig.units);
		end(&rig);
	}
	assert_int_not_equal(due[0], due[1]);
}

/* One that fails keeps no other waiting, and success forgets the failures. */
static void test_each_its_own(void **state)
{
	struct rig rig = { .now = 1000 };
	struct ezlb_op *web, *dest, *api;

	(void)state;
	assert_true(try_web(&rig));
	begin(&rig);
	add(&rig, EZLB_OP_SERVICE_ADD, WEB);
	add(&rig, EZLB_OP_SERVICE_ADD, API);
	add(&rig, EZLB_OP_DEST_ADD, WEB);
	web = &rig.plan.items[0], api = &rig.plan.items[1], dest = &rig.plan.items[2];
	units_hold(&rig.units, &rig.plan, rig.now);
	assert_int_equal(web->rc, EZLB_HELD);
	assert_int_equal(dest->rc, EZLB_HELD);
	assert_int_equal(api->rc, EZLB_PENDING);

	rig.now += 1000;
	begin(&rig);
	add(&rig, EZLB_OP_SERVICE_ADD, WEB);
	units_hold(&rig.units, &rig.plan, rig.now);
	assert_int_equal(rig.plan.items[0].rc, EZLB_PENDING);
	rig.plan.items[0].rc = 0;
	note(&rig);
	assert_int_equal(units_due(&rig.units), EZLB_PASS_NEVER);
	assert_int_equal(rig.units.len, 0);
	assert_true(try_web(&rig));
	assert_in_range(units_due(&rig.units) - rig.now, 160, 240);
	end(&rig);
}

/* Those that fail in one pass are due in one, and a rest puts off those that would be earlier. */
static void test_together(void **state)
{
	struct rig rig = { .now = 1000 };
	char key[64];
	uint64_t due;

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "tcp 10.0.1.%d:80", i);
		add(&rig, EZLB_OP_SERVICE_ADD, key)->rc = -EINVAL;
	}
	note(&rig);
	due = units_due(&rig.units);
	for (size_t i = 0; i < rig.units.len; i++)
		assert_int_equal(rig.units.items[i].due, due);
	units_rest(&rig.units, due - 1);
	assert_int_equal(units_due(&rig.units), due);
	units_rest(&rig.units, due + 5000);
	assert_int_equal(units_due(&rig.units), due + 5000);
	units_hurry(&rig.units, EZLB_LAYER_IPVS);
	units_rest(&rig.units, due + 9000); /* their files have changed: at once */
	assert_int_equal(units_due(&rig.units), 0);
	end(&rig);
}

/* A layer that fails as a whole is one unit, whatever it was asked for. */
static void test_layer_as_a_whole(void **state)
{
	struct rig rig = { .now = 1000 };

	(void)state;
	for (int i = 0; i < 3; i++)
		add_snat(&rig, WEB)->rc = -EAGAIN;
	ezlb_err_set(&rig.errs.layer[EZLB_LAYER_SNAT], EAGAIN, "locked");
	note(&rig);
	assert_int_equal(rig.units.len, 1);

	begin(&rig);
	add_snat(&rig, API);
	add(&rig, EZLB_OP_SERVICE_ADD, WEB);
	units_hold(&rig.units, &rig.plan, rig.now + 1);
	assert_int_equal(rig.plan.items[0].rc, EZLB_HELD);
	assert_int_equal(rig.plan.items[1].rc, EZLB_PENDING);
	end(&rig);
}

/* A list that fails while the layer waits does not make it wait longer. */
static void test_waiting_is_no_failure(void **state)
{
	struct rig rig = { .now = 1000 };
	uint64_t due;

	(void)state;
	ezlb_err_set(&rig.errs.layer[EZLB_LAYER_IPVS], EIO, "cannot read");
	note(&rig);
	due = units_due(&rig.units);
	rig.now++;
	note(&rig);
	assert_int_equal(units_due(&rig.units), due);
	end(&rig);
}

static void test_ledger(void **state)
{
	struct rig rig = { .now = 1000 };

	(void)state;
	units_note(&rig.units, &rig.plan, &rig.errs, true, rig.now, 0);
	assert_in_range(units_due(&rig.units), 1160, 1240);
	rig.now = 1300;
	units_hold(&rig.units, &rig.plan, rig.now);
	units_note(&rig.units, &rig.plan, &rig.errs, false, rig.now, 0);
	assert_int_equal(units_due(&rig.units), EZLB_PASS_NEVER);
	end(&rig);
}

static void test_hurry(void **state)
{
	struct rig rig = { .now = 1000 };

	(void)state;
	for (int i = 0; i < 6; i++) {
		rig.now = i ? units_due(&rig.units) : rig.now;
		assert_true(try_web(&rig));
	}
	units_hurry(&rig.units, EZLB_LAYER_SNAT);
	assert_false(try_web(&rig));
	units_hurry(&rig.units, EZLB_LAYER_IPVS);
	assert_true(try_web(&rig));
	end(&rig);
}

/* --- what is around the services ----------------------------------------------------------- */

static void add_setting(struct rig *rig, enum ezlb_op_kind kind, enum ezlb_setting setting,
			const char *device)
{
	struct ezlb_op *op = ezlb_plan_add(&rig->plan, kind);

	op->setting.setting = setting;
	ezlb_strcpy(op->setting.device, sizeof(op->setting.device), device);
	op->setting.value = ezlb_setting_facts(setting)->wanted;
}

static void add_link(struct rig *rig, enum ezlb_op_kind kind, const char *device)
{
	ezlb_strcpy(ezlb_plan_add(&rig->plan, kind)->link.device, EZLB_DEVICE_STRLEN, device);
}

static void add_vip(struct rig *rig, enum ezlb_op_kind kind, const char *key)
{
	struct ezlb_op *op = ezlb_plan_add(&rig->plan, kind);

	op->vip.addr = key_of(key).listen.addr;
	strcpy(op->vip.device, "a0");
}

static void add_accept(struct rig *rig, enum ezlb_op_kind kind, const char *key)
{
	ezlb_plan_add(&rig->plan, kind)->accept.service = key_of(key);
}

/* One op a unit. `undo`: the ops that take the same things away. */
static void add_all(struct rig *rig, bool undo)
{
	enum ezlb_op_kind set = undo ? EZLB_OP_HOST_RESET : EZLB_OP_HOST_SET;
	enum ezlb_op_kind link = undo ? EZLB_OP_LINK_DEL : EZLB_OP_LINK_ADD;
	enum ezlb_op_kind vip = undo ? EZLB_OP_VIP_DEL : EZLB_OP_VIP_ADD;
	enum ezlb_op_kind accept = undo ? EZLB_OP_ACCEPT_DEL : EZLB_OP_ACCEPT_ADD;

	begin(rig);
	for (int i = 0; i < EZLB_SETTINGS; i++)
		add_setting(rig, set, (enum ezlb_setting)i, i == EZLB_ACCEPT_RA ? "a0" : "");
	add_setting(rig, set, EZLB_ACCEPT_RA, "b0");
	add_link(rig, link, "a0");
	add_link(rig, link, "b0");
	add_vip(rig, vip, WEB);
	add_vip(rig, vip, API);
	add_vip(rig, vip, "tcp [fd00::1]:80");
	add_vip(rig, vip, "tcp 97.48.0.0:80"); /* in memory this is "a0" */
	add_accept(rig, accept, WEB);
	add_accept(rig, accept, API);
	add(rig, undo ? EZLB_OP_SERVICE_DEL : EZLB_OP_SERVICE_ADD, WEB);
}

/* Whatever fails of the host's holds itself, and what would undo it, and nothing else. */
static void test_each_of_the_host_is_its_own(void **state)
{
	struct rig rig = { .now = 1000 };
	size_t n;

	(void)state;
	add_all(&rig, false);
	n = rig.plan.len;
	for (size_t i = 0; i < n; i++) {
		add_all(&rig, false);
		for (size_t k = 0; k < n; k++)
			rig.plan.items[k].rc = k == i ? -EROFS : 0;
		note(&rig);
		for (int undo = 0; undo < 2; undo++) {
			add_all(&rig, undo);
			units_hold(&rig.units, &rig.plan, rig.now + 1);
			for (size_t k = 0; k < n; k++)
				assert_int_equal(rig.plan.items[k].rc,
						 k == i ? EZLB_HELD : EZLB_PENDING);
		}
		end(&rig);
	}
}

/* The frame of the accepts is the layer as a whole: all of them wait for it. */
static void test_the_frame_of_the_accepts(void **state)
{
	struct rig rig = { .now = 1000 };

	(void)state;
	ezlb_plan_add(&rig.plan, EZLB_OP_FIREWALL_SETUP)->rc = -EIO;
	note(&rig);
	add_all(&rig, false);
	units_hold(&rig.units, &rig.plan, rig.now + 1);
	for (size_t k = 0; k < rig.plan.len; k++)
		assert_int_equal(rig.plan.items[k].rc, rig.plan.items[k].kind == EZLB_OP_ACCEPT_ADD
							       ? EZLB_HELD
							       : EZLB_PENDING);
	end(&rig);
}

/* --- fights -------------------------------------------------------------------------------- */

/* Somebody takes web away, it is repaired in the same pass; the number of new fights. */
static size_t take_web(struct rig *rig, bool repaired)
{
	size_t n;
	const struct ezlb_op *first;

	begin(rig);
	add(rig, EZLB_OP_SERVICE_DEL, WEB);
	add(rig, EZLB_OP_DEST_DEL, WEB);
	first = units_taken(&rig->units, &rig->plan, rig->now, &n);
	assert_int_equal(first != NULL, n > 0);
	if (first)
		assert_int_equal(first->kind, EZLB_OP_SERVICE_DEL);
	begin(rig);
	add(rig, EZLB_OP_SERVICE_ADD, WEB);
	units_hold(&rig->units, &rig->plan, rig->now);
	assert_int_equal(rig->plan.items[0].rc, repaired ? EZLB_PENDING : EZLB_HELD);
	if (repaired)
		rig->plan.items[0].rc = 0;
	note(rig);
	return n;
}

static void test_third_time_within_a_minute(void **state)
{
	struct rig rig = { .now = 1000 };

	(void)state;
	assert_int_equal(take_web(&rig, true), 0);
	rig.now += 29000;
	assert_int_equal(take_web(&rig, true), 0);
	rig.now += 31000;
	assert_int_equal(take_web(&rig, true), 1);
	/* Told once. The repair is not due before 5 s are over. */
	rig.now += 1000;
	assert_int_equal(take_web(&rig, false), 0);
	assert_int_equal(units_due(&rig.units), rig.now + 4000);
	units_hurry(&rig.units, EZLB_LAYER_IPVS);
	units_rest(&rig.units, rig.now + 9000);
	assert_int_equal(units_due(&rig.units), rig.now + 4000);
	rig.now += 4000;
	assert_int_equal(take_web(&rig, true), 0);
	end(&rig);
}

static void test_thrice_in_more_than_a_minute(void **state)
{
	struct rig rig = { .now = 1000 };

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(take_web(&rig, true), 0);
		rig.now += 30001;
	}
	end(&rig);
}

static void test_calm(void **state)
{
	struct rig rig = { .now = 1000 };

	(void)state;
	for (int i = 0; i < 3; i++, rig.now += 10)
		take_web(&rig, true);
	rig.now -= 10;
	assert_int_equal(units_calm(&rig.units, rig.now + 60000), 0);
	assert_int_equal(units_calm(&rig.units, rig.now + 60001), 1);
	assert_int_equal(units_calm(&rig.units, rig.now + 60002), 0);
	rig.now += 70000;
	begin(&rig);
	note(&rig);
	assert_int_equal(rig.units.len, 0);
	assert_int_equal(take_web(&rig, true), 0);
	end(&rig);
}

/* `ipvsadm -C` over many services is not quadratic: this takes seconds where it is. */
static void test_many(void **state)
{
	struct rig rig = { .now = 1000 };
	char key[64];
	size_t n;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "tcp 10.%d.%d.1:80", i / 200, i % 200);
		add(&rig, EZLB_OP_SERVICE_DEL, key);
	}
	for (int i = 0; i < 3; i++)
		units_taken(&rig.units, &rig.plan, rig.now + (unsigned)i, &n);
	assert_int_equal(n, 20000);
	assert_int_equal(rig.units.len, 20000);
	end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backs_off),
		cmocka_unit_test(test_jitter_differs),
		cmocka_unit_test(test_each_its_own),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_layer_as_a_whole),
		cmocka_unit_test(test_waiting_is_no_failure),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_hurry),
		cmocka_unit_test(test_each_of_the_host_is_its_own),
		cmocka_unit_test(test_the_frame_of_the_accepts),
		cmocka_unit_test(test_third_time_within_a_minute),
		cmocka_unit_test(test_thrice_in_more_than_a_minute),
		cmocka_unit_test(test_calm),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
