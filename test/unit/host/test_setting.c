// SPDX-License-Identifier: GPL-2.0-or-later
/* setting: what HOST_SET and HOST_RESET do beyond writing a number. */
#include "fake_root.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

#define FORWARD6 "sys/net/ipv6/conf/all/forwarding"
#define CONF6	 "sys/net/ipv6/conf/"

static int fail_opendir, fail_readdir;

DIR *opendir(const char *name)
{
	int fd = fail_opendir ? -1 : open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fail_opendir)
		errno = fail_opendir;
	return fd < 0 ? NULL : fdopendir(fd);
}

struct dirent *readdir(DIR *dir)
{
	if (!fail_readdir)
		return (void *)readdir64(dir);
	errno = fail_readdir;
	return NULL;
}

static const char *ra_file(const char *device)
{
	static char buf[128];

	snprintf(buf, sizeof(buf), CONF6 "%s/accept_ra", device);
	return buf;
}

static void add_interface(const struct world *world, const char *device, const char *accept_ra)
{
	char dir[128];

	snprintf(dir, sizeof(dir), CONF6 "%s", device);
	make_dirs(world, dir);
	if (accept_ra)
		put(world, ra_file(device), accept_ra);
}

static int setup6(void **state)
{
	if (setup(state))
		return -1;
	add_interface(*state, "all", "1\n");
	put(*state, FORWARD6, "0\n");
	return 0;
}

static struct ezlb_setting_row ra_row(const char *device, int value)
{
	struct ezlb_setting_row row = { .setting = EZLB_ACCEPT_RA, .value = value };

	ezlb_strcpy(row.device, sizeof(row.device), device);
	return row;
}

static int set_ra(const struct world *world, const char *device)
{
	return run(world, EZLB_OP_HOST_SET, ra_row(device, 2));
}

static int reset(const struct world *world, enum ezlb_setting setting, int value)
{
	return run(world, EZLB_OP_HOST_RESET,
		   (struct ezlb_setting_row){ .setting = setting, .value = value });
}

/* The devices with an accept_ra row, in order; that each is 1 is checked. */
static const char *listed_ra(const struct world *world)
{
	static char buf[128];
	struct ezlb_table table = { .snat_wanted = false };

	buf[0] = '\0';
	assert_int_equal(world->layer->list(world->layer, NULL, &table, NULL), 0);
	ezlb_table_sort(&table);
	for (size_t i = 0; i < table.settings.len; i++) {
		const struct ezlb_setting_row *row = &table.settings.items[i];
		size_t len = strlen(buf);

		if (row->setting != EZLB_ACCEPT_RA)
			continue;
		assert_int_equal(row->value, 1);
		snprintf(buf + len, sizeof(buf) - len, " %s", row->device);
	}
	ezlb_table_clear(&table);
	return buf;
}

static void test_list_ra(void **state)
{
	const struct world *world = *state;

	add_interface(world, "default", "1\n");
	add_interface(world, "lo", "1\n");
	assert_string_equal(listed_ra(world), "");
	add_interface(world, "eth0", "1\n");
	add_interface(world, "eth0.100", "1\n");
	add_interface(world, "eth1", "0\n");
	add_interface(world, "eth2", "2\n");
	add_interface(world, "gone", NULL);
	add_interface(world, "no-link-has-it-so-long", "1\n");
	assert_string_equal(listed_ra(world), " eth0 eth0.100");
	put(world, FORWARD6, "1\n");
	assert_string_equal(listed_ra(world), "");
	assert_int_equal(unlink(path(world, FORWARD6)), 0);
	assert_string_equal(listed_ra(world), "");
}

/* A layer that can list no accept_ra lists nothing at all, and keeps what others have listed. */
static void test_list_ra_fails(void **state)
{
	const struct world *world = *state;
	struct ezlb_table table = { .snat_wanted = false };
	struct ezlb_err err = { 0 };

	EZLB_PUSH(&table.settings)->setting = EZLB_ARP_IGNORE;
	add_interface(world, "eth0", "1\n");
	add_interface(world, "eth1", "yes\n");
	assert_int_equal(world->layer->list(world->layer, NULL, &table, &err), -EIO);
	assert_non_null(strstr(err.msg, "/sys/net/ipv6/conf/eth1/accept_ra: "));
	assert_int_equal(table.settings.len, 1);
	/* And turns no forwarding on: nobody knows what that would cost. */
	put(world, ra_file("eth0"), "2\n");
	assert_int_equal(set(world, EZLB_IP6_FORWARD, 1), -ECANCELED);
	assert_string_equal(get(world, FORWARD6), "0\n");
	ezlb_table_clear(&table);
}

