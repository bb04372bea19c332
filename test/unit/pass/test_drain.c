// SPDX-License-Identifier: GPL-2.0-or-later
/* Backends that drain, over passes and restarts: what the kernel and the ledger have. */
#include "pass_rig.h"

#define TWO_BACKENDS "web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80 10.1.0.2:80"
#define DRAINS	     WEB_ROWS " -> 10.1.0.2:80, snat 10.1.0.1:80, snat 10.1.0.2:80"
#define DRAINED	     WEB_ROWS ", snat 10.1.0.1:80"

/* The service, with the drain_timeout of service files. */
static bool pass_at(struct rig *rig, uint64_t now, const char *text)
{
	const struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_spec *spec = spec_of("x.yaml", text);
	struct ezlb_desired desired = { 0 };
	bool ok;

	spec->drain_ms = 30000;
	*EZLB_PUSH(&desired) = spec;
	rig->now = now;
	ezlb_pass_result_clear(&rig->result);
	rig->steps = 0;
	ezlb_pass_plan(&rig->pass, &desired, &verdicts, false, now, &rig->result);
	ok = ezlb_pass_apply(&rig->pass, &rig->result, now);
	EZLB_VEC_CLEAR(&desired);
	ezlb_spec_free(spec);
	return ok;
}

static struct ezlb_dest_row *dest(const struct rig *rig, const char *backend)
{
	struct ezlb_table *table = faulty_table(rig->memory);
	struct ezlb_endpoint ep;

	assert_int_equal(ezlb_endpoint_parse(backend, &ep, NULL), 0);
	for (size_t i = 0; i < table->dests.len; i++)
		if (ezlb_endpoint_cmp(&table->dests.items[i].endpoint, &ep) == 0)
			return &table->dests.items[i];
	return NULL;
}

static bool ledger_has(const char *what)
{
	EZLB_AUTO_FREE char *file = slurp("ledger");

	return file && strstr(file, what);
}

/* Two backends, the second of which leaves at 1000 with a connection. */
static struct rig draining(void)
{
	struct rig rig = rig_open();

	assert_true(pass_at(&rig, 0, TWO_BACKENDS));
	assert_true(pass_at(&rig, 10, TWO_BACKENDS));
	dest(&rig, "10.1.0.2:80")->active = 1;
	assert_true(pass_at(&rig, 1000, WEB));
	assert_int_equal(dest(&rig, "10.1.0.2:80")->weight, 0);
	assert_string_equal(kernel(&rig).s, DRAINS);
	return rig;
}

static void test_one_write_each(void **state)
{
	struct rig rig = draining();
	unsigned long writes = faulty_writes(rig.memory);

	(void)state;
	assert_int_equal(rig.result.plan.ops.len, 1);
	assert_int_equal(rig.result.plan.roster.due_ms, 2000);
	assert_true(pass_at(&rig, 2000, WEB));
	assert_int_equal(rig.result.plan.ops.len, 0);
	assert_int_equal(rig.result.found.drift.len, 0);
	assert_false(rig.result.outcome.again);
	dest(&rig, "10.1.0.2:80")->active = 0;
	assert_true(pass_at(&rig, 3000, WEB));
	assert_int_equal(faulty_writes(rig.memory), writes);
	assert_true(pass_at(&rig, 4000, WEB));
	assert_int_equal(faulty_writes(rig.memory), writes + 2); /* the dest, and its SNAT row */
	assert_string_equal(kernel(&rig).s, DRAINED);
	assert_true(pass_at(&rig, 4010, WEB));
	assert_int_equal(rig.result.plan.roster.rows.len, 1);
	assert_true(rig.result.plan.roster.due_ms == UINT64_MAX);
	rig_close(&rig);
}

static void on_drain(void *arg, const struct ezlb_op *op)
{
	(void)arg;
	if (op->kind == EZLB_OP_DEST_SET || op->kind == EZLB_OP_DEST_DEL)
		assert_true(ledger_has("drain 31000 removed 10.1.0.2:80 tcp 10.0.0.1:80\n"));
}

/* The deadline is on disk before the kernel changes, and until the dest is deleted. */
static void test_ledger(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass_at(&rig, 0, TWO_BACKENDS));
	faulty_on_step(rig.memory, on_drain, &rig);
	assert_true(pass_at(&rig, 1000, WEB));
	assert_int_equal(dest(&rig, "10.1.0.2:80")->weight, 0);
	assert_true(pass_at(&rig, 2000, WEB));
	assert_null(dest(&rig, "10.1.0.2:80"));
	assert_false(ledger_has("drain"));
	rig_close(&rig);
}

