// SPDX-License-Identifier: GPL-2.0-or-later
/* A pass over a part of the services: its ops, what it reads, and when it must not be made. */
#include "pass_rig.h"

#include <errno.h>

#define WEB2 "web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80 10.1.0.2:80"
#define API2 "api tcp 10.0.0.2:80 snat=masq 10.1.0.3:80"
#define DNS2 "dns udp 10.0.0.1:53 10.1.0.1:53"

static struct rig rig;
static struct ezlb_spec *web, *api, *dns;
static struct ezlb_desired all, part;
static struct ezlb_verdicts verdicts;

static void pass_all(void)
{
	ezlb_pass_result_clear(&rig.result);
	ezlb_pass_plan(&rig.pass, &all, &verdicts, false, rig.now, &rig.result);
	assert_true(ezlb_pass_apply(&rig.pass, &rig.result, rig.now));
}

static bool plan_part(void)
{
	ezlb_pass_result_clear(&rig.result);
	return ezlb_pass_plan_part(&rig.pass, &part, &verdicts, rig.now, &rig.result);
}

static void open_rig(enum ezlb_snat_key_kind kind)
{
	rig.memory = faulty_new();
	faulty_set_snat_key(rig.memory, kind);
	start(&rig);
	rig.pass.policy.snat_key = kind;
	rig.pass.paced = true;
	web = spec_of("web.yaml", WEB2);
	api = spec_of("api.yaml", API2);
	dns = spec_of("dns.yaml", DNS2);
	*EZLB_PUSH(&all) = dns;
	*EZLB_PUSH(&all) = web;
	*EZLB_PUSH(&all) = api;
	*EZLB_PUSH(&part) = web;
	*EZLB_PUSH(&verdicts) = (struct ezlb_verdict_row){ .service = "web",
							   .backend = web->backends[0].endpoint,
							   .verdict = EZLB_UP,
							   .outcome = EZLB_PROBE_CONNECT_TIMEOUT };
	pass_all();
	pass_all();
	assert_true(rig.pass.calm);
}

static int setup(void **state)
{
	if (setup_top(state))
		return -1;
	open_rig(EZLB_SNAT_KEY_LISTENER);
	return 0;
}

static int setup_by_backend(void **state)
{
	if (setup_top(state))
		return -1;
	open_rig(EZLB_SNAT_KEY_BACKEND);
	return 0;
}

static int teardown(void **state)
{
	rig_close(&rig);
	rig = (struct rig){ .now = 0 };
	ezlb_spec_free(web);
	ezlb_spec_free(api);
	ezlb_spec_free(dns);
	EZLB_VEC_CLEAR(&all);
	EZLB_VEC_CLEAR(&part);
	EZLB_VEC_CLEAR(&verdicts);
	return teardown_top(state);
}

static unsigned lists(void)
{
	unsigned n = 0;

	for (int i = 0; i < EZLB_LAYERS; i++)
		n += rig.memory->layers[i].lists;
	return n;
}

static void apply(bool want)
{
	assert_int_equal(ezlb_pass_apply(&rig.pass, &rig.result, rig.now), want);
}

/* --- what it does -------------------------------------------------------------------------- */

static void test_a_flip_is_one_op_and_reads_its_service(void **state)
{
	unsigned before = lists();

	(void)state;
	verdicts.items[0].verdict = EZLB_DOWN;
	assert_true(plan_part());
	assert_ptr_equal(rig.result.part, &part);
	assert_int_equal(rig.result.plan.ops.len, 1);
	assert_int_equal(rig.result.plan.ops.items[0].kind, EZLB_OP_DEST_DEL);
	assert_int_equal(rig.result.plan.target.services.len, 1);
	assert_int_equal(rig.result.plan.roster.rows.len, 2);
	assert_int_equal(rig.result.found.actual.dests.len, 2);
	apply(true);
	assert_true(rig.result.outcome.again);
	assert_int_equal(lists(), before + 1);
	assert_int_equal(rig.pass.left.dests.len, 3);

	/* The check reads its service in IPVS, and nothing else. */
	assert_true(ezlb_pass_check(&rig.pass));
	assert_int_equal(lists(), before + 2);
	assert_true(plan_part());
	assert_int_equal(rig.result.plan.ops.len, 0);
	assert_int_equal(lists(), before + 2);	 /* the check has just read it */
	assert_true(ezlb_pass_check(&rig.pass)); /* nothing was changed since */
	assert_int_equal(lists(), before + 2);
	assert_true(plan_part());
	assert_int_equal(lists(), before + 3);
}

static bool certain;

static bool fake_unchanged(struct ezlb_layer *layer)
{
	(void)layer;
	return certain;
}

