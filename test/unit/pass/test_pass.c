// SPDX-License-Identifier: GPL-2.0-or-later
#include "pass_rig.h"

static void test_from_nothing(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB ";" DNS, false));
	assert_string_equal(kernel(&rig).s,
			    WEB_ROWS ", udp 10.0.0.1:53 -> 10.1.0.1:53, snat 10.1.0.1:80");
	assert_int_equal(rig.result.plan.target.services.len, 2);
	assert_int_equal(rig.result.plan.target.dests.len, 2);
	assert_int_equal(rig.result.found.adopted.len, 0);
	assert_true(pass(&rig, WEB ";" DNS, false));
	assert_int_equal(rig.result.plan.ops.len, 0);
	rig_close(&rig);
}

/* A kill at any step finds in the file what is in the kernel by then. */
static void test_ledger_is_ahead(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	assert_true(rig.steps > 0);
	assert_string_equal(rig.ledger_at_step.s, "tcp 10.0.0.1:80");

	assert_true(pass(&rig, API, false));
	assert_true(rig.steps > 0);
	assert_string_equal(rig.ledger_at_step.s, "tcp 10.0.0.1:80, tcp 10.0.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");

	assert_true(pass(&rig, "", false));
	assert_string_equal(rig.ledger_at_step.s, "tcp 10.0.0.2:80");
	assert_string_equal(ledger_file().s, "");
	rig_close(&rig);
}

static void test_plan_writes_nothing(void **state)
{
	const struct ezlb_verdicts verdicts = { 0 };
	struct ezlb_spec *spec = spec_of("x.yaml", WEB);
	struct rig rig = rig_open();
	struct ezlb_desired desired = { 0 };

	(void)state;
	*EZLB_PUSH(&desired) = spec;
	ezlb_pass_plan(&rig.pass, &desired, &verdicts, false, 0, &rig.result);
	assert_true(rig.result.plan.ops.len > 0);
	assert_int_equal(faulty_writes(rig.memory), 0);
	assert_string_equal(ledger_file().s, "");
	EZLB_VEC_CLEAR(&desired);
	ezlb_spec_free(spec);
	rig_close(&rig);
}

static void test_adopts(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	add_foreign(&rig, "tcp 10.0.0.1:80", "10.1.0.9:80");
	add_foreign(&rig, "tcp 10.9.0.1:80", "10.9.1.1:80");
	assert_true(pass(&rig, WEB, false));
	assert_int_equal(rig.result.found.adopted.len, 1);
	assert_string_equal(kernel(&rig).s, WEB_ROWS ", " FOREIGN ", snat 10.1.0.1:80");
	assert_true(pass(&rig, WEB, false));
	assert_int_equal(rig.result.found.adopted.len, 0);
	rig_close(&rig);
}

static void test_adopts_never(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	rig.pass.adopt = EZLB_ADOPT_NEVER;
	add_foreign(&rig, "tcp 10.0.0.1:80", "10.1.0.9:80");
	assert_true(pass(&rig, WEB ";" API, false));
	assert_int_equal(rig.result.found.adopted.len, 0);
	assert_int_equal(rig.result.found.conflicts.len, 1);
	assert_string_equal(rig.result.found.conflicts.items[0].name, "web");
	assert_string_equal(kernel(&rig).s,
			    "tcp 10.0.0.1:80 -> 10.1.0.9:80, " API_ROWS ", snat 10.1.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");
	/* And when the other one has gone: */
	faulty_table(rig.memory)->services.len = 0;
	faulty_table(rig.memory)->dests.len = 0;
	assert_true(pass(&rig, WEB ";" API, false));
	assert_int_equal(rig.result.found.conflicts.len, 0);
	assert_string_equal(kernel(&rig).s,
			    WEB_ROWS ", " API_ROWS ", snat 10.1.0.1:80, snat 10.1.0.2:80");
	restart(&rig);
	rig.pass.adopt = EZLB_ADOPT_NEVER;
	assert_true(pass(&rig, WEB ";" API, false)); /* what the ledger names is ours */
	assert_int_equal(rig.result.found.conflicts.len, 0);
	assert_int_equal(rig.result.plan.ops.len, 0);
	rig_close(&rig);
}

#define TWO "two tcp 10.0.0.1:80 +udp/10.0.0.1:53 10.1.0.1"

