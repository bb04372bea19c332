// SPDX-License-Identifier: GPL-2.0-or-later
/* Passes and the sync daemon of IPVS. */
#include "fixture.h"

#include <errno.h>

#include <ezlb/pass.h>

#include "faulty.h"

#define MASTER "sync master eth1 1"
#define BACKUP "sync backup eth1 1"

static struct faulty *memory;
static struct ezlb_pass pass;
static struct ezlb_pass_result result;

/* A process begins, with --sync-interface and --sync-id; "": without. */
static void start(const char *device, uint8_t id)
{
	pass = (struct ezlb_pass){ .policy.sync_id = id };
	ezlb_strcpy(pass.policy.sync_device, sizeof(pass.policy.sync_device), device);
	faulty_dataplane(memory, &pass.dp);
	assert_int_equal(ezlb_ledger_open(&pass.ledger, top, NULL), 0);
}

static void stop(void)
{
	ezlb_pass_result_clear(&result);
	ezlb_pass_clear(&pass);
}

static void restart(const char *device, uint8_t id)
{
	stop();
	start(device, id);
}

static int setup(void **state)
{
	int rc = setup_top(state);

	memory = faulty_new();
	start("eth1", 1);
	return rc;
}

static int teardown(void **state)
{
	stop();
	faulty_free(memory);
	return teardown_top(state);
}

static bool run(void)
{
	const struct ezlb_desired nothing = { 0 };
	const struct ezlb_verdicts verdicts = { 0 };

	ezlb_pass_result_clear(&result);
	ezlb_pass_plan(&pass, &nothing, &verdicts, false, 0, &result);
	return ezlb_pass_apply(&pass, &result, 0);
}

static void put_sync(enum ezlb_sync_role role, const char *device, uint32_t id)
{
	struct ezlb_sync_row *row = EZLB_PUSH(&faulty_table(memory)->syncs);

	*row = (struct ezlb_sync_row){ .role = role, .id = id };
	ezlb_strcpy(row->device, sizeof(row->device), device);
	EZLB_SORT(&faulty_table(memory)->syncs, ezlb_sync_row_cmp);
}

/* "master on eth1, id 1; backup on eth1, id 1" */
static void assert_runs(const char *want)
{
	const struct ezlb_syncs *rows = &faulty_table(memory)->syncs;
	char text[200] = "", row[EZLB_SYNC_STRLEN];

	for (size_t i = 0; i < rows->len; i++)
		ezlb_strcatf(text, sizeof(text), "%s%s%s", i ? "; " : "",
			     ezlb_sync_row_format(&rows->items[i], row),
			     rows->items[i].stale ? ", stale" : "");
	assert_string_equal(text, want);
}

/* The lines of the ledger, each with a newline. */
static void assert_owned(const char *want)
{
	EZLB_AUTO_FREE char *file = slurp("ledger");
	char text[400] = "";

	for (char *save = NULL, *line = file ? strtok_r(file, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "sync ", 5) == 0)
			ezlb_strcatf(text, sizeof(text), "%s\n", line);
	assert_string_equal(text, want);
}

#define BOTH	   "master on eth1, id 1; backup on eth1, id 1"
#define BOTH_OWNED MASTER "\n" BACKUP "\n"

static void test_started_and_removed(void **state)
{
	(void)state;
	assert_true(run());
	assert_int_equal(result.plan.ops.len, 2);
	assert_runs(BOTH);
	assert_owned(BOTH_OWNED);
	assert_true(run());
	assert_int_equal(result.plan.ops.len, 0);
	restart("eth1", 1);
	assert_true(run());
	assert_int_equal(result.plan.ops.len, 0);
	restart("", 1);
	assert_true(run());
	assert_runs("");
	assert_owned("");
}

/* Also within the process that wants them, at its end. */
static void test_cleanup(void **state)
{
	(void)state;
	assert_true(run());
	ezlb_pass_result_clear(&result);
	assert_true(ezlb_pass_cleanup(&pass, &result));
	assert_runs("");
	assert_owned("");
}

static void test_repaired(void **state)
{
	(void)state;
	assert_true(run());
	assert_true(run());
	faulty_table(memory)->syncs.len = 1;
	assert_true(run());
	assert_int_equal(result.found.drift.len, 1);
	assert_int_equal(result.found.drift.items[0].kind, EZLB_OP_SYNC_DEL);
	assert_runs(BOTH);
	faulty_table(memory)->syncs.items[0].stale = true;
	assert_true(run());
	assert_int_equal(result.plan.ops.len, 1);
	assert_int_equal(result.plan.ops.items[0].kind, EZLB_OP_SYNC_SET);
	assert_int_equal(result.found.drift.len, 0);
	assert_runs(BOTH);
}

static void test_other_flags(void **state)
{
	(void)state;
	assert_true(run());
	restart("eth2", 9);
	assert_true(run());
	assert_int_equal(result.plan.ops.len, 2);
	assert_int_equal(result.plan.ops.items[0].kind, EZLB_OP_SYNC_SET);
	assert_runs("master on eth2, id 9; backup on eth2, id 9");
	assert_owned("sync master eth2 9\nsync backup eth2 9\n");
}