/* Where it is certain that nobody has changed the rows, they are not read before the write. */
static void test_what_is_certain_is_not_read(void **state)
{
	unsigned before = lists();

	(void)state;
	rig.pass.dp.layer[EZLB_LAYER_IPVS]->unchanged = fake_unchanged;
	certain = true;
	verdicts.items[0].verdict = EZLB_DOWN;
	assert_true(plan_part());
	assert_int_equal(rig.result.plan.ops.len, 1);
	apply(true);
	assert_int_equal(lists(), before);
	assert_true(ezlb_pass_check(&rig.pass));
	assert_int_equal(lists(), before + 1);
	certain = false;
	rig.pass.checked.len = 0;
	assert_true(plan_part());
	assert_int_equal(lists(), before + 2);
	/* The connections of a backend that drains must be counted, whatever is certain. */
	certain = true;
	rig.pass.touched.len = 0;
	web->drain_ms = 30000;
	web->on_failure = EZLB_ON_FAILURE_DRAIN;
	verdicts.items[0].verdict = EZLB_UP;
	assert_true(plan_part());
	apply(true);
	assert_true(ezlb_pass_check(&rig.pass));
	rig.pass.touched.len = rig.pass.checked.len = 0;
	before = lists();
	verdicts.items[0].verdict = EZLB_DOWN;
	assert_true(plan_part());
	assert_int_equal(lists(), before + 1);
}

static bool fake_as_listed(struct ezlb_layer *layer, const struct ezlb_scope *scope)
{
	(void)layer;
	assert_int_equal(scope->len, 3);
	return certain;
}

static void pass_reads(bool reads)
{
	unsigned before = rig.memory->reads;

	pass_all();
	assert_int_equal(rig.memory->reads - before, reads);
	assert_int_equal(rig.result.plan.ops.len, 0);
	assert_int_equal(rig.result.found.actual.dests.len, 4);
	assert_true(rig.pass.calm);
}

/* A pass that comes because of the time, where it is certain that all is as it was. */
static void test_a_quiet_pass(void **state)
{
	struct ezlb_drain drain = { .until_ms = 1 };

	(void)state;
	rig.pass.dp.layer[EZLB_LAYER_IPVS]->as_listed = fake_as_listed;
	certain = true;
	pass_reads(true); /* the caller does not say that it is quiet */
	rig.pass.quiet = true;
	pass_reads(false);
	pass_reads(false);
	certain = false;
	pass_reads(true);
	certain = true;
	rig.now += 599999;
	pass_reads(false);
	rig.now++;
	pass_reads(true);
	pass_reads(false);
	/* The connections of a dest that drains are counted. */
	*EZLB_PUSH(&rig.pass.ledger.content.drains) = drain;
	rig.pass.life.members.items[0].role = EZLB_ROLE_DRAINING;
	pass_reads(true);
}

/* Until the next look the layer counts ezlb's own changes, too. */
static void test_what_was_touched_is_read(void **state)
{
	unsigned before = lists();

	(void)state;
	rig.pass.dp.layer[EZLB_LAYER_IPVS]->unchanged = fake_unchanged;
	certain = true;
	*EZLB_PUSH(&rig.pass.touched) = web->listeners[0].key;
	assert_true(plan_part());
	assert_int_equal(lists(), before + 1);
}

static void test_a_drain_reads_the_connections_of_its_service(void **state)
{
	unsigned before = lists();

	(void)state;
	web->drain_ms = 30000;
	web->on_failure = EZLB_ON_FAILURE_DRAIN;
	verdicts.items[0].verdict = EZLB_DOWN;
	assert_true(plan_part());
	assert_int_equal(lists(), before + 1);
	assert_int_equal(rig.result.plan.ops.len, 1);
	assert_int_equal(rig.result.plan.ops.items[0].kind, EZLB_OP_DEST_SET);
	apply(true);
	assert_int_equal(rig.pass.ledger.content.drains.len, 1);
	assert_int_equal(rig.pass.ledger.content.services.len, 3);
	rig.now = EZLB_DRAIN_IDLE_MS;
	assert_true(plan_part());
	assert_int_equal(rig.result.plan.ops.items[0].kind, EZLB_OP_DEST_DEL);
	apply(true);
	assert_int_equal(rig.pass.ledger.content.drains.len, 0);
}