static void test_never_holds_the_whole_file(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	rig.pass.adopt = EZLB_ADOPT_NEVER;
	add_foreign(&rig, "udp 10.0.0.1:53", "10.1.0.9:53");
	assert_true(pass(&rig, TWO ";" API, false));
	assert_int_equal(rig.result.found.conflicts.len, 1);
	assert_string_equal(rig.result.found.conflicts.items[0].name, "two");
	assert_string_equal(kernel(&rig).s,
			    API_ROWS ", udp 10.0.0.1:53 -> 10.1.0.9:53, snat 10.1.0.2:80");
	assert_string_equal(ledger_file().s, "tcp 10.0.0.2:80");
	rig.pass.adopt = EZLB_ADOPT_MATCHING;
	assert_true(pass(&rig, TWO, false));
	assert_int_equal(rig.result.found.adopted.len, 1);
	assert_string_equal(kernel(&rig).s, "tcp 10.0.0.1:80 -> 10.1.0.1:80, "
					    "udp 10.0.0.1:53 -> 10.1.0.1:53");
	/* A listener that leaves the file goes alone. */
	assert_true(pass(&rig, "two udp 10.0.0.1:53 +mark/7 10.1.0.1", false));
	assert_string_equal(kernel(&rig).s, "udp 10.0.0.1:53 -> 10.1.0.1:53, fwmark 7 -> 10.1.0.1");
	assert_true(pass(&rig, "two udp 10.0.0.1:53 +mark/7 10.1.0.1", false));
	assert_int_equal(rig.result.plan.ops.len, 0);
	rig_close(&rig);
}

/* Somebody else makes the service between our look and our write. */
static void test_never_and_not_quick_enough(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	rig.pass.adopt = EZLB_ADOPT_NEVER;
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 1, EEXIST);
	assert_false(pass(&rig, DNS, false));
	assert_string_equal(ledger_file().s, "");
	add_foreign(&rig, "udp 10.0.0.1:53", "10.1.0.9:53");
	assert_true(pass(&rig, DNS, false));
	assert_int_equal(rig.result.found.conflicts.len, 1);
	assert_string_equal(kernel(&rig).s, "udp 10.0.0.1:53 -> 10.1.0.9:53");
	rig_close(&rig);
}

/* The plan of what somebody else did, with ", " between the ops. */
static struct text drift(const struct rig *rig)
{
	struct text out = { "" };
	char op[EZLB_OP_STRLEN];

	for (size_t i = 0; i < rig->result.found.drift.len; i++)
		snprintf(out.s + strlen(out.s), sizeof(out.s) - strlen(out.s), "%s%s",
			 i ? ", " : "", ezlb_op_format(&rig->result.found.drift.items[i], op));
	return out;
}

static void test_drift(void **state)
{
	struct rig rig = rig_open();
	struct ezlb_table *table = faulty_table(rig.memory);

	(void)state;
	assert_true(pass(&rig, WEB ";" API, false));
	assert_true(
		rig.result.outcome.again); /* it wrote: how that left the kernel is not known yet */
	assert_true(pass(&rig, WEB ";" API, false));
	assert_false(rig.result.outcome.again);
	assert_string_equal(drift(&rig).s, "");

	table->dests.items[0].weight = 9;
	assert_true(pass(&rig, WEB, false)); /* the file of api has gone at the same time */
	assert_string_equal(drift(&rig).s,
			    "dest-set tcp 10.0.0.1:80 -> 10.1.0.1:80 masq weight 9 (was 1)");
	assert_true(pass(&rig, WEB, false));
	assert_string_equal(drift(&rig).s, ""); /* our own deed is no drift */

	/* A file that changes is no drift either, nor is what follows from it. */
	assert_true(pass(&rig, API, false));
	assert_true(pass(&rig, API, false));
	assert_string_equal(drift(&rig).s, "");
	table->services.len = table->dests.len = 0;
	assert_true(pass(&rig, API, false));
	assert_string_equal(drift(&rig).s, "service-del tcp 10.0.0.2:80");
	rig_close(&rig);
}

/* A pass remembers how it left the kernel, and takes nothing out of its result for that. */
static void test_the_result_is_whole_after_apply(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	assert_int_equal(rig.result.plan.ops.len, 8);
	assert_true(pass(&rig, WEB, false));
	assert_int_equal(rig.result.plan.ops.len, 0);
	assert_true(rig.pass.left_known);
	assert_int_equal(rig.result.found.actual.services.len, 1);
	assert_int_equal(rig.result.found.actual.dests.len, 1);
	assert_int_equal(rig.result.plan.target.services.len, 1);
	assert_int_equal(rig.pass.left.dests.len, 1);
	rig_close(&rig);
}

/* Nothing is called a change by others where the kernel could not be read before. */
static void test_drift_after_a_failed_look(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, WEB, false));
	assert_true(pass(&rig, WEB, false));
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, EIO);
	assert_false(pass(&rig, WEB, false));
	assert_int_equal(rig.result.found.errs.layer[EZLB_LAYER_IPVS].code, EIO);
	/* What was found and what was planned are there after the pass, too. */
	assert_int_equal(rig.result.found.actual.services.len, 0);
	assert_int_equal(rig.result.plan.target.services.len, 1);
	assert_string_equal(drift(&rig).s, "");
	faulty_list_fault(rig.memory, EZLB_LAYER_IPVS, 0);
	assert_true(pass(&rig, WEB, false));
	assert_string_equal(drift(&rig).s, "");
	rig_close(&rig);
}

