// SPDX-License-Identifier: GPL-2.0-or-later
/* instance: what the flags and the ledger make of it. */
#include "ledger_text.h"

#include <sys/wait.h>

#include <ezlb/conntrack.h>

#include "fake_kernel.h"
#include "instance.h"

static struct text config_dir, state_dir;
static const char *dirs[1];
static struct ezlb_options options;

/* --- the rig ------------------------------------------------------------------------------- */

static int setup(void **state)
{
	int rc = setup_top(state);

	fake_kernel_open();
	config_dir = at("config");
	state_dir = (struct text){ "" };
	ezlb_strcpy(state_dir.s, sizeof(state_dir.s), top);
	dirs[0] = config_dir.s;
	options = (struct ezlb_options){ .config_dirs = dirs,
					 .n_config_dirs = 1,
					 .state_dir = state_dir.s,
					 .snat_driver = EZLB_SNAT_IPTABLES };
	return rc < 0 ? rc : mkdir(config_dir.s, 0755);
}

static int teardown(void **state)
{
	faulty_free(fake.memory);
	return teardown_top(state);
}

static char *opened(struct instance *instance, enum instance_use use)
{
	struct capture log = capture_begin(STDERR_FILENO);
	struct ezlb_err err = { 0 };
	char *text;
	int rc;

	*instance = (struct instance){ .lock = -1 };
	rc = instance_open(instance, &options, use, &err);
	text = capture_end(log);

	if (rc)
		fail_msg("%s", err.msg);
	return text;
}

/* --- flags --------------------------------------------------------------------------------- */

static void test_policy_of_the_flags(void **state)
{
	static const struct {
		enum ezlb_snat_driver snat;
		bool never;
		const char *device;
		enum ezlb_adopt adopt;
	} rows[] = {
		{ EZLB_SNAT_IPTABLES, false, NULL, EZLB_ADOPT_MATCHING },
		{ EZLB_SNAT_NFTABLES, true, "", EZLB_ADOPT_NEVER },
		{ EZLB_SNAT_AUTO, false, "ezlb0", EZLB_ADOPT_MATCHING },
	};

	(void)state;
	options.dataplane = EZLB_DP_MEMORY;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct instance instance;

		options.snat_driver = rows[i].snat;
		options.firewall_never = rows[i].never;
		options.vip_device = rows[i].device;
		options.adopt = rows[i].adopt;
		free(opened(&instance, INSTANCE_WRITE));
		assert_int_equal(instance.pass.policy.snat_key, rows[i].snat == EZLB_SNAT_NFTABLES
									? EZLB_SNAT_KEY_LISTENER
									: EZLB_SNAT_KEY_BACKEND);
		assert_int_equal(instance.pass.policy.firewall, !rows[i].never);
		assert_string_equal(instance.pass.policy.vip_device,
				    rows[i].device ? rows[i].device : "");
		assert_int_equal(instance.pass.adopt, rows[i].adopt);
		assert_null(instance.pass.end_flows); /* nothing of the kernel's is touched */
		assert_int_equal(instance.lock, -1);
		assert_false(instance.pass.put_back);
		instance_close(&instance);
	}
	assert_string_equal(fake.managed.s, "");
	assert_null(slurp("ledger"));
}

static void test_hands_off_but_for_cleanup(void **state)
{
	struct ezlb_err err = { 0 };

	(void)state;
	for (int never = 0; never < 2; never++) {
		struct instance instance = { .lock = -1 };

		options.host_setup_never = never;
		free(opened(&instance, INSTANCE_READ));
		assert_int_equal(fake.hands_off, never);
		assert_ptr_equal(instance.pass.end_flows, ezlb_conntrack_delete);
		instance_close(&instance);
		assert_int_equal(instance_open_for_cleanup(&instance, &options, &err), 0);
		assert_false(fake.hands_off);
		assert_true(instance.pass.put_back);
		instance_close(&instance);
	}
	assert_true(options.host_setup_never); /* the caller's are as they were */
}

/* --- links --------------------------------------------------------------------------------- */

static const struct {
	const char *name, *device, *ledger, *want;
} links[] = {
	{ "none", NULL, "", "" },
	{ "no name", "", "", "" },
	{ "the flag's, and the one that has the addresses while it drains", "ezlb0", "",
	  "ezlb0 ezlb0-drain " },
	{ "of a process before, under another name", "ezlb0", "link a0, vip a0 10.0.0.1, ",
	  "ezlb0 ezlb0-drain a0 a0 " },
	{ "an address on a link that was there before", NULL, "vip b0 10.0.0.1, ", "b0 " },
};

static void test_links(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		struct instance instance;

		print_message("%s\n", links[i].name);
		write_ledger(links[i].ledger);
		options.vip_device = links[i].device;
		fake.managed.s[0] = '\0';
		free(opened(&instance, INSTANCE_WRITE));
		assert_string_equal(fake.managed.s, links[i].want);
		instance_close(&instance);
	}
}