/* A change of its own service in between is seen, too, and so is one of another one. */
static void test_the_look_afterwards(void **state)
{
	struct ezlb_table *kernel = faulty_table(rig.memory);

	(void)state;
	verdicts.items[0].verdict = EZLB_DOWN;
	assert_true(plan_part());
	apply(true);
	assert_true(ezlb_pass_check(&rig.pass));
	assert_false(ezlb_pass_peek(&rig.pass, &all));
	assert_false(ezlb_pass_peek(&rig.pass, &all));

	verdicts.items[0].verdict = EZLB_UP;
	assert_true(plan_part());
	apply(true);
	assert_true(ezlb_pass_check(&rig.pass));
	for (size_t i = 0; i < kernel->dests.len; i++)
		if (ezlb_service_key_cmp(&kernel->dests.items[i].service, &web->listeners[0].key) ==
		    0)
			kernel->dests.items[i].weight = 9;
	assert_true(ezlb_pass_peek(&rig.pass, &all));
	ezlb_pass_result_clear(&rig.result);
	ezlb_pass_plan(&rig.pass, &all, &verdicts, false, rig.now, &rig.result);
	assert_int_equal(rig.result.found.drift.len, 2); /* and it is somebody else's */
}

/* A look before the check: that the kernel differs is nobody's change. */
static void test_a_look_before_the_check(void **state)
{
	struct ezlb_table *kernel = faulty_table(rig.memory);

	(void)state;
	verdicts.items[0].verdict = EZLB_DOWN;
	assert_true(plan_part());
	apply(true);
	for (size_t i = 0; i < kernel->dests.len; i++)
		kernel->dests.items[i].weight = 9;
	assert_true(ezlb_pass_peek(&rig.pass, &all));
	assert_false(rig.pass.left_known);
	assert_false(ezlb_pass_check(&rig.pass));
	ezlb_pass_result_clear(&rig.result);
	ezlb_pass_plan(&rig.pass, &all, &verdicts, false, rig.now, &rig.result);
	assert_int_equal(rig.result.found.drift.len, 0);
	assert_int_equal(rig.result.plan.ops.len, 3);
}

static void test_what_the_check_finds(void **state)
{
	struct ezlb_table *kernel = faulty_table(rig.memory);

	(void)state;
	verdicts.items[0].verdict = EZLB_DOWN;
	assert_true(plan_part());
	apply(true);
	kernel->dests.items[0].weight = kernel->dests.items[1].weight = 9;
	kernel->dests.items[2].weight = 9;
	assert_false(ezlb_pass_check(&rig.pass));
	assert_false(rig.pass.left_known);
	assert_false(plan_part());
}

/* What was changed before the pass is somebody else's, and the pass over all says so. */
static void test_a_change_before_the_pass(void **state)
{
	struct ezlb_table *kernel = faulty_table(rig.memory);

	(void)state;
	for (size_t i = 0; i < kernel->dests.len; i++)
		if (ezlb_service_key_cmp(&kernel->dests.items[i].service, &web->listeners[0].key) ==
		    0)
			kernel->dests.items[i].weight = 9;
	verdicts.items[0].verdict = EZLB_DOWN;
	assert_false(plan_part());
	assert_true(rig.pass.left_known);
	pass_all();
	assert_int_equal(rig.result.found.drift.len, 2);
}

static void test_a_service_that_cannot_be_read(void **state)
{
	(void)state;
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EIO);
	assert_false(plan_part());
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, 0);
	assert_true(plan_part());
}

static void test_a_check_that_cannot_read(void **state)
{
	(void)state;
	verdicts.items[0].verdict = EZLB_DOWN;
	assert_true(plan_part());
	apply(true);
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EIO);
	assert_false(ezlb_pass_check(&rig.pass));
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, 0);
}

static void test_an_op_that_fails(void **state)
{
	(void)state;
	verdicts.items[0].verdict = EZLB_DOWN;
	assert_true(plan_part());
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 1, ENOMEM);
	apply(false);
	assert_true(ezlb_pass_due(&rig.pass) != EZLB_PASS_NEVER); /* with the usual back-off */
	assert_false(ezlb_pass_check(&rig.pass));
	assert_false(plan_part());
}

/* --- when it must not be made -------------------------------------------------------------- */

