// SPDX-License-Identifier: GPL-2.0-or-later
/* layer: what list says, and what apply does, with a kernel that is made up. */
#include "toa_rig.h"

/* --- hosts without TOA ----------------------------------------------------------------------- */

/* One look at the interfaces in the life of a process, and then no socket at all. */
static void test_idle(void **state)
{
	(void)state;
	LIST("absent");
	assert_int_equal(fake.seen[RTM_GETROUTE], 0);
	assert_int_equal(listening >= 0 && fcntl(listening, F_GETFD) >= 0, 0);
	memset(fake.seen, 0, sizeof(fake.seen));
	fake.opened = fake.sends = 0;
	for (int i = 0; i < 3; i++) {
		LIST("absent");
		peek();
	}
	assert_int_equal(fake.opened + fake.sends, 0);
	assert_int_equal(program.loads, 0);
}

/* Without rtnetlink there is nothing either, and the next list looks. */
static void test_idle_blind(void **state)
{
	(void)state;
	fake.fail_socket = EPERM;
	LIST("absent");
	fake.fail_socket = 0;
	fake.links[1].qdisc = "clsact";
	fake_add(1, &ours_100);
	LIST("present");
}

/* An earlier ezlb has left a hook; its pins went with the file system that they were in. */
static void test_left_hook(void **state)
{
	(void)state;
	begin_attached();
	rmdir(program.dir);
	LIST("present");
	assert_int_equal(do_frame(EZLB_OP_TOA_TEARDOWN), 0);
	assert_int_equal(fake.links[1].n, 0);
	assert_string_equal(fake.links[1].qdisc, "clsact");
	LIST("absent");
}

/* --- hosts that cannot ----------------------------------------------------------------------- */

static void test_cannot(void **state)
{
	(void)state;
	program.can_load = -EOPNOTSUPP;
	towards("10.0.1.5");
	LIST("absent: this host cannot");
	memset(fake.seen, 0, sizeof(fake.seen));
	fake.opened = 0;
	LIST("absent: this host cannot");
	peek();
	assert_int_equal(fake.opened + fake.seen[RTM_GETROUTE], 0);
	/* host-setup has loaded it. */
	pin(500, true);
	LIST("present sound\n10.0.1.5 by eth0");
	/* It is that of another version, which works. */
	pin(501, false);
	LIST("present sound\n10.0.1.5 by eth0");
	program.can_load = 0;
	LIST("present\n10.0.1.5 by eth0");
	/* The pins are damaged, and nothing can repair them. */
	pin(0, false);
	program.can_load = -EPERM;
	LIST("present: this host cannot\n10.0.1.5 by eth0");
	program.can_load = 0;
	LIST("present\n10.0.1.5 by eth0");
	program.fail_open = -EACCES;
	pin(7, true);
	assert_int_equal(list_rc(), 0);
	assert_non_null(strstr(listed, "present: open: "));
}

static void test_no_cookie(void **state)
{
	(void)state;
	program.fail_find = -ENOPROTOOPT;
	program.fail_open = -ENOPROTOOPT;
	program.can_load = -EOPNOTSUPP;
	towards("10.0.1.5");
	LIST("absent: this host cannot");
}

static nlink_t modules;

int stat(const char *path, struct stat *st)
{
	int rc = fstatat(AT_FDCWD, path, st, 0);

	if (strcmp(path, "/sys/module") == 0) {
		st->st_nlink = modules;
		return 0;
	}
	return rc;
}

/* A load that fails is not tried again until the host has changed, and then after a while. */
static void test_load_fails(void **state)
{
	(void)state;
	modules = 10;
	program.fail_load = -EINVAL;
	towards("10.0.1.5");
	LIST("absent\n10.0.1.5 by eth0");
	assert_int_equal(do_frame(EZLB_OP_TOA_SETUP), -EINVAL);
	LIST("absent: the load failed");
	own_clock_ms += 61 * 1000;
	LIST("absent: the load failed");
	modules = 11;
	own_clock_ms += 59 * 1000;
	LIST("absent: the load failed");
	own_clock_ms += 1000;
	LIST("absent\n10.0.1.5 by eth0");
	assert_int_equal(do_frame(EZLB_OP_TOA_SETUP), -EINVAL);
	LIST("absent: the load failed");
	/* Somebody else can. */
	pin(500, true);
	LIST("present sound\n10.0.1.5 by eth0");
	assert_int_equal(program.loads, 2);
}

/* What passes by itself is no property of the host. */
static void test_load_fails_now(void **state)
{
	static const int passing[] = { ENOMEM, EAGAIN, EINTR, EBUSY, EMFILE, ENFILE, ETIMEDOUT };

	(void)state;
	towards("10.0.1.5");
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		program.fail_load = -passing[i];
		assert_int_equal(do_frame(EZLB_OP_TOA_SETUP), -passing[i]);
		LIST("absent\n10.0.1.5 by eth0");
	}
	program.fail_load = 0;
	assert_int_equal(do_frame(EZLB_OP_TOA_SETUP), 0);
	LIST("present sound\n10.0.1.5 by eth0");
}

