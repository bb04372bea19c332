// SPDX-License-Identifier: GPL-2.0-or-later
/* Client addresses in passes: the ledger, hosts that cannot do it, failures and other people. */
#include "pass_rig.h"

#define TOA_WEB "web tcp 10.0.0.1:80 snat=10.0.0.3 toa 10.1.0.1:80"
#define TOA_TWO "web tcp 10.0.0.1:80 snat=10.0.0.3 toa 10.1.0.1:80 10.1.0.2:80"

/* "add tcp 10.0.0.1:80, strip tcp 10.0.0.2:80, on eth1, clsact eth1": what the kernel has. */
static struct text toa(const struct rig *rig)
{
	struct ezlb_table *table = faulty_table(rig->memory);
	struct ezlb_links *clsacts = faulty_clsacts(rig->memory);
	char key[EZLB_SERVICE_KEY_STRLEN];
	struct text out = { "" };

	ezlb_table_sort(table);
	for (size_t i = 0; i < table->toas.len; i++)
		ezlb_strcatf(out.s, sizeof(out.s), "%s%s %s", out.s[0] ? ", " : "",
			     ezlb_toa_mode_str(table->toas.items[i].mode),
			     ezlb_service_key_format(&table->toas.items[i].service, key));
	for (size_t i = 0; i < table->hooks.len; i++)
		ezlb_strcatf(out.s, sizeof(out.s), "%son %s", out.s[0] ? ", " : "",
			     table->hooks.items[i].device);
	for (size_t i = 0; i < clsacts->len; i++)
		ezlb_strcatf(out.s, sizeof(out.s), "%sclsact %s", out.s[0] ? ", " : "",
			     clsacts->items[i].device);
	assert_int_equal(table->toa_present, table->toas.len > 0);
	return out;
}

static void assert_toa(const struct rig *rig, const char *want)
{
	assert_string_equal(toa(rig).s, want);
}

/* "eth0 eth1": the interfaces in the file. */
static void assert_ledger(const char *want)
{
	char *file = slurp("ledger"), got[128] = "";

	for (char *save = NULL, *line = file ? strtok_r(file, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "clsact ", 7) == 0)
			ezlb_strcatf(got, sizeof(got), "%s%s", got[0] ? " " : "", line + 7);
	free(file);
	assert_string_equal(got, want);
}

static void add_clsact(const struct rig *rig, const char *device)
{
	strcpy(EZLB_PUSH(faulty_clsacts(rig->memory))->device, device);
}

static void set_problem(const struct rig *rig, const char *why)
{
	strcpy(faulty_table(rig->memory)->toa_problem, why);
}

/* Packets to this backend leave by another interface now. */
static void move(const struct rig *rig, const char *backend, const char *device)
{
	struct ezlb_route_row *row = EZLB_PUSH(&faulty_table(rig->memory)->routes);

	assert_int_equal(ezlb_addr_parse(backend, &row->to, NULL), 0);
	strcpy(row->device, device);
}

static size_t count_ops(const struct rig *rig, enum ezlb_op_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < rig->result.plan.ops.len; i++)
		n += rig->result.plan.ops.items[i].kind == kind;
	return n;
}

/* --- what is owned ------------------------------------------------------------------------- */

static void test_comes_and_goes(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, TOA_TWO ";" API, false));
	assert_toa(&rig, "add tcp 10.0.0.1:80, strip tcp 10.0.0.2:80, on eth0, on eth1, "
			 "clsact eth0, clsact eth1");
	assert_ledger("eth0 eth1");
	restart(&rig); /* a new process finds it as it should be */
	assert_true(pass(&rig, TOA_TWO ";" API, false));
	assert_int_equal(rig.result.plan.ops.len, 0);
	assert_true(pass(&rig, WEB ";" API, false));
	assert_toa(&rig, "");
	assert_ledger("");
	rig_close(&rig);
}

static void test_clsact_of_others_stays(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	add_clsact(&rig, "eth1");
	assert_true(pass(&rig, TOA_TWO, false));
	assert_ledger("eth0");
	assert_toa(&rig, "add tcp 10.0.0.1:80, on eth0, on eth1, clsact eth0, clsact eth1");
	restart(&rig);
	assert_true(cleanup(&rig));
	assert_toa(&rig, "clsact eth1");
	rig_close(&rig);
}