static void unknown(void)
{
	rig.pass.left_known = false;
}
static void not_calm(void)
{
	rig.pass.calm = false;
}
static void late(void)
{
	rig.pass.late.err.code = EIO;
}
static void old_snat(void)
{
	rig.pass.old_snat = rig.pass.dp.layer[EZLB_LAYER_SNAT];
}
static void unclaimed(void)
{
	*EZLB_PUSH(&rig.pass.unclaimed) = key_of("tcp 10.0.0.9:80");
}
static void single(void)
{
	rig.pass.single = true;
}
static void put_back(void)
{
	rig.pass.put_back = true;
}
static void unit_waits(void)
{
	EZLB_PUSH(&rig.pass.units)->waiting = true;
}
static void unit_fights(void)
{
	EZLB_PUSH(&rig.pass.units)->fight = true;
}
static void unit_is_paced(void)
{
	EZLB_PUSH(&rig.pass.units)->due = rig.now + 1;
}
static void ledger_is_lost(void)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s/ledger", top);

	assert_int_equal(unlink(path), 0);
}
static void another_listener(void)
{
	spec_listen(web, EZLB_TCP, dns->listeners[0].listen, 0);
}
static void not_owned(void)
{
	rig.pass.ledger.content.services.len = 0;
}
static void not_seen(void)
{
	rig.pass.life.seen.len = 0;
}
static void address_may_go(void)
{
	web->vip = EZLB_VIP_SERVING;
}
static void any_address_may_go(void)
{
	rig.pass.vip_when = EZLB_VIP_SERVING;
}
static void new_setting(void)
{
	web->persistence.timeout_s = 300;
}
static void other_source(void)
{
	web->snat_ip.first.bytes[3] = web->snat_ip.last.bytes[3] = 77;
}
static void no_full_nat(void)
{
	web->full_nat = false;
}
static void other_forward(void)
{
	web->forward = EZLB_DIRECT;
}
static void toa_problem(void)
{
	rig.pass.left.toa_wanted = true;
	ezlb_strcpy(rig.pass.left.toa_problem, sizeof(rig.pass.left.toa_problem), "no BPF");
}
static void toa_and_another_backend(void)
{
	rig.pass.left.toa_wanted = true;
	web->backends[1].endpoint.addr.bytes[3] = 99;
}
static void toa_and_fewer_backends(void)
{
	rig.pass.left.toa_wanted = true;
	web->n_backends = 1;
}

static void test_conditions(void **state)
{
	static void (*const cases[])(void) = {
		unknown,
		not_calm,
		late,
		old_snat,
		unclaimed,
		single,
		put_back,
		unit_waits,
		unit_fights,
		unit_is_paced,
		ledger_is_lost,
		another_listener,
		not_owned,
		not_seen,
		address_may_go,
		new_setting,
		any_address_may_go,
		other_source,
		no_full_nat,
		other_forward,
		toa_problem,
		toa_and_another_backend,
		toa_and_fewer_backends,
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_true(plan_part());
		cases[i]();
		if (plan_part())
			fail_msg("case %zu", i);
		assert_null(rig.result.part);
		assert_int_equal(rig.result.plan.wanted.len, 0);
		teardown(state);
		setup(state);
	}
}

/* These look like the ones above, and are fine. */
static void test_what_does_not_matter(void **state)
{
	(void)state;
	ezlb_strcpy(rig.pass.policy.vip_device, sizeof(rig.pass.policy.vip_device), "ezlb0");
	web->vip = EZLB_VIP_ALWAYS;
	assert_true(plan_part());
	rig.pass.left.toa_wanted = true; /* a flip changes no address */
	verdicts.items[0].verdict = EZLB_DOWN;
	assert_true(plan_part());
	*EZLB_PUSH(&rig.pass.units) = (struct ezlb_unit){ .taken = { 1 } };
	assert_true(plan_part());
}

static void test_by_backend(void **state)
{
	(void)state;
	assert_false(plan_part()); /* it shares rows of SNAT */
	part.items[0] = dns;
	assert_true(plan_part());
	part.items[0] = web; /* its rows are still there */
	web->full_nat = false;
	assert_false(plan_part());
}

#define PART_MAX 256 /* as in pkg/pass/eligible.c */

static void test_how_many(void **state)
{
	struct ezlb_spec *more[PART_MAX];
	char text[64];

	(void)state;
	for (int i = 0; i < PART_MAX; i++) {
		snprintf(text, sizeof(text), "s%d tcp 10.0.1.%d:80 10.1.0.1:80", i, i);
		more[i] = spec_of("more.yaml", text);
		*EZLB_PUSH(&all) = more[i];
	}
	pass_all();
	pass_all();
	part.len = 0;
	for (int i = 0; i < PART_MAX; i++)
		*EZLB_PUSH(&part) = more[i];
	assert_true(plan_part());
	*EZLB_PUSH(&part) = web;
	assert_false(plan_part());
	for (int i = 0; i < PART_MAX; i++)
		ezlb_spec_free(more[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_flip_is_one_op_and_reads_its_service),
		TEST(test_what_is_certain_is_not_read),
		TEST(test_a_quiet_pass),
		TEST(test_what_was_touched_is_read),
		TEST(test_a_drain_reads_the_connections_of_its_service),
		TEST(test_the_look_afterwards),
		TEST(test_a_look_before_the_check),
		TEST(test_what_the_check_finds),
		TEST(test_a_change_before_the_pass),
		TEST(test_a_service_that_cannot_be_read),
		TEST(test_a_check_that_cannot_read),
		TEST(test_an_op_that_fails),
		TEST(test_conditions),
		TEST(test_what_does_not_matter),
		TEST(test_how_many),
		cmocka_unit_test_setup_teardown(test_by_backend, setup_by_backend, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