/* The layer reads them only where somebody needs them. */
static void test_timeouts(void **state)
{
	static const struct {
		const char *ledger;
		uint32_t udp;
		bool want;
	} cases[] = { { "", 0, false }, { "", 60, true }, { "timeout tcp 900 3600", 0, true } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct instance instance;

		write_ledger(cases[i].ledger);
		options.ipvs_timeouts[EZLB_TIMEOUT_UDP] = cases[i].udp;
		fake.timeouts = false;
		free(opened(&instance, INSTANCE_WRITE));
		assert_int_equal(fake.timeouts, cases[i].want);
		assert_int_equal(instance.pass.policy.timeouts[EZLB_TIMEOUT_UDP], cases[i].udp);
		instance_close(&instance);
	}
	options.ipvs_timeouts[EZLB_TIMEOUT_UDP] = 0;
}

/* The layer reads the sync daemons if a flag asks for them or the ledger has one. */
static void test_syncs(void **state)
{
	static const struct {
		const char *ledger, *device, *want;
	} cases[] = { { "", NULL, "" },
		      { "", "", "" },
		      { "", "eth1", "+eth1" },
		      { "sync master eth1 1", NULL, "+" } };

	(void)state;
	options.sync_id = 7;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *device = cases[i].device ? cases[i].device : "";
		struct instance instance;

		write_ledger(cases[i].ledger);
		options.sync_interface = cases[i].device;
		fake.syncs[0] = '\0';
		free(opened(&instance, INSTANCE_WRITE));
		assert_string_equal(fake.syncs, cases[i].want);
		assert_string_equal(instance.pass.policy.sync_device, device);
		assert_int_equal(instance.pass.policy.sync_id, 7);
		instance_close(&instance);
	}
	options.sync_interface = NULL;
}

/* Without ip_vs there is no service, but there may well be addresses, and rules. */
static void test_cleanup_without_ip_vs(void **state)
{
	struct instance instance = { .lock = -1 };
	struct ezlb_err err = { 0 };
	struct capture capture;
	char *log;

	(void)state;
	write_ledger("table, link a0, vip a0 10.0.0.1, tcp 10.0.0.1:80");
	fake.ipvs_rc = -ENOENT;
	fake.nftables_rc = -EPERM;
	assert_int_equal(instance_open(&instance, &options, INSTANCE_WRITE, &err), -ENOENT);
	instance_close(&instance);
	assert_string_equal(fake.managed.s, "");
	capture = capture_begin(STDERR_FILENO);
	assert_int_equal(instance_open_for_cleanup(&instance, &options, &err), 0);
	log = capture_end(capture);
	assert_string_equal(fake.managed.s, "a0 a0 ");
	assert_string_equal(scope_text(&instance.pass.unclaimed).s, "tcp 10.0.0.1:80");
	assert_has(log, " backend=nftables err=\"no such luck\"\n");
	free(log);
	instance_close(&instance);
}

/* --- the ledger ---------------------------------------------------------------------------- */

/* The rules of a backend that is out of reach stay, and somebody must know. */
static const struct {
	enum ezlb_snat_driver snat;
	int iptables, nftables;
	const char *ledger, *want; /* "": nothing is told */
} reach[] = {
	{ EZLB_SNAT_IPTABLES, 0, -EPERM, "table, ", "level=warn " },
	{ EZLB_SNAT_IPTABLES, 0, -EPERM, "table, ", " backend=nftables err=\"no such luck\"" },
	{ EZLB_SNAT_NFTABLES, -EPERM, 0, "chain, ", " backend=iptables err=\"no such luck\"" },
	{ EZLB_SNAT_IPTABLES, 0, -EPERM, "chain, ", "" },
	{ EZLB_SNAT_NFTABLES, -EPERM, 0, "table, ", "" },
	{ EZLB_SNAT_IPTABLES, 0, 0, "table, ", "" },
};

static void test_unreachable(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(reach); i++) {
		struct instance instance;
		char *log;

		write_ledger(reach[i].ledger);
		options.snat_driver = reach[i].snat;
		fake.iptables_rc = reach[i].iptables;
		fake.nftables_rc = reach[i].nftables;
		log = opened(&instance, INSTANCE_READ);
		if (reach[i].want[0])
			assert_has(log, reach[i].want);
		else
			assert_string_equal(log, "");
		assert_int_equal(instance.pass.old_snat != NULL,
				 !fake.iptables_rc && !fake.nftables_rc);
		free(log);
		instance_close(&instance);
	}
}