/* Between the list and the change somebody else has made one: then it is theirs. */
static void test_clsact_that_others_create_meanwhile(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	faulty_fault(rig.memory, EZLB_LAYER_TOA, 3, EEXIST);
	assert_false(pass(&rig, TOA_WEB, false));
	assert_ledger("");
	add_clsact(&rig, "eth1");
	assert_true(pass(&rig, TOA_WEB, false));
	assert_ledger("");
	assert_true(pass(&rig, "", false));
	assert_toa(&rig, "clsact eth1");
	rig_close(&rig);
}

/* What is not tried is not created; what failed may be. */
static void test_ledger_after_failures(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	faulty_fault(rig.memory, EZLB_LAYER_TOA, 1, EPERM); /* the program */
	assert_false(pass(&rig, TOA_WEB, false));
	assert_ledger("");
	faulty_fault(rig.memory, EZLB_LAYER_TOA, 3, EIO); /* the hook */
	assert_false(pass(&rig, TOA_WEB, false));
	assert_ledger("eth1");
	assert_true(pass(&rig, TOA_WEB, false));
	assert_ledger("eth1");
	faulty_fault(rig.memory, EZLB_LAYER_TOA, 2, EIO); /* its removal */
	assert_false(pass(&rig, WEB, false));
	assert_ledger("eth1");
	faulty_fault(rig.memory, EZLB_LAYER_IPVS, 1, EIO); /* what is removed is not ours */
	assert_false(pass(&rig, "", false));
	assert_ledger("");
	assert_toa(&rig, "");
	rig_close(&rig);
}

/* Somebody has removed the filter and left the qdisc, and no list shows that it is ours. */
static void test_clsact_without_hook_is_removed(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, TOA_WEB, false));
	faulty_table(rig.memory)->hooks.len = 0;
	move(&rig, "10.1.0.1", "eth2");
	assert_true(pass(&rig, TOA_WEB, false));
	assert_toa(&rig, "add tcp 10.0.0.1:80, on eth2, clsact eth2");
	assert_ledger("eth2");
	faulty_table(rig.memory)->hooks.len = 0;
	assert_true(cleanup(&rig));
	assert_toa(&rig, "");
	assert_ledger("");
	rig_close(&rig);
}

/* The pins cannot be opened any more: no list shows the hook, which goes on. */
static void test_hook_that_no_list_shows_stays(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, TOA_WEB, false));
	restart(&rig);
	faulty_table(rig.memory)->hooks.len = 0;
	set_problem(&rig, "the file system is read-only");
	assert_true(pass(&rig, TOA_WEB, false));
	assert_int_equal(count_ops(&rig, EZLB_OP_HOOK_DEL), 0);
	assert_toa(&rig, "add tcp 10.0.0.1:80, clsact eth1");
	assert_ledger("eth1");
	assert_true(pass(&rig, WEB, false)); /* nobody asks any more */
	assert_toa(&rig, "");
	assert_ledger("");
	rig_close(&rig);
}

static void test_is_left_where_it_cannot_be_read(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, TOA_WEB, false));
	faulty_list_fault(rig.memory, EZLB_LAYER_TOA, EIO);
	assert_false(pass(&rig, WEB, false));
	assert_ledger("eth1");
	faulty_list_fault(rig.memory, EZLB_LAYER_TOA, 0);
	assert_toa(&rig, "add tcp 10.0.0.1:80, on eth1, clsact eth1");
	assert_true(pass(&rig, WEB, false));
	assert_toa(&rig, "");
	rig_close(&rig);
}

/* --- other interfaces, other people -------------------------------------------------------- */

static void test_backend_moves_to_another_interface(void **state)
{
	struct rig rig = rig_open();
	struct ezlb_spec *spec = spec_of("x.yaml", TOA_WEB);
	const struct ezlb_spec *items[] = { spec };
	const struct ezlb_desired desired = { items, 1, 1 };

	(void)state;
	assert_true(pass(&rig, TOA_WEB, false));
	assert_true(pass(&rig, TOA_WEB, false));
	assert_false(ezlb_pass_peek(&rig.pass, &desired));
	move(&rig, "10.1.0.1", "eth0");
	assert_true(ezlb_pass_peek(&rig.pass, &desired));
	assert_true(pass(&rig, TOA_WEB, false));
	assert_int_equal(rig.result.found.drift.len, 0);
	assert_toa(&rig, "add tcp 10.0.0.1:80, on eth0, clsact eth0");
	assert_ledger("eth0");
	move(&rig, "10.1.0.1", ""); /* the route is gone, and with it the need for a hook */
	assert_true(pass(&rig, TOA_WEB, false));
	assert_toa(&rig, "add tcp 10.0.0.1:80");
	ezlb_spec_free(spec);
	rig_close(&rig);
}

