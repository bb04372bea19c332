// SPDX-License-Identifier: GPL-2.0-or-later
/* host-setup: the settings by themselves, and the command as a whole. */
#include "fixture.h"

#include <ezlb/controller.h>

#include "fake_kernel.h"
#include "specs.h"

#define WEB "web tcp 10.0.0.1:80 snat=10.0.0.3 10.1.0.1:80"

/* --- settings ------------------------------------------------------------------------------ */

struct rig {
	struct faulty *memory;
	struct ezlb_table *kernel;
	struct ezlb_pass pass;
	struct ezlb_pass_result result;
};

static struct rig rig_open(void)
{
	struct rig rig = { .memory = faulty_new() };

	rig.kernel = faulty_table(rig.memory);
	faulty_dataplane(rig.memory, &rig.pass.dp);
	assert_int_equal(ezlb_ledger_open(&rig.pass.ledger, top, NULL), 0);
	return rig;
}

static void rig_close(struct rig *rig)
{
	ezlb_pass_result_clear(&rig->result);
	ezlb_pass_clear(&rig->pass);
	faulty_free(rig->memory);
}

static bool set_up(struct rig *rig)
{
	struct ezlb_spec *spec = spec_of("web.yaml", WEB);
	struct ezlb_desired desired = { 0 };
	bool done;

	*EZLB_PUSH(&desired) = spec;
	ezlb_pass_result_clear(&rig->result);
	rig->result = (struct ezlb_pass_result){ .outcome = { .flows = 0 } };
	done = ezlb_pass_settings(&rig->pass, &desired, &rig->result);
	EZLB_VEC_CLEAR(&desired);
	ezlb_spec_free(spec);
	return done;
}

static bool ledger_has(const char *setting)
{
	EZLB_AUTO_FREE char *file = slurp("ledger"),
			    *line = ezlb_asprintf("\nsetting %s 0\n", setting);

	return file && strstr(file, line);
}

static int value_of(const struct rig *rig, enum ezlb_setting setting)
{
	for (size_t i = 0; i < rig->kernel->settings.len; i++)
		if (rig->kernel->settings.items[i].setting == setting)
			return rig->kernel->settings.items[i].value;
	return -1;
}

static void on_step(void *arg, const struct ezlb_op *op)
{
	char name[EZLB_SETTING_STRLEN];
	unsigned *steps = arg;

	assert_int_equal(op->kind, EZLB_OP_HOST_SET);
	if (!ezlb_setting_facts(op->setting.setting)->module)
		assert_true(ledger_has(ezlb_setting_format(&op->setting, name)));
	++*steps;
}

static void test_settings_and_nothing_else(void **state)
{
	struct rig rig = rig_open();
	unsigned steps = 0;

	(void)state;
	faulty_on_step(rig.memory, on_step, &steps);
	assert_true(set_up(&rig));
	assert_int_equal(steps, 4); /* the module, conntrack, forwarding, liberal */
	assert_int_equal(value_of(&rig, EZLB_IP_TABLES), 1);
	assert_int_equal(value_of(&rig, EZLB_VS_CONNTRACK), 1);
	assert_int_equal(value_of(&rig, EZLB_IP_FORWARD), 1);
	assert_int_equal(rig.kernel->services.len + rig.kernel->snats.len, 0);
	assert_false(rig.kernel->snat_present);
	assert_int_equal(rig.pass.ledger.content.services.len, 0);
	assert_true(set_up(&rig));
	assert_int_equal(rig.result.plan.ops.len, 0);
	assert_int_equal(rig.pass.ledger.content.settings.len, 3);
	rig_close(&rig);
}

/* The admin sets by hand what the message asks for: that is not ezlb's to set back. */
static void test_a_setting_that_fails(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	faulty_fault(rig.memory, EZLB_LAYER_HOST, 3, EROFS);
	assert_false(set_up(&rig));
	assert_int_equal(rig.result.plan.ops.items[2].rc, -EROFS);
	assert_int_equal(value_of(&rig, EZLB_VS_CONNTRACK), 1);
	assert_true(ledger_has("net.ipv4.vs.conntrack"));
	assert_false(ledger_has("net.ipv4.ip_forward"));
	rig_close(&rig);
}