/* In a child, for a process does not lock itself out. Its exit status is the errno. */
static int try_in_child(enum instance_use use)
{
	struct instance instance = { .lock = -1 };
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(-instance_open(&instance, &options, use, NULL));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_one_writer(void **state)
{
	struct instance instance;

	(void)state;
	free(opened(&instance, INSTANCE_WRITE));
	assert_true(instance.lock >= 0);
	assert_int_equal(try_in_child(INSTANCE_WRITE), EBUSY);
	assert_int_equal(try_in_child(INSTANCE_READ), 0);
	instance_close(&instance);
	assert_int_equal(try_in_child(INSTANCE_WRITE), 0);
}

/* Whatever its state directory. Who only reads, or touches no kernel, does not ask. */
static void test_one_writer_for_a_namespace(void **state)
{
	struct instance instance;
	char *log;

	(void)state;
	free(opened(&instance, INSTANCE_WRITE));
	assert_true(instance.netns_lock >= 0);
	instance_close(&instance);
	assert_int_equal(instance.netns_lock, -1);
	fake.netns_rc = -EADDRINUSE; /* what has the name is no ezlb */
	log = opened(&instance, INSTANCE_WRITE);
	assert_has(log, "level=warn pkg=controller msg=\"cannot check that no other ezlb");
	assert_has(log, "the namespace is taken");
	assert_int_equal(instance.netns_lock, -1);
	instance_close(&instance);
	free(log);
	fake.netns_rc = -EBUSY;
	assert_int_equal(try_in_child(INSTANCE_WRITE), EBUSY);
	assert_int_equal(try_in_child(INSTANCE_READ), 0);
	options.dataplane = EZLB_DP_MEMORY;
	assert_int_equal(try_in_child(INSTANCE_WRITE), 0);
}

static void test_damaged(void **state)
{
	struct instance instance;
	char *log;

	(void)state;
	put("ledger", "nonsense\n");
	log = opened(&instance, INSTANCE_WRITE);
	assert_has(log, "level=error ");
	assert_true(instance.ledger_damaged);
	free(log);
	instance_close(&instance);
	remove(at("ledger").s);
	free(opened(&instance, INSTANCE_WRITE));
	assert_false(instance.ledger_damaged);
	instance_close(&instance);
}

/* `plan` and `once` must see the addresses where the daemon has them. */
static void test_drained(void **state)
{
	static const enum instance_use uses[] = { INSTANCE_READ, INSTANCE_HOST, INSTANCE_WRITE };
	struct ezlb_err err = { 0 };
	struct instance instance;

	(void)state;
	free(opened(&instance, INSTANCE_READ));
	assert_int_equal(instance.drain.kind, EZLB_NODE_SERVES);
	assert_false(instance.pass.policy.drained);
	instance_close(&instance);
	put("drained", "ezlb-drained 1\nsince_ms 5\n");
	for (size_t i = 0; i < COUNT_OF(uses); i++) {
		free(opened(&instance, uses[i]));
		assert_int_equal(instance.drain.kind, EZLB_NODE_DRAINED);
		assert_int_equal(instance.drain.since_ms, 5);
		assert_true(instance.pass.policy.drained);
		instance_close(&instance);
	}
	instance = (struct instance){ .lock = -1 };
	assert_int_equal(instance_open_for_cleanup(&instance, &options, &err), 0);
	assert_false(instance.pass.policy.drained); /* all goes, wherever it is */
	instance_close(&instance);
}

/* A shortage passes: that ledger is not damaged, and nobody may write over it. */
static void test_no_file_to_be_had(void **state)
{
	struct instance instance = { .lock = -1 };
	struct ezlb_err err = { 0 };
	struct rlimit was;

	(void)state;
	write_ledger("tcp 10.0.0.1:80");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	fake.leaves_no_files = true;
	assert_int_equal(instance_open(&instance, &options, INSTANCE_READ, &err), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &was);
	assert_has(err.msg, at("ledger").s);
	assert_false(instance.ledger_damaged);
	instance_close(&instance);
}

static void test_no_config_dir(void **state)
{
	struct instance instance = { .lock = -1 };
	struct ezlb_err err = { 0 };

	(void)state;
	assert_int_equal(rmdir(config_dir.s), 0);
	assert_int_equal(instance_open(&instance, &options, INSTANCE_WRITE, &err), -ENOENT);
	assert_has(err.msg, "cannot read the config directory ");
	instance_close(&instance);
	assert_int_equal(instance_open_for_cleanup(&instance, &options, &err), 0);
	instance_close(&instance);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_policy_of_the_flags),
		IN_TOP(test_hands_off_but_for_cleanup),
		IN_TOP(test_links),
		IN_TOP(test_timeouts),
		IN_TOP(test_syncs),
		IN_TOP(test_cleanup_without_ip_vs),
		IN_TOP(test_unreachable),
		IN_TOP(test_one_writer),
		IN_TOP(test_one_writer_for_a_namespace),
		IN_TOP(test_damaged),
		IN_TOP(test_drained),
		IN_TOP(test_no_file_to_be_had),
		IN_TOP(test_no_config_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
