// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "tmpdir.h"
#include "writer.h"

static void put_line(struct writer *writer, const char *line)
{
	writer_put(writer, line, strlen(line));
}

static void has(const char *name, const char *want)
{
	char text[4096] = "";
	int fd = open(at(name).s, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) >= 0);
	close(fd);
	assert_string_equal(text, want);
}

static void test_appends(void **state)
{
	struct text path = at("log");
	struct writer writer;
	struct stat st;

	(void)state;
	put("log", "before\n");
	writer_init(&writer, path.s);
	put_line(&writer, "one\n");
	put_line(&writer, "two\n");
	has("log", "before\n");
	writer_flush(&writer);
	has("log", "before\none\ntwo\n");
	assert_int_equal(writer.written, 2);
	assert_int_equal(writer.lost, 0);
	put_line(&writer, "three\n");
	writer_close(&writer);
	has("log", "before\none\ntwo\nthree\n");
	unlink(path.s);
	writer_init(&writer, path.s);
	put_line(&writer, "new\n");
	writer_close(&writer);
	assert_int_equal(stat(path.s, &st), 0);
	assert_int_equal(st.st_mode & 07777 & ~(mode_t)0640, 0);
	unlink(path.s);
}

/* In place of the C library's. */
static uid_t link_owner; /* 0: as it is */

int lstat(const char *restrict path, struct stat *restrict st)
{
	int rc = fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);

	if (link_owner)
		st->st_uid = link_owner;
	return rc;
}

/* /dev/stdout is a link. One of another user could point to a file that only root may change. */
static void test_links(void **state)
{
	struct text path = at("log");
	struct writer writer;

	(void)state;
	put("target", "");
	assert_int_equal(symlink("target", path.s), 0);
	writer_init(&writer, path.s);
	put_line(&writer, "one\n");
	writer_close(&writer);
	has("target", "one\n");
	link_owner = 4711;
	writer_init(&writer, path.s);
	put_line(&writer, "two\n");
	writer_flush(&writer);
	assert_int_equal(writer.problem.code, ELOOP);
	assert_int_equal(writer.lost, 1);
	writer_close(&writer);
	link_owner = 0;
	has("target", "one\n");
	unlink(path.s);
	unlink(at("target").s);
}

/* As logrotate does it: rename, signal. */
static void test_rotation(void **state)
{
	struct text path = at("log");
	struct writer writer;

	(void)state;
	writer_init(&writer, path.s);
	put_line(&writer, "one\n");
	writer_flush(&writer);
	assert_int_equal(rename(path.s, at("log.1").s), 0);
	put_line(&writer, "two\n");
	writer_flush(&writer);
	put_line(&writer, "three\n");
	writer_reopen(&writer);
	put_line(&writer, "four\n");
	writer_close(&writer);
	has("log.1", "one\ntwo\nthree\n");
	has("log", "four\n");
	assert_int_equal(writer.written, 4);
	unlink(path.s);
	unlink(at("log.1").s);
}

/* It is tried again after a second, or at once by a signal. */
static void test_no_directory(void **state)
{
	struct text path = at("sub/log");
	struct writer writer;

	(void)state;
	writer_init(&writer, path.s);
	put_line(&writer, "one\n");
	writer_flush(&writer);
	assert_int_equal(writer.lost, 1);
	assert_int_equal(writer.problem.code, ENOENT);
	assert_non_null(strstr(writer.problem.msg, "cannot open /tmp/"));
	make_dir("sub");
	put_line(&writer, "too early\n");
	writer_flush(&writer);
	assert_int_equal(writer.lost, 2);
	writer_reopen(&writer);
	assert_int_equal(writer.problem.code, 0);
	put_line(&writer, "two\n");
	writer_close(&writer);
	has("sub/log", "two\n");
	assert_int_equal(writer.written, 1);
}

