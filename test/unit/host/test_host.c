// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/host.h>

#define CONNTRACK "sys/net/ipv4/vs/conntrack"
#define FORWARD	  "sys/net/ipv4/ip_forward"

/* A root of our own and the layer over it. */
struct world {
	char root[64];
	struct ezlb_layer *layer;
};

static const char *path(const struct world *world, const char *name)
{
	static char buf[256];

	snprintf(buf, sizeof(buf), "%s/%s", world->root, name);
	return buf;
}

static void put(const struct world *world, const char *name, const char *text)
{
	FILE *file = fopen(path(world, name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const char *get(const struct world *world, const char *name)
{
	static char buf[64];
	FILE *file = fopen(path(world, name), "r");
	size_t n;

	assert_non_null(file);
	n = fread(buf, 1, sizeof(buf) - 1, file);
	buf[n] = '\0';
	fclose(file);
	return buf;
}

static int setup(void **state)
{
	struct world *world = ezlb_calloc(1, sizeof(*world));

	ezlb_strcpy(world->root, sizeof(world->root), "/tmp/ezlb-host-XXXXXX");
	if (!mkdtemp(world->root) || mkdir(path(world, "sys"), 0755) ||
	    mkdir(path(world, "sys/net"), 0755) || mkdir(path(world, "sys/net/ipv4"), 0755) ||
	    mkdir(path(world, "sys/net/ipv4/vs"), 0755))
		return -1;
	put(world, CONNTRACK, "0\n");
	put(world, FORWARD, "0\n");
	*state = world;
	return ezlb_host_open(world->root, &world->layer, NULL);
}

static int remove_one(const char *name, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(name);
}

static int teardown(void **state)
{
	struct world *world = *state;

	world->layer->close(world->layer);
	nftw(world->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

static int set(const struct world *world, enum ezlb_setting setting, int value)
{
	struct ezlb_op op = { .kind = EZLB_OP_HOST_SET, .rc = EZLB_PENDING };
	struct ezlb_op *ops[] = { &op };

	op.setting = (struct ezlb_setting_row){ .setting = setting, .value = value };
	assert_int_equal(world->layer->apply(world->layer, ops, 1, NULL), 0);
	return op.rc;
}

static void assert_listed(const struct world *world, int conntrack, int forward)
{
	struct ezlb_table table = { 0 };

	assert_int_equal(world->layer->list(world->layer, NULL, &table, NULL), 0);
	ezlb_table_sort(&table);
	assert_int_equal(table.settings.len, EZLB_SETTINGS);
	for (int i = 0; i < EZLB_SETTINGS; i++)
		assert_int_equal(table.settings.items[i].setting, i);
	assert_int_equal(table.settings.items[EZLB_VS_CONNTRACK].value, conntrack);
	assert_int_equal(table.settings.items[EZLB_IP_FORWARD].value, forward);
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

static int listed_module(const struct world *world)
{
	struct ezlb_table table = { 0 };
	int value;

	assert_int_equal(world->layer->list(world->layer, NULL, &table, NULL), 0);
	ezlb_table_sort(&table);
	value = table.settings.items[EZLB_IP_TABLES].value;
	ezlb_table_clear(&table);
	return value;
}

/* What loading does is for the lab; here, that it is told by the file, and that nothing is faked.
 */
static void test_module(void **state)
{
	const struct world *world = *state;

	assert_int_equal(listed_module(world), 0);
	assert_int_not_equal(set(world, EZLB_IP_TABLES, 1), 0);
	assert_int_equal(listed_module(world), 0);
	assert_int_equal(mkdir(path(world, "net"), 0755), 0);
	put(world, "net/ip_tables_names", "");
	assert_int_equal(listed_module(world), 1);
	assert_int_equal(set(world, EZLB_IP_TABLES, 1), 0);
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
	assert_int_equal(set(world, EZLB_IP_FORWARD, 0), 0);
	assert_listed(world, 1, 0);
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
	rc = set(world, EZLB_IP_FORWARD, 1);
	assert_true(rc == -EACCES || rc == -EROFS);
}

static void test_set_does_not_stick(void **state)
{
	const struct world *world = *state;

	/* Reads in hexadecimal, takes decimal: 16 comes back as 00000010. */
	assert_int_equal(unlink(path(world, FORWARD)), 0);
	assert_int_equal(symlink("/proc/self/coredump_filter", path(world, FORWARD)), 0);
	assert_int_equal(set(world, EZLB_IP_FORWARD, 16), -EIO);
	assert_string_equal(get(world, FORWARD), "00000010\n");
	/* The same, where it cannot be read any more. */
	assert_int_equal(set(world, EZLB_IP_FORWARD, 11), -EIO);
	assert_string_equal(get(world, FORWARD), "0000000b\n");
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
	struct world world = { .root = "" };

	(void)state;
	memset(root, 'x', sizeof(root));
	root[sizeof(root) - 1] = '\0';
	assert_int_equal(ezlb_host_open(root, &world.layer, NULL), 0);
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
