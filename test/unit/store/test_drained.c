// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <ezlb/store.h>

#define SINCE 1764441784123

/* In place of the C library's: the call with this number fails; 0: none. */
static int fsync_fails, close_fails;
static int fsync_errno, close_errno;

int fsync(int fd)
{
	if (fsync_fails > 0 && --fsync_fails == 0) {
		errno = fsync_errno;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int close(int fd)
{
	int rc = (int)syscall(SYS_close, fd);

	if (close_fails > 0 && --close_fails == 0) {
		errno = close_errno;
		return -1;
	}
	return rc;
}

static int unlink_errno; /* 0: it works */

int unlink(const char *path)
{
	if (unlink_errno) {
		errno = unlink_errno;
		return -1;
	}
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static int write_to(const char *dir, enum ezlb_node_drain_kind kind, struct ezlb_err *err)
{
	const struct ezlb_node_drain drain = { .kind = kind, .since_ms = SINCE };

	return ezlb_drained_write(at(dir).s, &drain, err);
}

static enum ezlb_node_drain_kind read_from(const char *dir, int want, const char *message)
{
	struct ezlb_node_drain drain = { .kind = EZLB_NODE_EXITING };
	struct ezlb_err err = { 0 };

	assert_int_equal(ezlb_drained_read(at(dir).s, &drain, &err), want);
	assert_has(err.msg, message);
	return drain.kind;
}

static void test_there_and_back(void **state)
{
	struct ezlb_node_drain drain;
	struct ezlb_err err;

	(void)state;
	assert_int_equal(ezlb_drained_read(at("none").s, &drain, &err), 0);
	assert_int_equal(drain.kind, EZLB_NODE_SERVES);
	assert_int_equal(drain.since_ms, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(write_to("new/dir", EZLB_NODE_DRAINED, &err), 0);
		assert_int_equal(ezlb_drained_read(at("new/dir").s, &drain, &err), 0);
		assert_int_equal(drain.kind, EZLB_NODE_DRAINED);
		assert_int_equal(drain.since_ms, SINCE);
	}
	assert_int_equal(access(at("new/dir/drained.new").s, F_OK), -1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(write_to("new/dir", EZLB_NODE_SERVES, &err), 0);
		assert_int_equal(read_from("new/dir", 0, ""), EZLB_NODE_SERVES);
	}
	assert_int_equal(write_to("never", EZLB_NODE_SERVES, &err), 0);
}

/* These end with the process: the next one does not drain. */
static void test_what_is_not_kept(void **state)
{
	static const enum ezlb_node_drain_kind kinds[] = { EZLB_NODE_UNTIL_EXIT,
							   EZLB_NODE_EXITING };
	struct ezlb_err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		assert_int_equal(write_to("", EZLB_NODE_DRAINED, &err), 0);
		assert_int_equal(write_to("", kinds[i], &err), 0);
		assert_int_equal(access(at("drained").s, F_OK), -1);
	}
}

/* Somebody wanted this balancer to be out, and a damaged disk must not put it back. */
static void test_damaged_is_drained(void **state)
{
	static const char *const texts[] = {
		"",
		"ezlb-drained 1\n",
		"ezlb-drained 2\nsince_ms 1764441784123\n",
		"ezlb-drained 1\nsince_ms \n",
		"ezlb-drained 1\nsince_ms -5\n",
		"ezlb-drained 1\nsince_ms 0\n",
		"ezlb-drained 1\nsince_ms 1764441784123",
		"ezlb-drained 1\nsince_ms 1764441784123\nmore\n",
		"ezlb-drained 1\nsince_ms 99999999999999999999\n",
	};
	const struct timespec times[2] = { { .tv_sec = 1000, .tv_nsec = 5000000 },
					   { .tv_sec = 1000, .tv_nsec = 5000000 } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct ezlb_node_drain drain;

		put("drained", texts[i]);
		assert_int_equal(utimensat(AT_FDCWD, at("drained").s, times, 0), 0);
		assert_int_equal(read_from("", -EBADMSG, "drained is damaged"), EZLB_NODE_DRAINED);
		ezlb_drained_read(at("").s, &drain, NULL);
		assert_int_equal(drain.since_ms, 1000005);
	}
}

static void test_what_is_no_file(void **state)
{
	(void)state;
	make_dir("drained");
	assert_int_equal(read_from("", -EISDIR, "cannot read "), EZLB_NODE_DRAINED);
	assert_int_equal(rmdir(at("drained").s), 0);
	assert_int_equal(mkfifo(at("drained").s, 0600), 0);
	assert_int_equal(read_from("", -EBADMSG, "drained is damaged"), EZLB_NODE_DRAINED);
	assert_int_equal(unlink(at("drained").s), 0);
	assert_int_equal(symlink("nowhere", at("drained").s), 0);
	assert_int_equal(read_from("", -ELOOP, "cannot read "), EZLB_NODE_DRAINED);
	put("file", "");
	assert_int_equal(read_from("file", 0, ""), EZLB_NODE_SERVES);
}

/* Nobody knows whether there is a file. A single balancer that does not serve would be worse. */
static void test_unknown_is_not_drained(void **state)
{
	(void)state;
	assert_int_equal(symlink("loop", at("loop").s), 0);
	assert_int_equal(read_from("loop", -ELOOP, "cannot examine "), EZLB_NODE_SERVES);
}

static void test_write_fails(void **state)
{
	static const struct {
		int fsync, close, want;
		bool kept; /* the file is there all the same */
	} rows[] = {
		{ .fsync = 1, .want = -ENOSPC },
		{ .close = 1, .want = -EDQUOT },
		{ .fsync = 2, .want = -ENOSPC, .kept = true },
	};
	struct ezlb_err err;

	(void)state;
	fsync_errno = ENOSPC;
	close_errno = EDQUOT;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		fsync_fails = rows[i].fsync;
		close_fails = rows[i].close;
		assert_int_equal(write_to("", EZLB_NODE_DRAINED, &err), rows[i].want);
		fsync_fails = close_fails = 0;
		assert_has(err.msg, "cannot write ");
		assert_int_equal(access(at("drained").s, F_OK) == 0, rows[i].kept);
		assert_int_equal(access(at("drained.new").s, F_OK), -1);
	}
	make_dir("drained.new");
	assert_int_equal(write_to("", EZLB_NODE_DRAINED, &err), -EISDIR);
	put("file", "");
	assert_int_equal(write_to("file", EZLB_NODE_DRAINED, &err), -ENOTDIR);
}

static void test_rename_fails(void **state)
{
	struct ezlb_err err;

	(void)state;
	make_dir("drained");
	assert_int_equal(write_to("", EZLB_NODE_DRAINED, &err), -EISDIR);
	assert_has(err.msg, "cannot write ");
	assert_int_equal(access(at("drained.new").s, F_OK), -1);
}

/* The kernel says EROFS before it looks for the file. */
static void test_removal_on_a_read_only_disk(void **state)
{
	struct ezlb_err err;
	int there, gone;

	(void)state;
	put("drained", "");
	unlink_errno = EROFS;
	there = write_to("", EZLB_NODE_SERVES, &err);
	gone = write_to("none", EZLB_NODE_SERVES, &err);
	unlink_errno = 0;
	assert_int_equal(there, -EROFS);
	assert_has(err.msg, "drained: Read-only file system");
	assert_int_equal(gone, 0);
}

static void test_removal_fails(void **state)
{
	struct ezlb_err err;

	(void)state;
	make_dir("drained");
	assert_int_equal(write_to("", EZLB_NODE_SERVES, &err), -EISDIR);
	assert_has(err.msg, "cannot remove ");
	assert_int_equal(rmdir(at("drained").s), 0);
	put("drained", "");
	fsync_errno = EIO;
	fsync_fails = 1;
	assert_int_equal(write_to("", EZLB_NODE_SERVES, &err), -EIO);
	fsync_fails = 0;
	assert_has(err.msg, "cannot write ");
}

static void test_no_descriptor(void **state)
{
	struct rlimit was, none;

	(void)state;
	put("drained", "ezlb-drained 1\nsince_ms 5\n");
	getrlimit(RLIMIT_NOFILE, &was);
	none = was;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	assert_int_equal(read_from("", -EMFILE, "cannot read "), EZLB_NODE_DRAINED);
	setrlimit(RLIMIT_NOFILE, &was);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

/* It says that the balancer drains. What it points to is not read, and not changed. */
static void test_a_link(void **state)
{
	EZLB_AUTO_FREE char *after = NULL;

	(void)state;
	put("target", "ezlb-drained 1\nsince_ms 5\n");
	make_dir("state");
	assert_int_equal(symlink("../target", at("state/drained").s), 0);
	assert_int_equal(read_from("state", -ELOOP, "cannot read "), EZLB_NODE_DRAINED);
	assert_int_equal(write_to("state", EZLB_NODE_DRAINED, NULL), 0);
	after = slurp("target");
	assert_string_equal(after, "ezlb-drained 1\nsince_ms 5\n");
	assert_int_equal(read_from("state", 0, ""), EZLB_NODE_DRAINED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_a_link),
		IN_TOP(test_there_and_back),
		IN_TOP(test_what_is_not_kept),
		IN_TOP(test_damaged_is_drained),
		IN_TOP(test_what_is_no_file),
		IN_TOP(test_unknown_is_not_drained),
		IN_TOP(test_write_fails),
		IN_TOP(test_rename_fails),
		IN_TOP(test_removal_fails),
		IN_TOP(test_no_descriptor),
		IN_TOP(test_removal_on_a_read_only_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