static void test_a_host_that_cannot_be_read(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	faulty_list_fault(rig.memory, EZLB_LAYER_HOST, EIO);
	assert_false(set_up(&rig));
	assert_int_equal(rig.result.outcome.errs.layer[EZLB_LAYER_HOST].code, EIO);
	assert_int_equal(faulty_writes(rig.memory), 0);
	assert_int_equal(rig.pass.ledger.content.settings.len, 0);
	rig_close(&rig);
}

static void test_a_ledger_that_cannot_be_written(void **state)
{
	struct rig rig = rig_open();

	(void)state;
	make_dir("ledger.new");
	assert_false(set_up(&rig));
	assert_int_equal(rig.result.outcome.ledger_err.code, EISDIR);
	assert_int_equal(faulty_writes(rig.memory), 0);
	rig_close(&rig);
}

/* --- the command --------------------------------------------------------------------------- */

#define FILE_OF(addr, scheduler)                                              \
	"listen: 10.0.0." addr ":80\nscheduler: " scheduler "\n"              \
	"full_nat: true\nsnat_ip: 10.0.0.3\nhealth_check: {enabled: false}\n" \
	"backends:\n  - address: 10.1.0." addr ":80\n"

struct outcome {
	int rc;
	bool done;
	struct ezlb_err err;
	char *out, *log;
};

static struct outcome host_setup(enum ezlb_dataplane_kind kind)
{
	struct text dir = at("config");
	const char *dirs[] = { dir.s };
	const struct ezlb_options options = { .config_dirs = dirs,
					      .n_config_dirs = 1,
					      .state_dir = top,
					      .dataplane = kind,
					      .snat_driver = EZLB_SNAT_IPTABLES,
					      .host_setup_never = true };
	struct capture out = capture_begin(STDOUT_FILENO), log = capture_begin(STDERR_FILENO);
	struct outcome got = { .done = true };

	got.rc = ezlb_controller_host_setup(&options, &got.done, &got.err);
	got.log = capture_end(log);
	got.out = capture_end(out);
	return got;
}

static void outcome_clear(struct outcome *got)
{
	free(got->out);
	free(got->log);
}

#define SET	"host-set net.ipv4.vs.conntrack = 1 (was 0): done\n"
#define MODULES "ip_vs_mh ip_vs_rr "

static const struct {
	const char *name, *bad, *missing, *out, *log;
	bool done;
} runs[] = {
	{ "each scheduler is asked for once", NULL, "", SET, "", true },
	{ "a scheduler that the kernel lacks", NULL, "ip_vs_mh",
	  "module ip_vs_mh: there is no module ip_vs_mh\n", "", false },
	{ "one of them: the others are loaded, the settings made", NULL, "ip_vs_rr", SET, "",
	  false },
	{ "a refused file is told, and keeps nobody from starting", "listen: nonsense\n", "", SET,
	  "/config/d.yaml:1:9: error[E0", true },
};

static void put_files(void)
{
	make_dir("config");
	put("config/a.yaml", FILE_OF("1", "rr"));
	put("config/b.yaml", FILE_OF("2", "mh"));
	put("config/c.yaml", FILE_OF("4", "rr"));
}

static void test_command(void **state)
{
	(void)state;
	put_files();
	for (size_t i = 0; i < COUNT_OF(runs); i++) {
		struct outcome got;

		print_message("%s\n", runs[i].name);
		if (runs[i].bad)
			put("config/d.yaml", runs[i].bad);
		fake_kernel_open();
		fake.missing = runs[i].missing;
		got = host_setup(EZLB_DP_KERNEL);
		assert_int_equal(got.rc, 0);
		assert_int_equal(got.done, runs[i].done);
		assert_has(got.out, runs[i].out);
		assert_has(got.log, runs[i].log);
		assert_false(fake.hands_off); /* for all that the flag says */
		assert_string_equal(fake.loaded.s, MODULES);
		assert_int_equal(faulty_table(fake.memory)->services.len, 0);
		assert_true(ledger_has("net.ipv4.vs.conntrack"));
		outcome_clear(&got);
		faulty_free(fake.memory);
	}
}