static void test_restart_keeps_the_deadline(void **state)
{
	struct rig rig = draining();

	(void)state;
	restart(&rig);
	faulty_on_step(rig.memory, NULL, NULL);
	assert_true(pass_at(&rig, 20000, WEB));
	assert_string_equal(kernel(&rig).s, DRAINS);
	assert_int_equal(rig.result.plan.roster.rows.items[1].until_ms, 31000);
	restart(&rig);
	faulty_on_step(rig.memory, NULL, NULL);
	assert_true(pass_at(&rig, 31000, WEB));
	assert_string_equal(kernel(&rig).s, DRAINED);
	rig_close(&rig);
}

/* The file is refused after the restart: the service stays as it is, and so does the deadline. */
static void test_refused_meanwhile(void **state)
{
	struct rig rig = draining();

	(void)state;
	restart(&rig);
	assert_true(pass(&rig, API, true));
	assert_true(ledger_has("drain 31000 removed 10.1.0.2:80 tcp 10.0.0.1:80\n"));
	faulty_on_step(rig.memory, NULL, NULL);
	assert_true(pass_at(&rig, 20000, WEB));
	assert_int_equal(rig.result.plan.roster.rows.items[1].until_ms, 31000);
	rig_close(&rig);
}

static void test_failures(void **state)
{
	struct rig rig = draining();

	(void)state;
	/* The kernel rejects the deletion; the next pass tries again, and no drain begins. */
	dest(&rig, "10.1.0.2:80")->active = 1;
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 1, ENOMEM);
	assert_false(pass_at(&rig, 31000, WEB));
	assert_true(ledger_has("drain 31000"));
	assert_true(pass_at(&rig, 31010, WEB));
	assert_string_equal(kernel(&rig).s, DRAINED);
	assert_false(ledger_has("drain"));
	rig_close(&rig);
}

/* Another object fails, again and again: what is over is over all the same. */
static void test_over_beside_a_failure(void **state)
{
	struct rig rig = draining();

	(void)state;
	faulty_fault(rig.memory, EZLB_LAYER_SNAT, 1, ENOMEM);
	assert_false(pass_at(&rig, 31000, WEB));
	assert_null(dest(&rig, "10.1.0.2:80"));
	assert_false(ledger_has("drain"));
	rig_close(&rig);
}

/* Without a deadline on disk it drains all the same, and the error is reported. */
static void test_ledger_cannot_be_written(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass_at(&rig, 0, TWO_BACKENDS));
	assert_true(pass_at(&rig, 10, TWO_BACKENDS));
	dest(&rig, "10.1.0.2:80")->active = 1;
	make_dir("ledger.new");
	assert_false(pass_at(&rig, 1000, WEB));
	assert_int_equal(rig.result.outcome.ledger_err.code, EISDIR);
	assert_string_equal(kernel(&rig).s, DRAINS);
	assert_int_equal(dest(&rig, "10.1.0.2:80")->weight, 0);
	/* What needs to be owned waits for the disk. */
	assert_false(pass_at(&rig, 1500, API));
	assert_string_equal(kernel(&rig).s, DRAINS);
	assert_false(pass_at(&rig, 2000, WEB));
	assert_int_equal(rmdir(at("ledger.new").s), 0);
	assert_true(pass_at(&rig, 2500, WEB));
	assert_true(ledger_has("drain 3"));
	rig_close(&rig);
}

static void test_unreadable(void **state)
{
	struct rig rig = draining();

	(void)state;
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, ENOBUFS);
	assert_false(pass_at(&rig, 3000, WEB));
	assert_int_equal(rig.result.plan.roster.rows.len, 2);
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, 0);
	assert_true(pass_at(&rig, 4000, WEB));
	assert_int_equal(dest(&rig, "10.1.0.2:80")->weight, 0);
	rig_close(&rig);
}

static void test_single_and_cleanup(void **state)
{
	struct rig rig = draining();

	(void)state;
	restart(&rig);
	faulty_on_step(rig.memory, NULL, NULL);
	rig.pass.single = true;
	assert_true(pass_at(&rig, 2000, WEB));
	assert_string_equal(kernel(&rig).s, DRAINED);
	assert_false(ledger_has("drain"));
	rig_close(&rig);
	rig = draining();
	assert_true(cleanup(&rig));
	assert_string_equal(kernel(&rig).s, "");
	assert_false(ledger_has("drain"));
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_one_write_each),
		IN_TOP(test_ledger),
		IN_TOP(test_restart_keeps_the_deadline),
		IN_TOP(test_refused_meanwhile),
		IN_TOP(test_failures),
		IN_TOP(test_over_beside_a_failure),
		IN_TOP(test_ledger_cannot_be_written),
		IN_TOP(test_unreadable),
		IN_TOP(test_single_and_cleanup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