/* --- hooks ----------------------------------------------------------------------------------- */

static void test_list(void **state)
{
	(void)state;
	begin_attached();
	fake_add(1, &foreign);
	fake.links[2].qdisc = "ingress";
	fake_add(2, &ours_100);
	program.rows.len = 0;
	assert_int_equal(do_row(EZLB_OP_TOA_ADD, "10.0.0.1:80", EZLB_TOA_ADD), 0);
	towards("10.0.1.5 10.0.2.5 10.0.3.5 10.0.4.5 10.0.5.5 10.0.6.5 fd00::1");
	LIST("present sound\ntcp 10.0.0.1:80 add\nhook eth0\n10.0.1.5 by eth0 clsact\n"
	     "10.0.2.5 by eth1 ingress\n10.0.3.5 by eth0 clsact\n10.0.3.5 by eth1 ingress");
	assert_int_equal(fake.seen[RTM_NEWQDISC] + fake.seen[RTM_NEWTFILTER], 0);
}

/* What is ours but not as it should be: SETUP makes it right, and leaves the others alone. */
static void test_unsound(void **state)
{
	static const struct {
		const char *name;
		struct fake_filter filters[2];
	} cases[] = {
		{ "another program", { FILTER(0xe21b, 3617, 0x0300, 77, 0, "ezlb_toa") } },
		{ "no verdict",
		  { { .parent = EGRESS,
		      .handle = 0xe21b,
		      .pref = 3617,
		      .protocol = 0x0300,
		      .program = 500,
		      .name = "ezlb_toa" } } },
		{ "another preference", { FILTER(0xe21b, 3, 0x0300, 500, 0, "ezlb_toa") } },
		{ "another handle", { FILTER(1, 3617, 0x0300, 500, 0, "ezlb_toa") } },
		{ "another chain", { FILTER(0xe21b, 3617, 0x0300, 500, 4, "ezlb_toa") } },
		{ "twice",
		  { FILTER(0xe21b, 3617, 0x0300, 500, 0, "ezlb_toa"),
		    FILTER(5, 9, 0x0300, 500, 0, "ezlb_toa") } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_init();
		fake_program_init();
		reopen();
		pin(500, true);
		fake.links[1].qdisc = "clsact";
		fake_add(1, &foreign);
		fake_add(1, &cases[i].filters[0]);
		if (cases[i].filters[1].pref)
			fake_add(1, &cases[i].filters[1]);
		assert_int_equal(list_rc(), 0);
		if (strcmp(listed, "present") != 0)
			fail_msg("%s: %s", cases[i].name, listed);
		assert_int_equal(do_frame(EZLB_OP_TOA_SETUP), 0);
		assert_int_equal(list_rc(), 0);
		if (strcmp(listed, "present sound\nhook eth0") != 0 || fake.links[1].n != 2)
			fail_msg("%s, repaired: %s", cases[i].name, listed);
		assert_int_equal(fake.seen[RTM_NEWQDISC], 0);
	}
}

/* A new version: the interfaces that have the old program get the new one, no others. */
static void test_upgrade(void **state)
{
	(void)state;
	begin_attached();
	program.current = false;
	towards("10.0.1.5 10.0.2.5");
	LIST("present\nhook eth0\n10.0.1.5 by eth0 clsact\n10.0.2.5 by eth1");
	assert_int_equal(do_frame(EZLB_OP_TOA_SETUP), 0);
	LIST("present sound\nhook eth0\n10.0.1.5 by eth0 clsact\n10.0.2.5 by eth1");
	assert_int_equal(fake.links[1].filters[0].program, 501);
	assert_int_equal(fake.links[1].n, 1);
	assert_int_equal(fake.links[2].n, 0);
}

static void test_hook_add(void **state)
{
	(void)state;
	assert_int_equal(do_hook(EZLB_OP_HOOK_ADD, "eth1", true), -ENOENT); /* no program */
	pin(500, true);
	fake.seen[RTM_GETQDISC] = 0;
	assert_int_equal(do_hook(EZLB_OP_HOOK_ADD, "eth1", true), 0);
	/* Of a thousand interfaces none needs a list of the qdiscs of all. */
	assert_int_equal(fake.seen[RTM_GETQDISC], 0);
	LIST("present sound\nhook eth1");
	/* Again, and with a clsact that is there. */
	assert_int_equal(do_hook(EZLB_OP_HOOK_ADD, "eth1", false), 0);
	assert_int_equal(fake.links[2].n, 1);
	/* Somebody else has created it meanwhile: nobody may take it for ours. */
	fake.links[3] = (struct fake_link){ 4, "eth2", IFF_UP, "clsact", { { 0 } }, 0 };
	fake.n_links = 4;
	assert_int_equal(do_hook(EZLB_OP_HOOK_ADD, "eth2", true), -EEXIST);
	assert_int_equal(fake.links[3].n, 0);
	fake.n_links = 3;
	fake.links[1].qdisc = "clsact";
	assert_int_equal(do_hook(EZLB_OP_HOOK_ADD, "eth0", false), 0);
	LIST("present sound\nhook eth0\nhook eth1");
	assert_int_equal(do_hook(EZLB_OP_HOOK_ADD, "eth9", true), -ENODEV);
	assert_int_equal(do_hook(EZLB_OP_HOOK_ADD, "lo", false), -EAGAIN); /* no clsact */
	assert_null(fake.links[0].qdisc);
	fake.links[0].qdisc = "ingress";
	assert_int_equal(do_hook(EZLB_OP_HOOK_ADD, "lo", true), -EBUSY);
	assert_int_equal(fake.links[0].n, 0);
}

static void test_in_the_way(void **state)
{
	static const struct {
		struct fake_filter filter;
		int want;
	} rows[] = {
		{ FILTER(0xe21b, 3617, 0x0300, 9, 0, "foreign"), -EEXIST },
		{ FILTER(1, 3617, 0x0008, 9, 0, "foreign"), -EEXIST },
		{ { .parent = EGRESS,
		    .handle = 1,
		    .pref = 3617,
		    .protocol = 0x0300,
		    .program = 9,
		    .name = "ezlb_toa",
		    .kind = "matchall" },
		  -EEXIST },
		{ FILTER(1, 3617, 0x0300, 9, 0, "foreign"), 0 },
		{ FILTER(0xe21b, 3617, 0x0300, 9, 2, "foreign"), 0 },
		{ FILTER(0xe21b, 3618, 0x0300, 9, 0, "foreign"), 0 },
	};

	(void)state;
	pin(500, true);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake.links[1].qdisc = "clsact";
		fake.links[1].n = 0;
		fake_add(1, &rows[i].filter);
		assert_int_equal(do_hook(EZLB_OP_HOOK_ADD, "eth0", false), rows[i].want);
		assert_int_equal(fake.links[1].n, rows[i].want ? 1 : 2);
		assert_int_equal(do_hook(EZLB_OP_HOOK_DEL, "eth0", true), 0);
		assert_int_equal(fake.links[1].n, 1);
		assert_int_equal(fake.links[1].filters[0].program, 9);
		LIST("present sound");
	}
}