static void test_repairs(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, TOA_WEB, false));
	assert_true(pass(&rig, TOA_WEB, false));
	faulty_table(rig.memory)->hooks.len = 0; /* as "tc qdisc del dev eth1 clsact" does */
	faulty_clsacts(rig.memory)->len = 0;
	assert_true(pass(&rig, TOA_WEB, false));
	assert_int_equal(rig.result.found.drift.len, 1);
	assert_int_equal(rig.result.found.drift.items[0].kind, EZLB_OP_HOOK_DEL);
	assert_toa(&rig, "add tcp 10.0.0.1:80, on eth1, clsact eth1");
	assert_true(pass(&rig, TOA_WEB, false));
	faulty_table(rig.memory)->toas.len = 0;
	assert_true(pass(&rig, TOA_WEB, false));
	assert_int_equal(rig.result.found.drift.len, 1);
	assert_int_equal(rig.result.found.drift.items[0].kind, EZLB_OP_TOA_DEL);
	assert_true(pass(&rig, TOA_WEB, false));
	assert_int_equal(rig.result.plan.ops.len, 0);
	rig_close(&rig);
}

/* The service is not fought over: it works without. */
static void test_fight(void **state)
{
	struct ezlb_spec *spec = spec_of("x.yaml", TOA_WEB);
	struct rig rig = rig_open();
	size_t fights = 0, n;

	(void)state;
	rig.pass.paced = true;
	for (int i = 0; i < 4; i++) {
		faulty_table(rig.memory)->toas.len = 0;
		pass(&rig, TOA_WEB, false);
		ezlb_pass_fights(&rig.pass, &rig.result.found.drift, ++rig.now, &n);
		fights += n;
		pass(&rig, TOA_WEB, false);
	}
	assert_int_equal(fights, 1);
	assert_false(ezlb_pass_is_fought_over(&rig.pass, spec));
	ezlb_spec_free(spec);
	rig_close(&rig);
}

/* --- a host that cannot do it --------------------------------------------------------------- */

static void test_problem_is_no_failure(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	set_problem(&rig, "the kernel is too old");
	assert_true(pass(&rig, TOA_WEB, false));
	assert_string_equal(kernel(&rig).s, WEB_ROWS ", snat 10.1.0.1:80");
	assert_true(pass(&rig, TOA_WEB, false));
	assert_int_equal(rig.result.plan.ops.len, 0);
	set_problem(&rig, "");
	assert_true(pass(&rig, TOA_WEB, false));
	assert_toa(&rig, "add tcp 10.0.0.1:80, on eth1, clsact eth1");
	assert_true(pass(&rig, TOA_WEB, false));
	set_problem(&rig, "bpffs is not mounted"); /* what works goes on */
	assert_true(pass(&rig, TOA_TWO ";" API, false));
	assert_int_equal(rig.result.found.drift.len, 0);
	assert_toa(&rig, "add tcp 10.0.0.1:80, on eth1, clsact eth1");
	assert_ledger("eth1");
	assert_true(pass(&rig, API, false)); /* nobody asks any more */
	assert_toa(&rig, "");
	assert_ledger("");
	rig_close(&rig);
}

static void test_cleanup_with_a_problem(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, TOA_WEB, false));
	set_problem(&rig, "bpffs is not mounted");
	restart(&rig);
	assert_true(cleanup(&rig));
	assert_toa(&rig, "");
	assert_ledger("");
	assert_string_equal(kernel(&rig).s, "");
	rig_close(&rig);
}

