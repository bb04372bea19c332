// SPDX-License-Identifier: GPL-2.0-or-later
/* Client addresses: rows, hooks and their qdiscs, routes. */
#include "ops.h"

static void toa_op(struct fixture *f, enum ezlb_op_kind kind, const char *listen,
		   enum ezlb_toa_mode mode)
{
	ezlb_plan_add(&f->plan, kind)->toa = (struct ezlb_toa_row){ key(listen), mode, 254 };
}

static void hook_op(struct fixture *f, enum ezlb_op_kind kind, const char *device, bool qdisc)
{
	struct ezlb_op *op = ezlb_plan_add(&f->plan, kind);

	ezlb_strcpy(op->hook.device, sizeof(op->hook.device), device);
	op->hook.qdisc = qdisc;
}

static void ask(struct fixture *f, const char *a, const char *b)
{
	struct ezlb_addr to[] = { ep(a).addr, ep(b).addr };
	const struct ezlb_addrs towards = { to, 2, 2 };

	f->dp.layer[EZLB_LAYER_TOA]->towards(f->dp.layer[EZLB_LAYER_TOA], &towards);
}

static void test_rows(void **state)
{
	struct fixture *f = *state;

	toa_op(f, EZLB_OP_TOA_ADD, "10.0.0.1:80", EZLB_TOA_ADD); /* no program yet */
	toa_op(f, EZLB_OP_TOA_DEL, "10.0.0.1:80", EZLB_TOA_ADD);
	hook_op(f, EZLB_OP_HOOK_ADD, "eth0", true);
	APPLY(f, -ENOENT, 0, -ENOENT);
	ezlb_plan_add(&f->plan, EZLB_OP_TOA_SETUP);
	toa_op(f, EZLB_OP_TOA_ADD, "10.0.0.1:80", EZLB_TOA_ADD);
	toa_op(f, EZLB_OP_TOA_ADD, "10.0.0.2:80", EZLB_TOA_ADD);
	toa_op(f, EZLB_OP_TOA_SET, "10.0.0.2:80", EZLB_TOA_STRIP);
	toa_op(f, EZLB_OP_TOA_DEL, "10.0.0.1:80", EZLB_TOA_ADD);
	APPLY(f, 0, 0, 0, 0, 0);
	assert_true(f->kernel->toa_present && f->kernel->toa_sound);
	assert_int_equal(f->kernel->toas.len, 1);
	assert_int_equal(f->kernel->toas.items[0].mode, EZLB_TOA_STRIP);
}

static void test_hooks(void **state)
{
	struct fixture *f = *state;
	struct ezlb_links *clsacts = faulty_clsacts(f->memory);

	strcpy(EZLB_PUSH(clsacts)->device, "eth1"); /* somebody's */
	ezlb_plan_add(&f->plan, EZLB_OP_TOA_SETUP);
	hook_op(f, EZLB_OP_HOOK_ADD, "eth0", false); /* there is no qdisc */
	hook_op(f, EZLB_OP_HOOK_ADD, "eth0", true);
	hook_op(f, EZLB_OP_HOOK_ADD, "eth1", true); /* there is one */
	hook_op(f, EZLB_OP_HOOK_ADD, "eth1", false);
	hook_op(f, EZLB_OP_HOOK_ADD, "eth1", false);
	APPLY(f, 0, -ENOENT, 0, -EEXIST, 0, -EEXIST);
	assert_int_equal(f->kernel->hooks.len, 2);
	assert_int_equal(clsacts->len, 2);
	hook_op(f, EZLB_OP_HOOK_DEL, "eth1", false);
	hook_op(f, EZLB_OP_HOOK_DEL, "eth0", true);
	hook_op(f, EZLB_OP_HOOK_DEL, "eth0", true); /* gone already is fine */
	APPLY(f, 0, 0, 0);
	assert_int_equal(f->kernel->hooks.len, 0);
	assert_int_equal(clsacts->len, 1);
	assert_string_equal(clsacts->items[0].device, "eth1");
}

static void test_routes(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t = list(f, EZLB_LAYER_TOA, &scope);

	assert_int_equal(t.routes.len, 0); /* nobody has asked */
	ezlb_table_clear(&t);
	strcpy(EZLB_PUSH(faulty_clsacts(f->memory))->device, "eth1");
	ask(f, "10.1.0.1:1", "[fd00::2]:1");
	t = list(f, EZLB_LAYER_TOA, &scope);
	assert_int_equal(t.routes.len, 2);
	assert_string_equal(t.routes.items[0].device, "eth1");
	assert_true(t.routes.items[0].qdisc);
	assert_string_equal(t.routes.items[1].device, "eth0");
	assert_false(t.routes.items[1].qdisc);
	ezlb_table_clear(&t);
	*EZLB_PUSH(&f->kernel->routes) = (struct ezlb_route_row){ .to = ep("10.1.0.1:1").addr,
								  .device = "" };
	*EZLB_PUSH(&f->kernel->routes) = (struct ezlb_route_row){ .to = ep("[fd00::2]:1").addr,
								  .device = "eth1" };
	t = list(f, EZLB_LAYER_TOA, &scope);
	assert_int_equal(t.routes.len, 1);
	assert_string_equal(t.routes.items[0].device, "eth1");
	assert_true(t.routes.items[0].qdisc);
	ezlb_table_clear(&t);
}

/* What is there can still be removed. */
static void test_problem(void **state)
{
	struct fixture *f = *state;
	struct ezlb_scope scope = { 0 };
	struct ezlb_table t;

	ezlb_plan_add(&f->plan, EZLB_OP_TOA_SETUP);
	toa_op(f, EZLB_OP_TOA_ADD, "10.0.0.1:80", EZLB_TOA_ADD);
	hook_op(f, EZLB_OP_HOOK_ADD, "eth0", true);
	APPLY(f, 0, 0, 0);
	strcpy(f->kernel->toa_problem, "no BPF");
	t = list(f, EZLB_LAYER_TOA, &scope);
	assert_string_equal(t.toa_problem, "no BPF");
	assert_true(t.toa_present && t.hooks.len == 1 && t.hooks.items[0].qdisc);
	ezlb_table_clear(&t);
	ezlb_plan_add(&f->plan, EZLB_OP_TOA_SETUP);
	ezlb_plan_add(&f->plan, EZLB_OP_TOA_TEARDOWN); /* with all that is in it */
	APPLY(f, -EOPNOTSUPP, 0);
	assert_false(f->kernel->toa_present || f->kernel->toa_sound);
	assert_int_equal(f->kernel->toas.len + f->kernel->hooks.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_rows),
		TEST(test_hooks),
		TEST(test_routes),
		TEST(test_problem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
