// SPDX-License-Identifier: GPL-2.0-or-later
/* Passes and the timeouts of IPVS. */
#include "fixture.h"

#include <ezlb/pass.h>

#include "faulty.h"

static struct faulty *memory;
static struct ezlb_pass pass;
static struct ezlb_pass_result result;

/* A process begins, with --ipvs-timeout-tcp of so many seconds; 0: without the flag. */
static void start(uint32_t tcp)
{
	pass = (struct ezlb_pass){ .policy = { .timeouts = { [EZLB_TIMEOUT_TCP] = tcp } } };
	faulty_dataplane(memory, &pass.dp);
	assert_int_equal(ezlb_ledger_open(&pass.ledger, top, NULL), 0);
}

static void stop(void)
{
	ezlb_pass_result_clear(&result);
	ezlb_pass_clear(&pass);
}

static void restart(uint32_t tcp)
{
	stop();
	start(tcp);
}

static int setup(void **state)
{
	int rc = setup_top(state);

	memory = faulty_new();
	start(3600);
	return rc;
}

static int teardown(void **state)
{
	stop();
	faulty_free(memory);
	return teardown_top(state);
}

static uint32_t *value_of(enum ezlb_timeout timeout)
{
	return &faulty_table(memory)->timeouts.items[timeout].seconds;
}

static bool run(void)
{
	const struct ezlb_desired nothing = { 0 };
	const struct ezlb_verdicts verdicts = { 0 };

	ezlb_pass_result_clear(&result);
	ezlb_pass_plan(&pass, &nothing, &verdicts, false, 0, &result);
	return ezlb_pass_apply(&pass, &result, 0);
}

static bool cleanup(void)
{
	restart(0);
	pass.put_back = true;
	return ezlb_pass_cleanup(&pass, &result);
}

static bool ledger_has(const char *line)
{
	EZLB_AUTO_FREE char *file = slurp("ledger"), *whole = ezlb_asprintf("\n%s\n", line);

	return file && strstr(file, whole);
}

/* Only what a flag names; the rest stays as the kernel has it. */
static void test_set_and_put_back(void **state)
{
	(void)state;
	assert_true(run());
	assert_int_equal(result.plan.ops.len, 1);
	assert_int_equal(*value_of(EZLB_TIMEOUT_TCP), 3600);
	assert_int_equal(*value_of(EZLB_TIMEOUT_TCPFIN), 120);
	assert_int_equal(*value_of(EZLB_TIMEOUT_UDP), 300);
	assert_true(ledger_has("timeout tcp 900 3600"));
	assert_true(run());
	assert_int_equal(result.plan.ops.len, 0);
	assert_true(cleanup());
	assert_int_equal(*value_of(EZLB_TIMEOUT_TCP), 900);
	assert_false(ledger_has("timeout tcp 900 3600"));
}

/* The ledger is written before the kernel is changed. */
static void test_ledger_first(void **state)
{
	(void)state;
	faulty_fault(memory, EZLB_LAYER_IPVS, 1, EPERM);
	assert_false(run());
	assert_int_equal(*value_of(EZLB_TIMEOUT_TCP), 900);
	assert_false(ledger_has("timeout tcp 900 3600")); /* not owned: it was not set */
	assert_true(run());
	assert_true(ledger_has("timeout tcp 900 3600"));
}

static void test_repaired(void **state)
{
	(void)state;
	assert_true(run());
	assert_true(run());
	*value_of(EZLB_TIMEOUT_UDP) = 10; /* nobody asked for this one */
	*value_of(EZLB_TIMEOUT_TCP) = 60;
	assert_true(run());
	assert_int_equal(result.found.drift.len, 1);
	assert_int_equal(result.found.drift.items[0].kind, EZLB_OP_TIMEOUT_SET);
	assert_int_equal(result.found.drift.items[0].timeout.seconds, 60);
	assert_int_equal(*value_of(EZLB_TIMEOUT_TCP), 3600);
	assert_int_equal(*value_of(EZLB_TIMEOUT_UDP), 10);
	assert_true(ledger_has("timeout tcp 900 3600")); /* and not 60 */
}

static void test_changed_since(void **state)
{
	(void)state;
	assert_true(run());
	*value_of(EZLB_TIMEOUT_TCP) = 60;
	assert_true(cleanup());
	assert_int_equal(*value_of(EZLB_TIMEOUT_TCP), 60);
	assert_false(ledger_has("timeout tcp 900 3600"));
}

/* A lower value is one as well, and the first earlier value counts. */
static void test_other_flag(void **state)
{
	(void)state;
	assert_true(run());
	restart(30);
	assert_true(run());
	assert_int_equal(*value_of(EZLB_TIMEOUT_TCP), 30);
	assert_true(ledger_has("timeout tcp 900 30"));
	faulty_fault(memory, EZLB_LAYER_IPVS, 1, EPERM);
	restart(40);
	assert_false(run());
	assert_true(ledger_has("timeout tcp 900 30"));
	assert_true(cleanup());
	assert_int_equal(*value_of(EZLB_TIMEOUT_TCP), 900);
}

/* As a sysctl: it stays until cleanup. */
static void test_flag_removed(void **state)
{
	(void)state;
	assert_true(run());
	restart(0);
	assert_true(run());
	assert_int_equal(*value_of(EZLB_TIMEOUT_TCP), 3600);
	assert_true(cleanup());
	assert_int_equal(*value_of(EZLB_TIMEOUT_TCP), 900);
}

static void test_value_that_is_there(void **state)
{
	(void)state;
	*value_of(EZLB_TIMEOUT_TCP) = 3600;
	assert_true(run());
	assert_int_equal(result.plan.ops.len, 0);
	assert_true(cleanup());
	assert_int_equal(*value_of(EZLB_TIMEOUT_TCP), 3600);
}

/* What cannot be put back stays owned. */
static void test_reset_fails(void **state)
{
	(void)state;
	assert_true(run());
	restart(0);
	pass.put_back = true;
	faulty_fault(memory, EZLB_LAYER_IPVS, 1, EPERM);
	assert_false(run());
	assert_true(ledger_has("timeout tcp 900 3600"));
	assert_true(run());
	assert_int_equal(*value_of(EZLB_TIMEOUT_TCP), 900);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_set_and_put_back),	TEST(test_ledger_first), TEST(test_repaired),
		TEST(test_changed_since),	TEST(test_other_flag),	 TEST(test_flag_removed),
		TEST(test_value_that_is_there), TEST(test_reset_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
