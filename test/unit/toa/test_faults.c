// SPDX-License-Identifier: GPL-2.0-or-later
/* layer: each request fails once, in each way; after that, on the same layer, everything works. */
#include "toa_rig.h"

enum call { LIST_ALL, SETUP, ADD, ADD_QDISC, DEL, DEL_QDISC, TEARDOWN };

static int make_call(enum call call)
{
	switch (call) {
	case LIST_ALL:
		return list_rc();
	case SETUP:
		return do_frame(EZLB_OP_TOA_SETUP);
	case ADD:
		return do_hook(EZLB_OP_HOOK_ADD, "eth0", false);
	case ADD_QDISC:
		return do_hook(EZLB_OP_HOOK_ADD, "eth0", true);
	case DEL:
		return do_hook(EZLB_OP_HOOK_DEL, "eth0", false);
	case DEL_QDISC:
		return do_hook(EZLB_OP_HOOK_DEL, "eth0", true);
	case TEARDOWN:
		return do_frame(EZLB_OP_TOA_TEARDOWN);
	}
	return 0;
}

/* The requests of each call, in order; `after`: so many of this type succeed before. */
static const struct step {
	const char *name;
	enum call call;
	int type, after;
} steps[] = {
	{ "list: links", LIST_ALL, RTM_GETLINK, 0 },
	{ "list: qdiscs", LIST_ALL, RTM_GETQDISC, 0 },
	{ "list: filters", LIST_ALL, RTM_GETTFILTER, 0 },
	{ "setup: qdiscs", SETUP, RTM_GETQDISC, 0 },
	{ "setup: filters", SETUP, RTM_GETTFILTER, 0 },
	{ "setup: the link", SETUP, RTM_GETLINK, 1 },
	{ "setup: replace", SETUP, RTM_NEWTFILTER, 0 },
	{ "setup: remove others", SETUP, RTM_DELTFILTER, 0 },
	{ "add: the link", ADD, RTM_GETLINK, 0 },
	{ "add: qdiscs", ADD, RTM_GETQDISC, 0 },
	{ "add: filters", ADD, RTM_GETTFILTER, 0 },
	{ "add: attach", ADD, RTM_NEWTFILTER, 0 },
	{ "add: clsact", ADD_QDISC, RTM_NEWQDISC, 0 },
	{ "del: the link", DEL, RTM_GETLINK, 0 },
	{ "del: filters", DEL, RTM_GETTFILTER, 0 },
	{ "del: detach", DEL, RTM_DELTFILTER, 0 },
	{ "del: filters again", DEL_QDISC, RTM_GETTFILTER, 1 },
	{ "del: filters of ingress", DEL_QDISC, RTM_GETTFILTER, 2 },
	{ "del: clsact", DEL_QDISC, RTM_DELQDISC, 0 },
	{ "teardown: links", TEARDOWN, RTM_GETLINK, 0 },
	{ "teardown: qdiscs", TEARDOWN, RTM_GETQDISC, 0 },
	{ "teardown: filters", TEARDOWN, RTM_GETTFILTER, 0 },
	{ "teardown: detach", TEARDOWN, RTM_DELTFILTER, 0 },
};

/* eth0 has a hook of another program and one too many. */
static void begin_fault(void)
{
	struct fake_filter old = ours_100, twice = ours_100;

	fake_init();
	fake_program_init();
	reopen();
	pin(500, true);
	old.program = 7;
	twice.handle = 3;
	fake.links[1].qdisc = "clsact";
	fake_add(1, &old);
	fake_add(1, &twice);
}

/* What is gone already, or has no filters, is no failure for a call that removes or lists. */
static bool is_no_failure(const struct step *step, int error)
{
	bool gone = error == ENODEV || error == ENOENT || error == EINVAL;

	switch (step->type) {
	case RTM_GETTFILTER:
	case RTM_DELTFILTER:
	case RTM_DELQDISC:
		return gone;
	case RTM_GETLINK: /* the interface is gone */
		return error == ENODEV && (step->call == DEL || step->after > 0);
	case RTM_NEWTFILTER:
		return error == ENODEV && step->call == SETUP;
	default:
		return false;
	}
}

static void check_fault(const struct step *step, int error)
{
	int want = error == SILENT ? -ETIMEDOUT : -error, rc;

	begin_fault();
	if (step->call == SETUP) /* so that the first RTM_GETLINK is that of the world */
		assert_int_equal(list_rc(), 0);
	memset(fake.seen, 0, sizeof(fake.seen));
	fake.fail_type = step->type;
	fake.fail_errno = error;
	fake.fail_after = step->call == SETUP && step->type == RTM_GETLINK ? 0 : step->after;
	rc = make_call(step->call);
	if (is_no_failure(step, error))
		want = 0;
	if (rc != want)
		fail_msg("%s, error %d: %d", step->name, error, rc);
	if (!fake.seen[step->type])
		fail_msg("%s: never asked", step->name);
	if (rc < 0 && step->call == LIST_ALL)
		assert_string_equal(listed, "absent");
	fake.fail_type = 0;
	assert_int_equal(do_frame(EZLB_OP_TOA_SETUP), 0);
	assert_int_equal(do_hook(EZLB_OP_HOOK_ADD, "eth0", !fake.links[1].qdisc), 0);
	assert_int_equal(list_rc(), 0);
	if (strcmp(listed, "present sound\nhook eth0") != 0 || fake.links[1].n != 1)
		fail_msg("after %s, error %d: %s", step->name, error, listed);
}

