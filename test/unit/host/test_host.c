// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_root.h"

static int value_of(const struct ezlb_table *table, enum ezlb_setting setting)
{
	const struct ezlb_setting_row key = { .setting = setting }, *row;

	row = EZLB_FIND(&table->settings, &key, ezlb_setting_row_cmp);
	assert_non_null(row);
	return row->value;
}

static void assert_listed(const struct world *world, int conntrack, int forward)
{
	struct ezlb_table table = { 0 };

	assert_int_equal(world->layer->list(world->layer, NULL, &table, NULL), 0);
	ezlb_table_sort(&table);
	assert_int_equal(table.settings.len, EZLB_SETTINGS - 1); /* none of an interface */
	assert_int_equal(table.links.len + table.vips.len + table.elsewhere.len, 0);
	assert_int_equal(value_of(&table, EZLB_VS_CONNTRACK), conntrack);
	assert_int_equal(value_of(&table, EZLB_IP_FORWARD), forward);
	ezlb_table_clear(&table);
}

static void test_list(void **state)
{
	const struct world *world = *state;

	assert_listed(world, 0, 0);
	put(world, FORWARD, "1\n");
	assert_listed(world, 0, 1);
	/* A value that is none of ours is still a value. */
	put(world, CONNTRACK, "2147483647\n");
	assert_listed(world, INT32_MAX, 1);
}

static uint64_t peek(const struct world *world)
{
	uint64_t print = 0;

	assert_int_equal(world->layer->peek(world->layer, NULL, &print), 0);
	return print;
}

static void test_peek(void **state)
{
	static const struct {
		const char *name, *text;
	} steps[] = {
		{ FORWARD, "1\n" },	{ CONNTRACK, "1\n" }, { FORWARD, "0\n" },
		{ CONNTRACK, "256\n" }, { CONNTRACK, NULL },  { "net/ip_tables_names", "" },
	};
	const struct world *world = *state;
	uint64_t seen[sizeof(steps) / sizeof(steps[0]) + 1] = { peek(world) };

	assert_int_equal(mkdir(path(world, "net"), 0755), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].text)
			put(world, steps[i].name, steps[i].text);
		else
			assert_int_equal(unlink(path(world, steps[i].name)), 0);
		seen[i + 1] = peek(world);
		assert_int_equal(peek(world), seen[i + 1]);
		for (size_t j = 0; j <= i; j++)
			assert_int_not_equal(seen[i + 1], seen[j]);
	}
	put(world, "net/ip_tables_names", "nat\n"); /* which tables there are is none of ours */
	assert_int_equal(peek(world), seen[sizeof(steps) / sizeof(steps[0])]);
}

static void test_peek_unreadable(void **state)
{
	const struct world *world = *state;
	uint64_t print = 5;

	put(world, FORWARD, "yes\n");
	assert_int_equal(world->layer->peek(world->layer, NULL, &print), -EIO);
	assert_int_equal(print, 5);
}

static void test_list_absent(void **state)
{
	const struct world *world = *state;

	assert_int_equal(unlink(path(world, CONNTRACK)), 0);
	assert_listed(world, -1, 0);
	assert_int_equal(rmdir(path(world, "sys/net/ipv4/vs")), 0);
	assert_listed(world, -1, 0);
}

static int listed(const struct world *world, enum ezlb_setting setting)
{
	struct ezlb_table table = { 0 };
	int value;

	assert_int_equal(world->layer->list(world->layer, NULL, &table, NULL), 0);
	ezlb_table_sort(&table);
	value = value_of(&table, setting);
	ezlb_table_clear(&table);
	return value;
}

/* What loading does is for the lab; here, that the file tells of it, and that nothing is faked. */
static void test_module(void **state)
{
	static const struct {
		enum ezlb_setting setting;
		const char *file;
	} rows[] = {
		{ EZLB_IP_TABLES, "net/ip_tables_names" },
		{ EZLB_IP6_TABLES, "net/ip6_tables_names" },
	};
	const struct world *world = *state;

	assert_int_equal(mkdir(path(world, "net"), 0755), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(listed(world, rows[i].setting), 0);
		assert_int_not_equal(set(world, rows[i].setting, 1), 0);
		assert_int_equal(listed(world, rows[i].setting), 0);
		put(world, rows[i].file, "");
		assert_int_equal(listed(world, rows[i].setting), 1);
		assert_int_equal(set(world, rows[i].setting, 1), 0);
	}
}