static void test_list_ra_no_directory(void **state)
{
	static const struct {
		int opendir, readdir;
	} rows[] = { { EMFILE, 0 }, { 0, EIO } };
	const struct world *world = *state;

	add_interface(world, "eth0", "1\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ezlb_table table = { .snat_wanted = false };
		struct ezlb_err err = { 0 };
		int rc;

		fail_opendir = rows[i].opendir;
		fail_readdir = rows[i].readdir;
		rc = world->layer->list(world->layer, NULL, &table, &err);
		fail_opendir = fail_readdir = 0;
		assert_int_equal(rc, -rows[i].opendir - rows[i].readdir);
		assert_non_null(strstr(err.msg, "/sys/net/ipv6/conf: "));
		assert_int_equal(table.settings.len, 0);
		ezlb_table_clear(&table);
	}
}

/* accept_ra is no part of the cheap look. */
static void test_peek(void **state)
{
	const struct world *world = *state;
	uint64_t before = 0, after = 0;

	assert_int_equal(world->layer->peek(world->layer, NULL, &before), 0);
	add_interface(world, "eth0", "1\n");
	assert_int_equal(world->layer->peek(world->layer, NULL, &after), 0);
	assert_int_equal(before, after);
	put(world, FORWARD6, "1\n");
	assert_int_equal(world->layer->peek(world->layer, NULL, &after), 0);
	assert_int_not_equal(before, after);
}

static void test_set_ra(void **state)
{
	const struct world *world = *state;

	add_interface(world, "eth0", "1\n");
	add_interface(world, "eth0.100", "1\n");
	assert_int_equal(set_ra(world, "eth0.100"), 0);
	assert_string_equal(get(world, ra_file("eth0.100")), "2\n");
	assert_string_equal(get(world, ra_file("eth0")), "1\n");
	assert_int_equal(set_ra(world, "eth1"), -ENOENT);
}

/* A ledger that somebody has edited leads nowhere else. */
static void test_device_is_no_path(void **state)
{
	static const char *const names[] = { "", ".", "..", "../conf/eth0", "a/b" };
	const struct world *world = *state;

	add_interface(world, "eth0", "1\n");
	put(world, CONF6 "accept_ra", "1\n");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(set_ra(world, names[i]), -EINVAL);
	assert_string_equal(get(world, ra_file("eth0")), "1\n");
}

/* Forwarding waits for every interface that would stop to listen to its router. */
static void test_forwarding_waits(void **state)
{
	const struct world *world = *state;

	add_interface(world, "eth0", "1\n");
	add_interface(world, "eth1", "1\n");
	assert_int_equal(set_ra(world, "eth0"), 0);
	assert_int_equal(set(world, EZLB_IP6_FORWARD, 1), -ECANCELED);
	assert_string_equal(get(world, FORWARD6), "0\n");
	assert_int_equal(set_ra(world, "eth1"), 0);
	assert_int_equal(set(world, EZLB_IP6_FORWARD, 1), 0);
	assert_string_equal(get(world, FORWARD6), "1\n");
	put(world, ra_file("eth1"), "1\n");
	assert_int_equal(set(world, EZLB_IP6_FORWARD, 1), 0); /* it is on: too late */
}

