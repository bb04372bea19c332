// SPDX-License-Identifier: GPL-2.0-or-later
/* The layer over a fake libiptc: what it does when the kernel or another program is in the way. */
#include "world.h"

#include <fcntl.h>
#include <sys/file.h>

static void assert_apply_fails(int rc, const char *message)
{
	struct ezlb_err err = { 0 };

	assert_int_equal(APPLY(&err, SETUP, ADD(1, 0), BAD(2)), rc);
	assert_int_equal(err.code, -rc);
	if (!strstr(err.msg, message))
		fail_msg("'%s' is not in '%s'", message, err.msg);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(rcs[i], rc);
	assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), "-");
	assert_int_equal(APPLY(NULL, SETUP), rc); /* err is optional */
}

static void assert_list_fails(int rc, const char *message)
{
	struct ezlb_table table = { 0 };
	struct ezlb_err err = { 0 };

	assert_int_equal(layer->list(layer, NULL, &table, &err), rc);
	assert_int_equal(table.snats.len, 0);
	assert_false(table.snat_present);
	assert_int_equal(err.code, -rc);
	if (!strstr(err.msg, message))
		fail_msg("'%s' is not in '%s'", message, err.msg);
}

static void test_cannot_read(void **state)
{
	static const struct {
		int code;
		const char *message;
	} cases[] = {
		{ ENOPROTOOPT, "this kernel has no legacy nat table (modprobe iptable_nat)" },
		{ ENOENT, "this kernel has no legacy nat table (modprobe iptable_nat)" },
		{ EPERM, "it needs CAP_NET_ADMIN and CAP_NET_RAW, run ezlb as root" },
		{ ENOMEM, "cannot read the nat table: libiptc error 12" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake.init_error = cases[i].code;
		assert_list_fails(-cases[i].code, cases[i].message);
		assert_apply_fails(-cases[i].code, cases[i].message);
	}
	assert_int_equal(fake.commits, 0);
}

static void test_cannot_read_tables(void **state)
{
	(void)state;
	assert_int_equal(remove(tables), 0);
	assert_int_equal(symlink("tables", tables), 0);
	assert_list_fails(-ELOOP, "cannot read");
	assert_apply_fails(-ELOOP, "cannot read");
	assert_int_equal(fake.inits, 0);
	if (geteuid() == 0)
		return; /* nothing is forbidden to root */
	assert_int_equal(remove(tables), 0);
	put_file(tables, "nat\n");
	assert_int_equal(chmod(tables, 0), 0);
	assert_list_fails(-EACCES, "needs root");
}

static void test_cannot_write(void **state)
{
	static const struct {
		int code;
		const char *message;
	} cases[] = {
		{ ENOENT, "lacks one of the modules xt_nat, xt_MASQUERADE, xt_tcpudp, xt_sctp" },
		{ EPERM, "not allowed to write the nat table" },
		{ EINVAL, "cannot write the nat table: libiptc error 22" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake.commits = 0;
		fake.commit_error = cases[i].code;
		fake.commit_errors = 9;
		assert_apply_fails(-cases[i].code, cases[i].message);
		assert_int_equal(fake.commits, 2); /* two applies, neither tried again */
	}
	fake.edit_error = ENOMEM;
	assert_apply_fails(-ENOMEM, "cannot edit the nat table");
	/* 0: libiptc's way to say that the kernel's format is another one. */
	fake.edit_error = 0;
	fake.commits = 0;
	fake.commit_error = 0;
	assert_apply_fails(-EPROTO, "cannot write the nat table");
}

static void test_race(void **state)
{
	struct ezlb_err err = { 0 };

	(void)state;
	fake.commit_error = EAGAIN;
	fake.commit_errors = 2;
	assert_int_equal(APPLY(&err, SETUP, ADD(1, 0)), 0);
	assert_int_equal(fake.commits, 3);
	assert_int_equal(err.code, 0); /* an attempt that failed leaves no trace */
	assert_int_equal(rcs[1], 0);
	assert_int_equal(APPLY(NULL, TEARDOWN), 0);

	fake.commits = 0;
	fake.commit_errors = 9;
	assert_apply_fails(-EAGAIN, "another program changed it at the same time");
	assert_int_equal(fake.commits, 6);
}

/* Another program that does not take the lock: its table replaces ours. */
static void flush_ours(unsigned commits)
{
	if (commits == 1)
		EZLB_VEC_CLEAR(&fake_chain(&fake.kernel, EZLB_SNAT_CHAIN)->rules);
}

static void test_verified(void **state)
{
	(void)state;
	fake.after_commit = flush_ours;
	assert_int_equal(APPLY(NULL, SETUP, ADD(1, 0)), 0);
	assert_int_equal(fake.commits, 2);
	assert_string_equal(kernel_text(EZLB_SNAT_CHAIN), "1>0");
	assert_int_equal(APPLY(NULL, TEARDOWN), 0);

	fake.after_commit = NULL;
	fake.commit_lost = true;
	fake.commits = 0;
	assert_apply_fails(-EAGAIN, "the nat table differs from what was just written");
	assert_int_equal(fake.commits, 6);
}

static void stop_reading(unsigned commits)
{
	(void)commits;
	fake.init_error = ENOMEM;
}

static void test_cannot_verify(void **state)
{
	(void)state;
	fake.after_commit = stop_reading;
	assert_int_equal(APPLY(NULL, SETUP), -ENOMEM);
	assert_int_equal(rcs[0], -ENOMEM);
}

static void test_lock(void **state)
{
	int fd = open(lock_path, O_RDONLY | O_CREAT, 0600);
	struct ezlb_err err = { 0 };

	(void)state;
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(APPLY(&err, SETUP), -EAGAIN);
	assert_non_null(strstr(err.msg, "another program has held "));
	assert_non_null(strstr(err.msg, " for 2 s"));
	assert_int_equal(fake.inits, 0);
	assert_listed(false, false, 0); /* looking needs no lock */
	close(fd);
	assert_int_equal(APPLY(NULL, SETUP), 0);
	fd = open(lock_path, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0); /* given back */
	close(fd);
}

static void test_open(void **state)
{
	struct ezlb_layer *real;

	(void)state;
	assert_int_equal(ezlb_snat_iptables_open(&real, NULL), 0);
	real->close(real);
	assert_int_equal(fake.inits, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_cannot_read),	 TEST(test_cannot_read_tables),
		TEST(test_cannot_write), TEST(test_race),
		TEST(test_verified),	 TEST(test_cannot_verify),
		TEST(test_lock),	 TEST(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