static void test_hook_del(void **state)
{
	struct fake_filter ingress = foreign;

	(void)state;
	begin_attached();
	ingress.parent = INGRESS;
	fake_add(1, &foreign);
	assert_int_equal(do_hook(EZLB_OP_HOOK_DEL, "eth0", true), 0);
	assert_int_equal(fake.links[1].n, 1);
	assert_string_equal(fake.links[1].qdisc, "clsact");
	fake.links[1].n = 0;
	fake_add(1, &ours_100);
	fake_add(1, &ingress);
	assert_int_equal(do_hook(EZLB_OP_HOOK_DEL, "eth0", true), 0);
	assert_string_equal(fake.links[1].qdisc, "clsact");
	fake.links[1].n = 0;
	/* Not ours: it stays. */
	assert_int_equal(do_hook(EZLB_OP_HOOK_DEL, "eth0", false), 0);
	assert_string_equal(fake.links[1].qdisc, "clsact");
	assert_int_equal(do_hook(EZLB_OP_HOOK_DEL, "eth0", true), 0);
	assert_null(fake.links[1].qdisc);
	/* Nothing to do. */
	assert_int_equal(do_hook(EZLB_OP_HOOK_DEL, "eth0", true), 0);
	assert_int_equal(do_hook(EZLB_OP_HOOK_DEL, "eth9", true), 0);
	fake.links[1].qdisc = "ingress";
	assert_int_equal(do_hook(EZLB_OP_HOOK_DEL, "eth0", true), 0);
	assert_string_equal(fake.links[1].qdisc, "ingress");
}

static void test_teardown(void **state)
{
	struct fake_filter old = ours_100;

	(void)state;
	begin_attached();
	old.handle = 4;
	fake_add(1, &foreign);
	fake_add(1, &old);
	fake.links[2].qdisc = "clsact";
	fake_add(2, &ours_100);
	assert_int_equal(do_frame(EZLB_OP_TOA_TEARDOWN), 0);
	assert_int_equal(fake.links[1].n, 1);
	assert_string_equal(fake.links[1].filters[0].name, "foreign");
	assert_int_equal(fake.links[2].n, 0);
	assert_false(is_pinned());
	assert_int_equal(fake.seen[RTM_DELQDISC], 0);
	LIST("absent");
	assert_int_equal(do_frame(EZLB_OP_TOA_TEARDOWN), 0);
	pin(500, true);
	program.fail_remove = -EACCES;
	assert_int_equal(do_frame(EZLB_OP_TOA_TEARDOWN), -EACCES);
}

