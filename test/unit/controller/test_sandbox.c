// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon says that it needs, by its options. */
#include "commands.h"

#include "sandbox.h"

struct row {
	const char *name;
	enum ezlb_dataplane_kind dataplane;
	bool host_setup_never;
	uint16_t port;
	const char *log;
	struct ezlb_sandbox_needs want;
};

static const struct row rows[] = {
	{ "the default", EZLB_DP_KERNEL, false, 0, NULL, { .kernel = true, .modules = true } },
	{ "no host setup", EZLB_DP_KERNEL, true, 0, NULL, { .kernel = true } },
	{ "memory", EZLB_DP_MEMORY, false, 0, NULL, { .kernel = false } },
	{ "memory with a log", EZLB_DP_MEMORY, false, 0, "/a", { .kernel = false } },
	{ "a high port", EZLB_DP_KERNEL, true, 1024, NULL, { .kernel = true } },
	{ "a low port", EZLB_DP_KERNEL, true, 1023, NULL, { .kernel = true, .low_port = true } },
	{ "a log", EZLB_DP_KERNEL, true, 0, "/a", { .kernel = true, .log_file = true } },
};

static void test_needs(void **state)
{
	struct ezlb_sandbox_needs got;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];

		options.dataplane = row->dataplane;
		options.host_setup_never = row->host_setup_never;
		options.admin_address.port = row->port;
		options.connection_log = row->log;
		sandbox_needs(&options, &got);
		print_message("%s\n", row->name);
		assert_int_equal(got.kernel, row->want.kernel);
		assert_int_equal(got.modules, row->want.modules);
		assert_int_equal(got.low_port, row->want.low_port);
		assert_int_equal(got.log_file, row->want.log_file);
	}
}

static void test_off(void **state)
{
	struct ezlb_sandbox_state before, after;
	struct sandbox sandbox;

	(void)state;
	options.sandbox_off = true;
	assert_int_equal(ezlb_sandbox_look(0, &before, NULL), 0);
	sandbox_enter(&sandbox, &options);
	assert_int_equal(ezlb_sandbox_look(0, &after, NULL), 0);
	assert_string_equal(sandbox.state, "off");
	assert_string_equal(sandbox.error, "");
	assert_int_equal(after.permitted, before.permitted);
	assert_int_equal(after.no_new_privs, before.no_new_privs);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_TOP(test_needs), IN_TOP(test_off) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