/* In one call, where the first cannot be written; the second could not either, but is not tried. */
static void test_forwarding_after_failure(void **state)
{
	const struct world *world = *state;
	struct ezlb_op a = { .kind = EZLB_OP_HOST_SET, .rc = EZLB_PENDING }, b = a;
	struct ezlb_op *ops[] = { &a, &b };
	struct rlimit old, none;

	add_interface(world, "eth0", "1\n");
	a.setting = ra_row("eth0", 2);
	b.setting = (struct ezlb_setting_row){ .setting = EZLB_IP6_FORWARD, .value = 1 };
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(world->layer->apply(world->layer, ops, 2, NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(a.rc, -EFBIG);
	assert_int_equal(b.rc, -ECANCELED);
}

static void test_reset(void **state)
{
	static const struct {
		const char *name, *before, *after;
		int value, want;
	} rows[] = {
		{ "as ezlb left it", "1\n", "0\n", 0, 0 },
		{ "changed since", "2\n", "2\n", 0, 0 },
		{ "back already", "0\n", "0\n", 0, 0 },
		{ "was so before", "1\n", "1\n", 1, 0 },
		{ "was not there before", "1\n", "1\n", -1, 0 },
		{ "junk", "x\n", "x\n", 0, -EIO },
	};
	const struct world *world = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc;

		put(world, FORWARD, rows[i].before);
		rc = reset(world, EZLB_IP_FORWARD, rows[i].value);
		if (rc != rows[i].want || strcmp(get(world, FORWARD), rows[i].after) != 0)
			fail_msg("%s: %d %s", rows[i].name, rc, get(world, FORWARD));
	}
	assert_int_equal(unlink(path(world, FORWARD)), 0);
	assert_int_equal(reset(world, EZLB_IP_FORWARD, 0), 0);
	assert_int_equal(access(path(world, FORWARD), F_OK), -1);
}

/* What ezlb has set is not 1 everywhere. */
static void test_reset_ra(void **state)
{
	const struct world *world = *state;

	add_interface(world, "eth0", "1\n");
	assert_int_equal(run(world, EZLB_OP_HOST_RESET, ra_row("eth0", 0)), 0);
	assert_string_equal(get(world, ra_file("eth0")), "1\n");
	put(world, ra_file("eth0"), "2\n");
	assert_int_equal(run(world, EZLB_OP_HOST_RESET, ra_row("eth0", 1)), 0);
	assert_string_equal(get(world, ra_file("eth0")), "1\n");
	assert_int_equal(run(world, EZLB_OP_HOST_RESET, ra_row("gone", 1)), 0);
}

static void test_reset_module(void **state)
{
	const struct world *world = *state;

	make_dirs(world, "net");
	put(world, "net/ip_tables_names", "nat\n");
	assert_int_equal(reset(world, EZLB_IP_TABLES, 0), 0);
	assert_string_equal(get(world, "net/ip_tables_names"), "nat\n");
}

static void test_reset_does_not_stick(void **state)
{
	const struct world *world = *state;

	/* Takes 16, and shows it in hexadecimal: "00000010". */
	assert_int_equal(unlink(path(world, FORWARD)), 0);
	assert_int_equal(symlink("/proc/self/coredump_filter", path(world, FORWARD)), 0);
	put(world, FORWARD, "1\n");
	assert_int_equal(reset(world, EZLB_IP_FORWARD, 16), -EIO);
}

static void test_hands_off(void **state)
{
	const struct ezlb_host_options options = { .root = ((struct world *)*state)->root,
						   .hands_off = true };
	struct world *world = *state;

	world->layer->close(world->layer);
	assert_int_equal(ezlb_host_open(&options, &world->layer, NULL), 0);
	put(world, CONNTRACK, "1\n");
	assert_int_equal(set(world, EZLB_VS_CONNTRACK, 1), 0);
	assert_int_equal(set(world, EZLB_IP_FORWARD, 1), -ECANCELED);
	assert_int_equal(set(world, EZLB_IP_TABLES, 1), -ECANCELED);
	assert_int_equal(set(world, EZLB_ARP_IGNORE, 1), -ENOENT);
	assert_int_equal(reset(world, EZLB_VS_CONNTRACK, 0), -ECANCELED);
	assert_int_equal(reset(world, EZLB_VS_CONNTRACK, 1), 0);
	assert_int_equal(reset(world, EZLB_IP_FORWARD, 0), 0);
	assert_string_equal(get(world, CONNTRACK), "1\n");
	assert_string_equal(get(world, FORWARD), "0\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup6, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_list_ra),
		TEST(test_list_ra_fails),
		TEST(test_list_ra_no_directory),
		TEST(test_peek),
		TEST(test_set_ra),
		TEST(test_device_is_no_path),
		TEST(test_forwarding_waits),
		TEST(test_forwarding_after_failure),
		TEST(test_reset),
		TEST(test_reset_ra),
		TEST(test_reset_module),
		TEST(test_reset_does_not_stick),
		TEST(test_hands_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