/* A kill between the ledger and the kernel: both the old and the new values are ezlb's. */
static void test_killed(void **state)
{
	const struct ezlb_desired nothing = { 0 };
	const struct ezlb_verdicts verdicts = { 0 };

	(void)state;
	assert_true(run());
	restart("eth2", 1);
	faulty_fault(memory, EZLB_LAYER_IPVS, 1, ETIMEDOUT);
	ezlb_pass_plan(&pass, &nothing, &verdicts, false, 0, &result);
	assert_false(ezlb_pass_apply(&pass, &result, 0));
	assert_owned(MASTER "\nsync master eth2 1\nsync backup eth2 1\n");
	restart("", 1);
	assert_true(run());
	assert_runs("");
	assert_owned("");
}

/* It must not count as ezlb's later, when somebody else has started one. */
static void test_cannot_start(void **state)
{
	(void)state;
	faulty_fault(memory, EZLB_LAYER_IPVS, 1, ENODEV);
	assert_false(run());
	assert_true(ezlb_pass_serves(&result));
	assert_runs("backup on eth1, id 1");
	assert_owned(BACKUP "\n");
	assert_true(run());
	assert_runs(BOTH);
	assert_owned(BOTH_OWNED);
}

static void test_cannot_change(void **state)
{
	(void)state;
	assert_true(run());
	restart("eth2", 1);
	faulty_fault(memory, EZLB_LAYER_IPVS, 1, EPERM);
	assert_false(run());
	assert_true(ezlb_pass_serves(&result));
	assert_runs("master on eth1, id 1; backup on eth2, id 1");
	assert_owned(MASTER "\nsync backup eth2 1\n");
}

static void test_cannot_stop(void **state)
{
	(void)state;
	assert_true(run());
	restart("", 1);
	faulty_fault(memory, EZLB_LAYER_IPVS, 1, EPERM);
	assert_false(run());
	assert_owned(MASTER "\n");
	faulty_list_fault(memory, EZLB_LAYER_IPVS, EIO);
	assert_false(run());
	assert_owned(MASTER "\n");
	faulty_list_fault(memory, EZLB_LAYER_IPVS, 0);
	assert_true(run());
	assert_runs("");
	assert_owned("");
}

/* Nothing fails because of it, and what is ezlb's is done. */
static void test_foreign(void **state)
{
	(void)state;
	put_sync(EZLB_SYNC_MASTER, "eth2", 7);
	for (int i = 0; i < 2; i++) {
		assert_true(run());
		assert_int_equal(result.found.foreign_syncs.len, 1);
		assert_int_equal(result.found.foreign_syncs.items[0].role, EZLB_SYNC_MASTER);
		assert_int_equal(result.found.foreign_syncs.items[0].id, 7);
		assert_runs("master on eth2, id 7; backup on eth1, id 1");
		assert_owned(BACKUP "\n");
	}
	assert_int_equal(result.plan.ops.len, 0);
	ezlb_pass_result_clear(&result);
	assert_true(ezlb_pass_cleanup(&pass, &result));
	assert_runs("master on eth2, id 7");
	faulty_table(memory)->syncs.len = 0;
	restart("eth1", 1);
	assert_true(run());
	assert_int_equal(result.found.foreign_syncs.len, 0);
	assert_runs(BOTH);
}

/* Somebody has put another one in the place of ezlb's. */
static void test_replaced_by_foreign(void **state)
{
	(void)state;
	assert_true(run());
	assert_true(run());
	faulty_table(memory)->syncs.items[0].id = 7;
	assert_true(run());
	assert_int_equal(result.found.foreign_syncs.len, 1);
	assert_runs("master on eth1, id 7; backup on eth1, id 1");
	assert_owned(BACKUP "\n");
	restart("", 1);
	assert_true(run());
	assert_int_equal(result.found.foreign_syncs.len, 0); /* none is wanted */
	assert_runs("master on eth1, id 7");
}

static void test_adopted(void **state)
{
	(void)state;
	put_sync(EZLB_SYNC_MASTER, "eth1", 1);
	pass.adopt = EZLB_ADOPT_NEVER;
	assert_true(run());
	assert_int_equal(result.found.foreign_syncs.len, 1);
	assert_owned(BACKUP "\n");
	pass.adopt = EZLB_ADOPT_MATCHING;
	assert_true(run());
	assert_int_equal(result.plan.ops.len, 0);
	assert_int_equal(result.found.foreign_syncs.len, 0);
	assert_owned(BOTH_OWNED);
}

/* It waits for its next try, and is not ezlb's meanwhile. */
static void test_held(void **state)
{
	struct timespec written;

	(void)state;
	pass.paced = true;
	faulty_fault(memory, EZLB_LAYER_IPVS, 1, ENODEV);
	assert_false(run());
	written = pass.ledger.mtime;
	assert_false(run());
	assert_memory_equal(&pass.ledger.mtime, &written, sizeof(written)); /* not in vain */
	assert_int_equal(result.plan.ops.len, 1);
	assert_int_equal(result.plan.ops.items[0].rc, EZLB_HELD);
	assert_true(ezlb_pass_serves(&result));
	assert_owned(BACKUP "\n");
	ezlb_pass_hurry(&pass);
	assert_true(run());
	assert_owned(BOTH_OWNED);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_started_and_removed), TEST(test_cleanup),	TEST(test_repaired),
		TEST(test_other_flags),		TEST(test_killed),	TEST(test_cannot_start),
		TEST(test_cannot_change),	TEST(test_cannot_stop), TEST(test_foreign),
		TEST(test_replaced_by_foreign), TEST(test_adopted),	TEST(test_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