/* The pass failed and is tried again at its own times; all else is done. */
static void test_failure_delays_nothing(void **state)
{
	struct rig rig = rig_open();
	struct timespec written;
	uint64_t due;

	(void)state;
	rig.pass.paced = true;
	rig.now = 1000;
	faulty_fault(rig.memory, EZLB_LAYER_TOA, 1, EPERM);
	assert_false(pass(&rig, TOA_WEB, false));
	assert_string_equal(kernel(&rig).s, WEB_ROWS ", snat 10.1.0.1:80");
	assert_toa(&rig, "");
	due = ezlb_pass_due(&rig.pass);
	assert_in_range(due, 1001, 1300);
	written = rig.pass.ledger.mtime;
	assert_false(pass(&rig, TOA_WEB, false)); /* too early: it is held, and no other thing */
	assert_memory_equal(&written, &rig.pass.ledger.mtime, sizeof(written));
	assert_int_equal(count_ops(&rig, EZLB_OP_TOA_SETUP), 1);
	assert_int_equal(ezlb_pass_due(&rig.pass), due);
	assert_false(pass(&rig, TOA_WEB ";" API, false));
	assert_string_equal(kernel(&rig).s,
			    WEB_ROWS ", " API_ROWS ", snat 10.1.0.1:80, snat 10.1.0.2:80");
	rig.now = due;
	assert_true(pass(&rig, TOA_WEB ";" API, false));
	assert_int_equal(ezlb_pass_due(&rig.pass), EZLB_PASS_NEVER);
	assert_ledger("eth0 eth1");
	rig_close(&rig);
}

/* What cannot be read is reported; nothing is planned for it, and other drift is still seen. */
static void test_cannot_be_read(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, TOA_WEB, false));
	assert_true(pass(&rig, TOA_WEB, false));
	faulty_list_fault(rig.memory, EZLB_LAYER_TOA, EIO);
	assert_false(pass(&rig, TOA_WEB, false));
	assert_int_equal(rig.result.outcome.errs.layer[EZLB_LAYER_TOA].code, EIO);
	assert_int_equal(rig.result.plan.ops.len, 0);
	assert_has(rig.result.found.actual.toa_problem, "list");
	faulty_table(rig.memory)->dests.len = 0;
	assert_false(pass(&rig, TOA_WEB, false));
	assert_int_equal(rig.result.found.drift.len, 1);
	assert_int_equal(rig.result.found.drift.items[0].kind, EZLB_OP_DEST_DEL);
	assert_string_equal(kernel(&rig).s, WEB_ROWS ", snat 10.1.0.1:80");
	assert_ledger("eth1");
	faulty_list_fault(rig.memory, EZLB_LAYER_TOA, 0);
	assert_true(pass(&rig, TOA_WEB, false));
	assert_int_equal(rig.result.found.drift.len, 0);
	rig_close(&rig);
}

/* The ledger forgets what is gone although TOA fails, for hours perhaps. */
static void test_failure_keeps_nothing_in_the_ledger(void **state)
{
	struct rig rig = rig_open();
	char *file;

	(void)state;
	strcpy(rig.pass.policy.vip_device, "a0");
	assert_true(pass(&rig, TOA_WEB ";" API, false));
	rig.pass.policy.vip_device[0] = '\0';
	faulty_fault(rig.memory, EZLB_LAYER_TOA, 1, EPERM);
	assert_false(pass(&rig, TOA_WEB, false));
	assert_string_equal(ledger_file().s, "tcp 10.0.0.1:80");
	file = slurp("ledger");
	assert_int_equal(count(file, "\nvip ") + count(file, "\nlink "), 0);
	free(file);
	rig_close(&rig);
}

/* --- a refused file -------------------------------------------------------------------------- */

static void test_stays_for_a_refused_file(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	assert_true(pass(&rig, TOA_WEB ";" API, false));
	restart(&rig);
	assert_true(pass(&rig, API, true));
	assert_int_equal(rig.result.plan.ops.len, 0);
	assert_ledger("eth0 eth1");
	assert_true(pass(&rig, API, false));
	assert_toa(&rig, "");
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_comes_and_goes),
		IN_TOP(test_clsact_of_others_stays),
		IN_TOP(test_clsact_that_others_create_meanwhile),
		IN_TOP(test_ledger_after_failures),
		IN_TOP(test_hook_that_no_list_shows_stays),
		IN_TOP(test_clsact_without_hook_is_removed),
		IN_TOP(test_is_left_where_it_cannot_be_read),
		IN_TOP(test_backend_moves_to_another_interface),
		IN_TOP(test_repairs),
		IN_TOP(test_fight),
		IN_TOP(test_problem_is_no_failure),
		IN_TOP(test_cleanup_with_a_problem),
		IN_TOP(test_failure_delays_nothing),
		IN_TOP(test_cannot_be_read),
		IN_TOP(test_failure_keeps_nothing_in_the_ledger),
		IN_TOP(test_stays_for_a_refused_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
