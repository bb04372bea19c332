// SPDX-License-Identifier: GPL-2.0-or-later
/* Passes and addresses at which only services answer. */
#include "pass_rig.h"

#include <errno.h>

#define WEB3 "web tcp 10.0.0.1:80 10.1.0.1:80"
#define API3 "api tcp 10.0.0.2:80 10.1.0.3:80 10.1.0.4:80"

static struct ezlb_endpoint ep(const char *text)
{
	struct ezlb_endpoint out;

	assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static struct rig rig;
static struct ezlb_spec *web, *api;
static struct ezlb_desired all, part;
static struct ezlb_verdicts verdicts;

static bool pass_all(void)
{
	ezlb_pass_result_clear(&rig.result);
	ezlb_pass_plan(&rig.pass, &all, &verdicts, false, rig.now, &rig.result);
	return ezlb_pass_apply(&rig.pass, &rig.result, rig.now);
}

static bool may_be_partial(void)
{
	ezlb_pass_result_clear(&rig.result);
	return ezlb_pass_plan_part(&rig.pass, &part, &verdicts, rig.now, &rig.result);
}

static int setup(void **state)
{
	const struct ezlb_addr here = ep("10.1.0.4:80").addr;

	if (setup_top(state))
		return -1;
	rig.memory = faulty_new();
	faulty_set_snat_key(rig.memory, EZLB_SNAT_KEY_LISTENER);
	*EZLB_PUSH(&faulty_table(rig.memory)->elsewhere) = here;
	start(&rig);
	rig.pass.policy.snat_key = EZLB_SNAT_KEY_LISTENER;
	rig.pass.policy.guard = true;
	strcpy(rig.pass.policy.vip_device, "ezlb0");
	web = spec_of("web.yaml", WEB3);
	api = spec_of("api.yaml", API3);
	*EZLB_PUSH(&all) = web;
	*EZLB_PUSH(&all) = api;
	*EZLB_PUSH(&part) = api;
	return 0;
}

static int teardown(void **state)
{
	rig_close(&rig);
	rig = (struct rig){ .now = 0 };
	ezlb_spec_free(web);
	ezlb_spec_free(api);
	EZLB_VEC_CLEAR(&all);
	EZLB_VEC_CLEAR(&part);
	return teardown_top(state);
}

static size_t n_guards(void)
{
	return faulty_table(rig.memory)->guards.len;
}

static void settle(size_t guards)
{
	assert_true(pass_all());
	assert_true(pass_all());
	assert_int_equal(rig.result.plan.ops.len, 0);
	assert_int_equal(n_guards(), guards);
}

static void test_repaired_and_removed(void **state)
{
	(void)state;
	settle(2);
	faulty_table(rig.memory)->guards.len = 1;
	assert_true(pass_all());
	assert_int_equal(rig.result.found.drift.len, 1);
	assert_int_equal(rig.result.found.drift.items[0].kind, EZLB_OP_GUARD_DEL);
	settle(2);
	all.len = 1;
	settle(1);
	all.len = 2;
	settle(2);
	ezlb_pass_result_clear(&rig.result);
	assert_true(ezlb_pass_cleanup(&rig.pass, &rig.result));
	assert_int_equal(n_guards(), 0);
}

/* Services are as good without, and readiness does not look at it. */
static void test_nothing_waits_for_it(void **state)
{
	(void)state;
	faulty_fault(rig.memory, EZLB_LAYER_MARK, 1, EIO);
	assert_false(pass_all());
	assert_true(ezlb_pass_serves(&rig.result));
	assert_int_equal(faulty_table(rig.memory)->vips.len, 2);
	assert_int_equal(faulty_table(rig.memory)->dests.len, 3);
	faulty_fault(rig.memory, EZLB_LAYER_MARK, 0, 0);
	rig.now = 60000;
	settle(2);
}

/* --- passes over a part ---------------------------------------------------------------------- */

static void test_an_edit_that_changes_no_guard_is_one_of_its_service(void **state)
{
	(void)state;
	settle(2);
	api->backends[0].weight = 7;
	assert_true(may_be_partial());
	assert_int_equal(rig.result.plan.ops.len, 1);
	assert_true(ezlb_pass_apply(&rig.pass, &rig.result, rig.now));
}

/* The last backend is on this host; now it gets packets with the address of the listener. */
static void test_another_forwarding_method(void **state)
{
	(void)state;
	settle(2);
	api->forward = EZLB_DIRECT;
	assert_false(may_be_partial());
	settle(1);
	api->backends[0].weight = 7; /* it is known by now */
	assert_true(may_be_partial());
}

static void test_a_backend_here_goes_and_comes(void **state)
{
	(void)state;
	api->forward = EZLB_DIRECT;
	settle(1);
	api->n_backends = 1;
	assert_false(may_be_partial());
	settle(2);
	api->n_backends = 2;
	assert_false(may_be_partial());
	settle(1);
}

static void test_a_backend_that_is_a_guarded_address(void **state)
{
	(void)state;
	api->n_backends = 1;
	settle(2);
	api->n_backends = 2;
	api->backends[1].endpoint = ep("10.0.0.1:8080");
	assert_false(may_be_partial());
	settle(1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_repaired_and_removed),
		TEST(test_nothing_waits_for_it),
		TEST(test_an_edit_that_changes_no_guard_is_one_of_its_service),
		TEST(test_another_forwarding_method),
		TEST(test_a_backend_here_goes_and_comes),
		TEST(test_a_backend_that_is_a_guarded_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