/* Without the rights to pin the program again it stays, without rows and hooks. */
static void test_teardown_keeps(void **state)
{
	(void)state;
	begin_attached();
	program.can_load = -EPERM;
	program.odd = 1;
	assert_int_equal(do_row(EZLB_OP_TOA_ADD, "10.0.0.1:80", EZLB_TOA_ADD), 0);
	LIST("present\ntcp 10.0.0.1:80 add\nhook eth0");
	assert_int_equal(do_frame(EZLB_OP_TOA_TEARDOWN), 0);
	assert_true(is_pinned());
	assert_int_equal(program.odd, 0);
	assert_int_equal(fake.links[1].n, 0);
	LIST("absent sound");
	reopen();
	LIST("absent sound");
	/* Nothing is to be loaded when a file asks again. */
	towards("10.0.1.5");
	LIST("present sound\n10.0.1.5 by eth0 clsact");
	assert_int_equal(do_row(EZLB_OP_TOA_ADD, "10.0.0.1:80", EZLB_TOA_ADD), 0);
	LIST("present sound\ntcp 10.0.0.1:80 add\n10.0.1.5 by eth0 clsact");
	program.fail_rows = -EIO;
	assert_int_equal(do_frame(EZLB_OP_TOA_TEARDOWN), -EIO);
	program.fail_rows = 0;
	assert_int_equal(do_frame(EZLB_OP_TOA_TEARDOWN), 0);
	/* What is damaged is of no use. */
	pin(0, false);
	assert_int_equal(do_frame(EZLB_OP_TOA_TEARDOWN), 0);
	assert_false(is_pinned());
	/* With the rights, nothing stays. */
	program.can_load = 0;
	pin(500, true);
	LIST("present sound\n10.0.1.5 by eth0 clsact");
	assert_int_equal(do_frame(EZLB_OP_TOA_TEARDOWN), 0);
	assert_false(is_pinned());
}

/* --- rows ------------------------------------------------------------------------------------ */

static void test_rows(void **state)
{
	(void)state;
	assert_int_equal(do_row(EZLB_OP_TOA_ADD, "10.0.0.1:80", EZLB_TOA_ADD), -ENOENT);
	assert_int_equal(do_row(EZLB_OP_TOA_DEL, "10.0.0.1:80", EZLB_TOA_ADD), 0);
	assert_int_equal(do_frame(EZLB_OP_TOA_SETUP), 0);
	assert_int_equal(do_row(EZLB_OP_TOA_ADD, "10.0.0.1:80", EZLB_TOA_ADD), 0);
	LIST("present sound\ntcp 10.0.0.1:80 add");
	assert_int_equal(do_row(EZLB_OP_TOA_SET, "10.0.0.1:80", EZLB_TOA_STRIP), 0);
	LIST("present sound\ntcp 10.0.0.1:80 strip");
	assert_int_equal(do_row(EZLB_OP_TOA_DEL, "10.0.0.1:80", EZLB_TOA_ADD), 0);
	assert_int_equal(do_row(EZLB_OP_TOA_DEL, "10.0.0.1:80", EZLB_TOA_ADD), 0);
	LIST("present sound");
	program.fail_put = -E2BIG;
	assert_int_equal(do_row(EZLB_OP_TOA_ADD, "10.0.0.1:80", EZLB_TOA_ADD), -E2BIG);
}

/* Entries that are no rows: SETUP removes them, and nothing else changes. */
static void test_odd_rows(void **state)
{
	(void)state;
	begin_attached();
	program.odd = 2;
	LIST("present\nhook eth0");
	assert_int_equal(do_frame(EZLB_OP_TOA_SETUP), 0);
	LIST("present sound\nhook eth0");
	program.odd = -EPERM;
	assert_int_equal(list_rc(), -EPERM);
	assert_string_equal(listed, "absent");
	assert_int_equal(do_frame(EZLB_OP_TOA_SETUP), -EPERM);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_idle),	   TEST(test_idle_blind), TEST(test_left_hook),
		TEST(test_cannot),	   TEST(test_no_cookie),  TEST(test_load_fails),
		TEST(test_load_fails_now), TEST(test_list),	  TEST(test_unsound),
		TEST(test_upgrade),	   TEST(test_hook_add),	  TEST(test_in_the_way),
		TEST(test_hook_del),	   TEST(test_teardown),	  TEST(test_rows),
		TEST(test_teardown_keeps), TEST(test_odd_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
