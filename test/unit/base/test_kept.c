// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ezlb/kept.h>
#include <ezlb/mem.h>

#define PROC "/proc/self/oom_score_adj" /* a program may raise its own */

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void assert_reads(struct ezlb_kept *kept, const char *path, const char *text)
{
	char bytes[64] = "";
	ssize_t n = ezlb_kept_read(kept, path, bytes, sizeof(bytes) - 1);

	assert_int_equal(n, strlen(text));
	assert_string_equal(bytes, text);
}

/* The path is used once: afterwards there is none, and the value of now is read all the same. */
static void test_procfs(void **state)
{
	struct ezlb_kept kept = { 0 };

	(void)state;
	put(PROC, "400\n");
	assert_reads(&kept, PROC, "400\n");
	assert_true(kept.fd_1 > 0);
	put(PROC, "500\n");
	assert_reads(&kept, "/nowhere", "500\n");
	assert_reads(&kept, "/nowhere", "500\n");
	ezlb_kept_close(&kept);
	assert_int_equal(kept.fd_1, 0);
	assert_int_equal(ezlb_kept_read(&kept, "/nowhere", (char[1]){ 0 }, 1), -ENOENT);
}

/* As when a module has gone, and perhaps come back. */
static void test_unreadable(void **state)
{
	struct ezlb_kept kept = { 0 };
	char byte;

	(void)state;
	assert_reads(&kept, PROC, "500\n");
	for (int back = 1; back >= 0; back--) {
		EZLB_AUTO_CLOSE int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

		assert_int_equal(dup2(fd, kept.fd_1 - 1),
				 kept.fd_1 - 1); /* reads fail with EBADF */
		if (back)
			assert_reads(&kept, PROC, "500\n");
	}
	assert_int_equal(ezlb_kept_read(&kept, "/nowhere", &byte, 1), -ENOENT);
	assert_int_equal(kept.fd_1, 0);
	assert_reads(&kept, PROC, "500\n");
	ezlb_kept_close(&kept);
}

/* Not in procfs: another file at the path is seen. */
static void test_other_file(void **state)
{
	char dir[] = "/tmp/kept.XXXXXX";
	struct ezlb_kept kept = { 0 };
	char byte;

	(void)state;
	assert_non_null(mkdtemp(dir));
	EZLB_AUTO_FREE char *path = ezlb_asprintf("%s/value", dir);
	put(path, "1\n");
	assert_reads(&kept, path, "1\n");
	assert_int_equal(unlink(path), 0);
	put(path, "2\n");
	assert_reads(&kept, path, "2\n");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ezlb_kept_read(&kept, path, &byte, 1), -ENOENT);
	assert_int_equal(mkfifo(path, 0600), 0); /* and is not waited for */
	assert_int_equal(ezlb_kept_read(&kept, path, &byte, 1), 0);
	assert_int_equal(ezlb_kept_read(&kept, dir, &byte, 1), -EISDIR);
	assert_int_equal(kept.fd_1, 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_procfs),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_other_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