/* Each setting has a file of its own. */
static void test_files(void **state)
{
	static const struct {
		enum ezlb_setting setting;
		const char *file;
	} rows[] = {
		{ EZLB_VS_CONNTRACK, CONNTRACK },
		{ EZLB_VS_EXPIRE_NODEST, "sys/net/ipv4/vs/expire_nodest_conn" },
		{ EZLB_VS_EXPIRE_QUIESCENT, "sys/net/ipv4/vs/expire_quiescent_template" },
		{ EZLB_IP_FORWARD, FORWARD },
		{ EZLB_IP6_FORWARD, "sys/net/ipv6/conf/all/forwarding" },
		{ EZLB_ARP_IGNORE, "sys/net/ipv4/conf/all/arp_ignore" },
		{ EZLB_ARP_ANNOUNCE, "sys/net/ipv4/conf/all/arp_announce" },
	};
	const struct world *world = *state;

	make_dirs(world, "sys/net/ipv4/conf/all");
	make_dirs(world, "sys/net/ipv6/conf/all");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put(world, rows[i].file, "7\n");
		assert_int_equal(listed(world, rows[i].setting), 7);
		put(world, rows[i].file, "0\n");
		assert_int_equal(set(world, rows[i].setting, 2), 0);
		assert_string_equal(get(world, rows[i].file), "2\n");
	}
}

/* "Cannot read" is an error and leaves no row, not even of the setting that could be read. */
static void assert_list_fails(const struct world *world, int rc, const char *message)
{
	struct ezlb_table table = { 0 };
	struct ezlb_err err = { 0 };

	assert_int_equal(world->layer->list(world->layer, NULL, &table, &err), rc);
	assert_int_equal(table.settings.len, 0);
	assert_int_equal(err.code, -rc);
	assert_non_null(strstr(err.msg, message));
	ezlb_table_clear(&table);
}

static void test_list_unreadable(void **state)
{
	const struct world *world = *state;

	/* As root chmod hides nothing; a directory is unreadable for everybody. */
	assert_int_equal(unlink(path(world, FORWARD)), 0);
	assert_int_equal(mkdir(path(world, FORWARD), 0755), 0);
	assert_list_fails(world, -EISDIR, "/net/ipv4/ip_forward");
	assert_int_equal(set(world, EZLB_IP_FORWARD, 1), -EISDIR);
	assert_int_equal(rmdir(path(world, FORWARD)), 0);
	assert_int_equal(symlink("ip_forward", path(world, FORWARD)), 0);
	assert_list_fails(world, -ELOOP, "cannot read");
}

static void test_list_junk(void **state)
{
	static const char *const cases[] = {
		"",	 "\n",		 "yes\n",
		"1",	 "1 2\n",	 "-1\n",
		"1\n\n", "2147483648\n", "99999999999999999999999\n",
		"0x1\n",
	};
	const struct world *world = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(world, FORWARD, cases[i]);
		assert_list_fails(world, -EIO, "/net/ipv4/ip_forward");
		assert_int_equal(set(world, EZLB_IP_FORWARD, 1), -EIO);
		assert_string_equal(get(world, FORWARD), cases[i]);
	}
}

static void test_no_waiting(void **state)
{
	const struct world *world = *state;

	assert_int_equal(unlink(path(world, FORWARD)), 0);
	assert_int_equal(mkfifo(path(world, FORWARD), 0600), 0);
	assert_list_fails(world, -EIO, "cannot read"); /* and does not wait for a writer */
	assert_int_equal(unlink(path(world, FORWARD)), 0);
	assert_int_equal(symlink("/dev/full", path(world, FORWARD)), 0);
	assert_list_fails(world, -EIO, "cannot read"); /* nor reads for ever */
}

static void test_set(void **state)
{
	const struct world *world = *state;

	assert_int_equal(set(world, EZLB_VS_CONNTRACK, 1), 0);
	assert_string_equal(get(world, CONNTRACK), "1\n");
	assert_string_equal(get(world, FORWARD), "0\n");
	assert_int_equal(set(world, EZLB_IP_FORWARD, 1), 0);
	assert_string_equal(get(world, FORWARD), "1\n");
	assert_listed(world, 1, 1);
	assert_int_equal(set(world, EZLB_IP_FORWARD, 0), 0); /* never lower */
	assert_listed(world, 1, 1);
	put(world, FORWARD, "2\n");
	assert_int_equal(set(world, EZLB_IP_FORWARD, 1), 0);
	assert_string_equal(get(world, FORWARD), "2\n");
}

