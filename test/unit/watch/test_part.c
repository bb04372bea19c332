// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a scan reads, in calls of the kernel: after an event about one file only this file, and at a
 * rescan no file whose stat is unchanged for long. Whatever happens in a directory, in the end the
 * watch has what a scan of all files finds.
 */
#include "harness.h"

#include <dirent.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include "dice.h"
#include "settle.h"

#define FILES 1000

static struct {
	unsigned opens, reads, stats, entries;
} calls;

/* These stand in for libc's in this program. */
int openat(int dirfd, const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	calls.opens++;
	return (int)syscall(SYS_openat, dirfd, name, flags, mode);
}

ssize_t pread(int fd, void *buf, size_t len, off_t at)
{
	calls.reads++;
	return syscall(SYS_pread64, fd, buf, len, at);
}

int statx(int dirfd, const char *restrict name, int flags, unsigned mask,
	  struct statx *restrict out)
{
	calls.stats++;
	return (int)syscall(SYS_statx, dirfd, name, flags, mask, out);
}

/* The files look as old as that from now on. */
static void let_pass(int64_t s)
{
	own_clock_wall += s * 1000;
}

static void put_number(const char *dir, int i, const char *text)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/%04d.yaml", dir, i);
	put(name, text);
}

static void test_an_event_reads_one_file(void **state)
{
	size_t before;

	(void)state;
	make_dir("d");
	for (int i = 0; i < FILES; i++)
		put_number("d", i, "1\n");
	open_dir("d");
	assert_true(calls.opens >= FILES);
	before = got.n;
	put_number("d", 500, "2\n");
	memset(&calls, 0, sizeof(calls));
	while (got.n == before)
		turn();
	assert_non_null(strstr(last(), "0500.yaml=2"));
	/* One look at the file, and one of it at the directory. */
	assert_int_equal(calls.opens, 1);
	assert_int_equal(calls.reads, 1);
	assert_in_range(calls.stats, 1, 2);
	/* Gone: a look at once, and one a second later. */
	drop_file("d/0501.yaml");
	memset(&calls, 0, sizeof(calls));
	while (got.n == before + 1)
		turn();
	assert_null(strstr(last(), "0501.yaml"));
	assert_int_equal(calls.opens, 2);
	assert_int_equal(calls.reads, 0);
}

/* More names than are kept: the whole directory is scanned. */
static void test_many_files_at_once(void **state)
{
	(void)state;
	make_dir("d");
	open_dir("d");
	for (int i = 0; i < FILES; i++)
		put_number("d", i, "1\n");
	run_ms(2600);
	assert_non_null(strstr(last(), "0000.yaml=1"));
	assert_non_null(strstr(last(), "0999.yaml=1"));
}

/* As many files as are allowed are looked at in part, too; one more is one too many. */
static void test_a_full_directory(void **state)
{
	size_t before;

	(void)state;
	make_dir("d");
	for (int i = 0; i < WATCH_FILES_MAX; i++)
		put_number("d", i, "1\n");
	open_dir("d");
	before = got.n;
	put_number("d", 500, "2\n");
	memset(&calls, 0, sizeof(calls));
	while (got.n == before)
		turn();
	assert_int_equal(calls.opens, 1);
	log_begin();
	put_number("d", WATCH_FILES_MAX, "1\n");
	expect_log("holds more than 10000 .yaml files", 1, 5000);
	log_end();
}

#define FULL (WATCH_BYTES_MAX / EZLB_FILE_MAX)

static void put_large_files(int n)
{
	char name[64];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "d/%04d.yaml", i);
		put_large(name, EZLB_FILE_MAX);
	}
}

/* The same for the bytes of all files, of those that an event names and of the others. */
static void test_a_directory_full_of_bytes(void **state)
{
	size_t before;

	(void)state;
	make_dir("d");
	put_large_files(FULL - 1);
	put_number("d", FULL - 1, "1\n");
	open_dir("d");
	before = got.n;
	memset(&calls, 0, sizeof(calls));
	put_large("d/0255.yaml", EZLB_FILE_MAX);
	while (got.n == before)
		turn();
	assert_int_equal(calls.opens, 1);
	log_begin();
	put_number("d", FULL, "1\n");
	expect_log("holds more than 64 MiB of service files", 1, 5000);
	log_end();
	assert_non_null(strstr(last(), "[frozen]"));
	assert_null(strstr(last(), "0256.yaml"));
	drop_file("d/0001.yaml");
	run_ms(3000);
	assert_null(strstr(last(), "[frozen]"));
	assert_non_null(strstr(last(), "0256.yaml=1"));
}

static uint64_t stamp_in(const void *arg, const char *path)
{
	const struct watch_look *look = arg;

	for (size_t i = 0; i < look->files.len; i++)
		if (strcmp(look->files.items[i].path, path) == 0)
			return look->files.items[i].stamp;
	return 0;
}