static bool peek(struct rig *rig, const char *service)
{
	struct ezlb_spec *spec = spec_of("x.yaml", service);
	struct ezlb_desired desired = { 0 };
	bool changed;

	*EZLB_PUSH(&desired) = spec;
	changed = ezlb_pass_peek(&rig->pass, &desired);
	EZLB_VEC_CLEAR(&desired);
	ezlb_spec_free(spec);
	return changed;
}

static void test_peek(void **state)
{
	struct rig rig = rig_open();
	struct ezlb_table *table = faulty_table(rig.memory);

	(void)state;
	assert_true(pass(&rig, WEB, false));
	assert_true(peek(&rig, WEB));
	assert_true(pass(&rig, WEB, false));
	assert_false(peek(&rig, WEB));
	table->dests.items[0].weight = 9;
	assert_true(peek(&rig, WEB));
	assert_true(pass(&rig, WEB, false));
	assert_true(pass(&rig, WEB, false));
	assert_false(peek(&rig, WEB));
	add_foreign(&rig, "tcp 10.9.0.1:80", "10.9.1.1:80");
	assert_false(peek(&rig, WEB));
	faulty_list_fault(rig.memory, EZLB_LAYER_HOST, EIO);
	assert_true(peek(&rig, WEB));
	assert_false(pass(&rig, WEB, false));
	assert_false(peek(&rig, WEB));
	faulty_list_fault(rig.memory, EZLB_LAYER_HOST, 0);
	assert_true(peek(&rig, WEB));
	rig_close(&rig);
}

/* In the daemon one service that fails waits for its time; the others do not. */
static void test_paced(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	rig.pass.paced = true;
	rig.now = 1000;
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 1, ENOENT);
	assert_false(pass(&rig, DNS, false));
	assert_in_range(ezlb_pass_due(&rig.pass), 1160, 1240);
	assert_false(pass(&rig, DNS ";" WEB, false));
	assert_string_equal(kernel(&rig).s, WEB_ROWS ", snat 10.1.0.1:80");
	assert_false(pass(&rig, DNS ";" WEB, false));
	assert_false(rig.result.outcome.again);
	rig.now = 1240;
	assert_true(pass(&rig, DNS ";" WEB, false));
	assert_int_equal(ezlb_pass_due(&rig.pass), EZLB_PASS_NEVER);
	/* The kernel changes: what waits is due. */
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 1, ENOENT);
	assert_false(pass(&rig, DNS ";" WEB ";" API, false));
	assert_false(pass(&rig, DNS ";" WEB ";" API, false));
	faulty_table(rig.memory)->dests.items[0].weight = 9;
	assert_true(peek(&rig, WEB));
	assert_true(pass(&rig, DNS ";" WEB ";" API, false));
	rig_close(&rig);
}

static void test_pass_ok(void **state)
{
	static const struct {
		int layer, ledger, op;
		bool want;
	} rows[] = {
		{ 0, 0, 0, true },     { EIO, 0, 0, false },	      { 0, EIO, 0, false },
		{ 0, 0, -EIO, false }, { 0, 0, EZLB_PENDING, false }, { 0, 0, EZLB_HELD, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (int layer = 0; layer < EZLB_LAYERS; layer++) {
			struct ezlb_pass_result result = { .outcome = { .flows = 0 } };

			ezlb_plan_add(&result.plan.ops, EZLB_OP_DEST_ADD)->rc = 0;
			ezlb_plan_add(&result.plan.ops, EZLB_OP_DEST_DEL)->rc = rows[i].op;
			result.outcome.errs.layer[layer].code = rows[i].layer;
			result.outcome.ledger_err.code = rows[i].ledger;
			assert_int_equal(ezlb_pass_ok(&result), rows[i].want);
			ezlb_pass_result_clear(&result);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_from_nothing),
		IN_TOP(test_ledger_is_ahead),
		IN_TOP(test_plan_writes_nothing),
		IN_TOP(test_adopts),
		IN_TOP(test_adopts_never),
		IN_TOP(test_never_holds_the_whole_file),
		IN_TOP(test_never_and_not_quick_enough),
		IN_TOP(test_drift),
		IN_TOP(test_drift_after_a_failed_look),
		IN_TOP(test_the_result_is_whole_after_apply),
		IN_TOP(test_peek),
		IN_TOP(test_paced),
		cmocka_unit_test(test_pass_ok),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