static void test_set_writes_only_a_difference(void **state)
{
	const struct world *world = *state;
	const struct timespec old[] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct stat st;

	assert_int_equal(utimensat(AT_FDCWD, path(world, FORWARD), old, 0), 0);
	assert_int_equal(set(world, EZLB_IP_FORWARD, 0), 0);
	assert_int_equal(stat(path(world, FORWARD), &st), 0);
	assert_int_equal(st.st_mtime, 1000);
	assert_int_equal(set(world, EZLB_IP_FORWARD, 1), 0);
	assert_int_equal(stat(path(world, FORWARD), &st), 0);
	assert_int_not_equal(st.st_mtime, 1000);
}

static void test_set_never_creates(void **state)
{
	const struct world *world = *state;

	assert_int_equal(unlink(path(world, CONNTRACK)), 0);
	assert_int_equal(set(world, EZLB_VS_CONNTRACK, 1), -ENOENT);
	assert_int_equal(access(path(world, CONNTRACK), F_OK), -1);
}

/* Files of the real /proc that even root cannot write, or that read back as something else. */
static void test_set_refused(void **state)
{
	const struct world *world = *state;
	int rc;

	assert_int_equal(unlink(path(world, FORWARD)), 0);
	assert_int_equal(symlink("/proc/sys/kernel/ngroups_max", path(world, FORWARD)), 0);
	rc = set(world, EZLB_IP_FORWARD, INT32_MAX);
	assert_true(rc == -EACCES || rc == -EROFS);
}

static void test_set_does_not_stick(void **state)
{
	const struct world *world = *state;

	/* Reads in hexadecimal, takes decimal: 64 comes back as 00000040. */
	assert_int_equal(unlink(path(world, FORWARD)), 0);
	assert_int_equal(symlink("/proc/self/coredump_filter", path(world, FORWARD)), 0);
	assert_int_equal(set(world, EZLB_IP_FORWARD, 64), -EIO);
	assert_string_equal(get(world, FORWARD), "00000040\n");
	/* The same, where it cannot be read any more. */
	assert_int_equal(set(world, EZLB_IP_FORWARD, 75), -EIO);
	assert_string_equal(get(world, FORWARD), "0000004b\n");
	/* EINVAL from the write itself: such a flag does not exist. */
	assert_int_equal(unlink(path(world, FORWARD)), 0);
	assert_int_equal(symlink("/proc/self/oom_score_adj", path(world, FORWARD)), 0);
	assert_int_equal(set(world, EZLB_IP_FORWARD, 5000), -EINVAL);
}

/* Every op has its own verdict. */
static void test_apply_goes_on(void **state)
{
	const struct world *world = *state;
	struct ezlb_op a = { .kind = EZLB_OP_HOST_SET, .rc = EZLB_PENDING }, b = a;
	struct ezlb_op *ops[] = { &a, &b };
	struct ezlb_err err = { 0 };

	a.setting = (struct ezlb_setting_row){ .setting = EZLB_VS_CONNTRACK, .value = 1 };
	b.setting = (struct ezlb_setting_row){ .setting = EZLB_IP_FORWARD, .value = 1 };
	assert_int_equal(unlink(path(world, CONNTRACK)), 0);
	assert_int_equal(world->layer->apply(world->layer, ops, 2, &err), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(a.rc, -ENOENT);
	assert_int_equal(b.rc, 0);
	assert_listed(world, -1, 1);
}

static void test_long_root(void **state)
{
	char root[5000];
	const struct ezlb_host_options options = { .root = root };
	struct world world = { .root = "" };

	(void)state;
	memset(root, 'x', sizeof(root));
	root[sizeof(root) - 1] = '\0';
	assert_int_equal(ezlb_host_open(&options, &world.layer, NULL), 0);
	assert_int_equal(set(&world, EZLB_IP_FORWARD, 1), -ENAMETOOLONG);
	world.layer->close(world.layer);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_list),
		TEST(test_list_absent),
		TEST(test_peek),
		TEST(test_peek_unreadable),
		TEST(test_module),
		TEST(test_files),
		TEST(test_list_unreadable),
		TEST(test_list_junk),
		TEST(test_no_waiting),
		TEST(test_set),
		TEST(test_set_writes_only_a_difference),
		TEST(test_set_never_creates),
		TEST(test_set_refused),
		TEST(test_set_does_not_stick),
		TEST(test_apply_goes_on),
		cmocka_unit_test(test_long_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