static void test_faults(void **state)
{
	static const int errors[] = { EPERM,  ENOMEM, ENODEV,	  ENOENT, EINVAL,
				      EEXIST, EBUSY,  EOPNOTSUPP, SILENT };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		for (size_t k = 0; k < sizeof(errors) / sizeof(errors[0]); k++)
			check_fault(&steps[i], errors[k]);
}

/* A route that the kernel does not tell: for whatever reason, the address has none. */
static void test_no_route(void **state)
{
	static const int errors[] = { ENETUNREACH, EHOSTUNREACH, EINVAL, EACCES, EOPNOTSUPP };

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_init();
		reopen();
		towards("10.0.1.5 10.0.2.5");
		fake.fail_type = RTM_GETROUTE;
		fake.fail_errno = errors[i];
		fake.fail_after = (int)(i & 1);
		LIST(i & 1 ? "absent\n10.0.1.5 by eth0" : "absent");
	}
	reopen();
	towards("10.0.1.5 10.0.2.5");
	fake.fail_errno = SILENT;
	fake.fail_after = 1;
	assert_int_equal(list_rc(), -ETIMEDOUT);
	assert_non_null(strstr(err.msg, "cannot list routes and tc filters over rtnetlink"));
	fake.fail_type = 0;
	LIST("absent\n10.0.1.5 by eth0\n10.0.2.5 by eth1");
}

/* What changes meanwhile is listed again, but not for ever. */
static void test_interrupted(void **state)
{
	(void)state;
	begin_attached();
	for (int n = 1; n <= 4; n++) {
		reopen();
		fake.interrupt = n;
		LIST("present sound\nhook eth0");
		assert_int_equal(fake.interrupt, 0);
	}
	reopen();
	fake.interrupt = 5;
	assert_int_equal(list_rc(), -EAGAIN);
	LIST("present sound\nhook eth0");
}

/* A kernel that does not answer is waited for once, and rows need no answer. */
static void test_mute(void **state)
{
	struct ezlb_op ops[4] = { { .kind = EZLB_OP_HOOK_ADD },
				  { .kind = EZLB_OP_TOA_ADD },
				  { .kind = EZLB_OP_HOOK_ADD },
				  { .kind = EZLB_OP_TOA_TEARDOWN } };
	struct ezlb_op *list[4] = { &ops[0], &ops[1], &ops[2], &ops[3] };

	(void)state;
	begin_attached();
	ezlb_strcpy(ops[0].hook.device, sizeof(ops[0].hook.device), "eth0");
	ezlb_strcpy(ops[2].hook.device, sizeof(ops[2].hook.device), "eth1");
	fake.fail_type = RTM_GETLINK;
	fake.fail_errno = SILENT;
	assert_int_equal(layer->apply(layer, list, 4, NULL), 0);
	assert_int_equal(fake.seen[RTM_GETLINK], 1);
	assert_int_equal(ops[0].rc, -ETIMEDOUT);
	assert_int_equal(ops[1].rc, 0);
	assert_int_equal(ops[2].rc, -ETIMEDOUT);
	assert_int_equal(ops[3].rc, -ETIMEDOUT);
	assert_true(is_pinned());
}

/* The rows that were there before a list that fails stay, and it adds none. */
static void test_list_fails(void **state)
{
	struct ezlb_table table = { .snat_wanted = false };

	(void)state;
	begin_attached();
	towards("10.0.1.5");
	EZLB_PUSH(&table.toas);
	EZLB_PUSH(&table.hooks);
	EZLB_PUSH(&table.routes);
	fake.fail_type = RTM_GETTFILTER;
	fake.fail_errno = EPERM;
	assert_int_equal(layer->list(layer, NULL, &table, &err), -EPERM);
	assert_int_equal(err.code, EPERM);
	assert_int_equal(table.toas.len, 1);
	assert_int_equal(table.hooks.len, 1);
	assert_int_equal(table.routes.len, 1);
	assert_false(table.toa_present || table.toa_sound || table.toa_problem[0]);
	ezlb_table_clear(&table);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_faults), TEST(test_no_route),	  TEST(test_interrupted),
		TEST(test_mute),   TEST(test_list_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