/* Looks twice; the number of files that are read the second time. */
static unsigned read_again(void)
{
	struct watch_look first, second;
	const struct watch_known known = { .stamp = stamp_in, .arg = &first };
	unsigned n;

	watch_look(at("d").s, NULL, &first);
	put_number("d", 1, "3\n"); /* of the same size */
	calls.opens = 0;
	watch_look(at("d").s, &known, &second);
	n = calls.opens;
	assert_int_equal(second.files.len, 3);
	assert_string_equal(second.files.items[1].bytes, "3\n");
	watch_look_clear(&first);
	watch_look_clear(&second);
	return n;
}

static void test_a_rescan_reads_what_may_have_changed(void **state)
{
	(void)state;
	make_dir("d");
	for (int i = 0; i < 3; i++)
		put_number("d", i, "1\n");
	assert_int_equal(read_again(), 3); /* just written: the clock may not have ticked since */
	let_pass(WATCH_AGE_S + 5);
	assert_int_equal(read_again(), 1);
}

/* What is not read again is still in memory. The sizes of what links lead to are not known before.
 */
static void test_bytes_that_are_not_read_again(void **state)
{
	struct watch_look first, second;
	const struct watch_known known = { .stamp = stamp_in, .arg = &first };
	char name[64];

	(void)state;
	make_dir("d");
	put_large_files(FULL - 10);
	let_pass(WATCH_AGE_S + 5);
	watch_look(at("d").s, NULL, &first);
	for (int i = 0; i < 11; i++) {
		snprintf(name, sizeof(name), "d/l%d.yaml", i);
		make_link("0000.yaml", name);
	}
	watch_look(at("d").s, &known, &second);
	assert_non_null(second.problem);
	assert_string_equal(second.problem, "holds more than 64 MiB of service files: split it");
	watch_look_clear(&second);
	drop_file(name);
	watch_look(at("d").s, &known, &second);
	assert_null(second.problem);
	watch_look_clear(&first);
	watch_look_clear(&second);
}

/* A file that is read by no rescan is still watched: another file at its place is another stamp. */
static void test_another_file_with_the_same_times(void **state)
{
	struct watch_look first, second;
	const struct watch_known known = { .stamp = stamp_in, .arg = &first };

	(void)state;
	make_dir("d");
	let_pass(WATCH_AGE_S + 5);
	put_number("d", 0, "1\n");
	watch_look(at("d").s, NULL, &first);
	put("d/x", "2\n");
	assert_int_equal(rename(at("d/x").s, at("d/0000.yaml").s), 0);
	watch_look(at("d").s, &known, &second);
	assert_string_equal(second.files.items[0].bytes, "2\n");
	watch_look_clear(&first);
	watch_look_clear(&second);
}

static void do_something(void)
{
	static const char *const names[] = { "d/a.yaml", "d/b.yaml", "d/c.yaml", "d/x", "d/.h" };
	struct text from = at(names[dice(5)]), to = at(names[dice(5)]);
	char text[16];
	bool done; /* some are not possible */

	snprintf(text, sizeof(text), "%u\n", dice(100));
	switch (dice(6)) {
	case 0:
		done = unlink(to.s) == 0;
		break;
	case 1:
		done = rename(from.s, to.s) == 0;
		break;
	case 2:
		done = link(from.s, to.s) == 0;
		break;
	case 3:
		if (dice(4) == 0)
			done = unlink(at("d/l.yaml").s) == 0;
		else
			done = symlink("b.yaml", at("d/l.yaml").s) == 0;
		break;
	default:
		put(names[dice(5)], text);
	}
	(void)done;
}

static void test_whatever_happens(void **state)
{
	struct text dir = at("d");
	const char *dirs[] = { dir.s };

	(void)state;
	seed = 4711;
	make_dir("d");
	put("d/a.yaml", "1\n");
	open_dir("d");
	for (int round = 0; round < ROUNDS(200); round++) {
		struct ezlb_snapshot now;
		EZLB_AUTO_FREE char *want = NULL;

		for (unsigned n = 1 + dice(6); n > 0; n--) {
			do_something();
			run_ms(dice(4) ? 1 : dice(400));
		}
		run_ms(2600);
		ezlb_scan(dirs, 1, &now);
		want = line_of(&now);
		assert_string_equal(last(), want);
		ezlb_snapshot_clear(&now);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_event_reads_one_file),
		TEST(test_many_files_at_once),
		TEST(test_a_full_directory),
		TEST(test_a_directory_full_of_bytes),
		TEST(test_a_rescan_reads_what_may_have_changed),
		TEST(test_bytes_that_are_not_read_again),
		TEST(test_another_file_with_the_same_times),
		TEST(test_whatever_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