static void test_tried_again(void **state)
{
	struct text path = at("other/log");
	struct writer writer;

	(void)state;
	writer_init(&writer, path.s);
	put_line(&writer, "one\n");
	writer_flush(&writer);
	make_dir("other");
	assert_true(writer.retry_ms > 0);
	writer.retry_ms = 0; /* time goes by */
	put_line(&writer, "two\n");
	writer_flush(&writer);
	assert_int_equal(writer.problem.code, 0);
	writer_close(&writer);
	has("other/log", "two\n");
}

static void test_full_disk(void **state)
{
	struct writer writer;

	(void)state;
	writer_init(&writer, "/dev/full");
	put_line(&writer, "one\n");
	put_line(&writer, "two\n");
	writer_flush(&writer);
	assert_int_equal(writer.lost, 2);
	assert_int_equal(writer.written, 0);
	assert_int_equal(writer.problem.code, ENOSPC);
	writer_close(&writer);
}

/* A pipe that nobody reads. */
static void test_pipe(void **state)
{
	struct text path = at("pipe");
	struct writer writer;

	(void)state;
	assert_int_equal(mkfifo(path.s, 0600), 0);
	writer_init(&writer, path.s);
	put_line(&writer, "one\n");
	writer_flush(&writer);
	assert_int_equal(writer.problem.code, ENXIO);
	assert_int_equal(writer.lost, 1);
	writer_close(&writer);
}

/* Room for one line and a half: the rest is lost, and does not begin the next line. */
static void cut_line(struct writer *writer, const char *path)
{
	struct rlimit before, limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = (struct rlimit){ .rlim_cur = 6, .rlim_max = before.rlim_max };
	writer_init(writer, path);
	put_line(writer, "one\n");
	put_line(writer, "two\n");
	put_line(writer, "three\n");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	writer_flush(writer);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(writer->written, 1);
	assert_int_equal(writer->lost, 2);
	assert_int_equal(writer->problem.code, EFBIG);
	writer->retry_ms = 0;
}

static void test_cut_line(void **state)
{
	struct text path = at("cut");
	struct writer writer;

	(void)state;
	cut_line(&writer, path.s);
	put_line(&writer, "four\n");
	writer_close(&writer);
	has("cut", "one\ntw\nfour\n");
	assert_int_equal(writer.written, 2);
}

/* Somebody makes room and sends the signal: it is the same file, or a new one. */
static void test_cut_line_reopen(void **state)
{
	struct text path = at("again");
	struct writer writer;

	(void)state;
	cut_line(&writer, path.s);
	writer_reopen(&writer);
	put_line(&writer, "four\n");
	writer_close(&writer);
	has("again", "one\ntw\nfour\n");
	unlink(path.s);
	cut_line(&writer, path.s);
	assert_int_equal(rename(path.s, at("again.1").s), 0);
	writer_reopen(&writer);
	put_line(&writer, "four\n");
	writer_close(&writer);
	has("again", "four\n");
	unlink(path.s);
	/* The rename without the signal: the next try makes the new file. */
	cut_line(&writer, path.s);
	assert_int_equal(rename(path.s, at("again.1").s), 0);
	put_line(&writer, "four\n");
	writer_close(&writer);
	has("again", "four\n");
}

/* More than one write holds. */
static void test_much(void **state)
{
	struct text path = at("much");
	struct writer writer;
	struct stat st;

	(void)state;
	writer_init(&writer, path.s);
	for (int i = 0; i < 20000; i++)
		put_line(&writer, "a line of the log\n");
	assert_true(writer.written > 0);
	assert_true(writer.text.len < 66000);
	writer_close(&writer);
	assert_int_equal(stat(path.s, &st), 0);
	assert_int_equal(st.st_size, 20000 * 18);
	assert_int_equal(writer.written, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_no_directory),
		cmocka_unit_test(test_tried_again),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_cut_line),
		cmocka_unit_test(test_cut_line_reopen),
		cmocka_unit_test(test_much),
	};

	return cmocka_run_group_tests(tests, setup_top, teardown_top);
}