/* A host that cannot do it serves nevertheless, so this is told and changes no exit status. */
static void test_client_addresses(void **state)
{
	struct outcome got;

	(void)state;
	put_files();
	for (int rc = 0; rc >= -EPERM; rc -= EPERM) {
		put("config/d.yaml", FILE_OF("5", "rr") "client_address: toa\n");
		fake_kernel_open();
		fake.missing = "";
		fake.toa_rc = rc;
		got = host_setup(EZLB_DP_KERNEL);
		assert_int_equal(got.rc, 0);
		assert_true(got.done);
		assert_int_equal(fake.toa_loads, 1);
		assert_true(!strstr(got.out, "client_address: this kernel is too old\n") == !rc);
		outcome_clear(&got);
		faulty_free(fake.memory);
	}
	fake_kernel_open();
	got = host_setup(EZLB_DP_MEMORY);
	assert_int_equal(fake.toa_loads, 0);
	outcome_clear(&got);
	put("config/d.yaml", FILE_OF("5", "rr"));
	fake.missing = "";
	got = host_setup(EZLB_DP_KERNEL);
	assert_true(got.done);
	assert_int_equal(fake.toa_loads, 0);
	outcome_clear(&got);
	faulty_free(fake.memory);
}

/* Trying it out loads nothing. */
static void test_command_in_memory(void **state)
{
	struct outcome got;

	(void)state;
	put_files();
	fake_kernel_open();
	got = host_setup(EZLB_DP_MEMORY);
	assert_int_equal(got.rc, 0);
	assert_true(got.done);
	assert_string_equal(fake.loaded.s, "");
	assert_has(got.out, SET);
	assert_int_equal(access(at("ledger").s, F_OK), -1);
	outcome_clear(&got);
	faulty_free(fake.memory);
}

/* What the host as a whole refuses is an error, and the sentence is there for it. */
static void test_command_fails(void **state)
{
	struct outcome got;

	(void)state;
	put_files();
	fake_kernel_open();
	faulty_list_fault(fake.memory, EZLB_LAYER_HOST, EIO);
	got = host_setup(EZLB_DP_KERNEL);
	assert_int_equal(got.rc, -EIO);
	assert_has(got.err.msg, "list");
	assert_false(got.done);
	outcome_clear(&got);
	faulty_list_fault(fake.memory, EZLB_LAYER_HOST, 0);
	make_dir("ledger.new");
	got = host_setup(EZLB_DP_KERNEL);
	assert_int_equal(got.rc, -EISDIR);
	assert_has(got.err.msg, "ledger");
	assert_false(got.done);
	outcome_clear(&got);
	assert_int_equal(faulty_writes(fake.memory), 0);
	faulty_free(fake.memory);
}

static void test_no_config_dir(void **state)
{
	struct outcome got = host_setup(EZLB_DP_MEMORY);

	(void)state;
	assert_int_equal(got.rc, -ENOENT);
	assert_has(got.err.msg, "cannot read the config directory ");
	assert_false(got.done);
	assert_string_equal(got.out, "");
	outcome_clear(&got);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_settings_and_nothing_else),
		IN_TOP(test_a_setting_that_fails),
		IN_TOP(test_a_host_that_cannot_be_read),
		IN_TOP(test_a_ledger_that_cannot_be_written),
		IN_TOP(test_command),
		IN_TOP(test_client_addresses),
		IN_TOP(test_command_in_memory),
		IN_TOP(test_command_fails),
		IN_TOP(test_no_config_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
