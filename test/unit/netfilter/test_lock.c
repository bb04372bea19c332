// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ezlb/duration.h>
#include <ezlb/mem.h>

#include <ezlb/netfilter.h>

struct place {
	char dir[64];
	char path[96];
};

static int setup(void **state)
{
	struct place *place = ezlb_calloc(1, sizeof(*place));

	ezlb_strcpy(place->dir, sizeof(place->dir), "/tmp/ezlb-lock-XXXXXX");
	if (!mkdtemp(place->dir))
		return -1;
	snprintf(place->path, sizeof(place->path), "%s/xtables.lock", place->dir);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	unlink(place->path);
	rmdir(place->path);
	rmdir(place->dir);
	free(place);
	return 0;
}

/* Another process that holds the lock for ms and then ends; returns when it has it. */
static pid_t hold(const char *path, unsigned ms)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(path, O_RDONLY | O_CREAT, 0600);

		if (flock(fd, LOCK_EX) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		usleep(ms * 1000);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void test_unheld(void **state)
{
	const struct place *place = *state;
	struct ezlb_err err = { 0 };
	struct stat st;
	int fd = ezlb_xtables_lock(place->path, 100, 5, &err);

	assert_true(fd >= 0);
	assert_int_equal(stat(place->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);

	/* The file of before is fine too, and closing gave the lock back. */
	fd = ezlb_xtables_lock(place->path, 100, 5, &err);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(err.code, 0);
}

static void test_others_wait_for_us(void **state)
{
	const struct place *place = *state;
	int fd = ezlb_xtables_lock(place->path, 100, 5, NULL);
	int other = open(place->path, O_RDONLY);

	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	assert_int_equal(flock(other, LOCK_SH | LOCK_NB), -1);
	close(fd);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
}

static void test_held(void **state)
{
	const struct place *place = *state;
	struct ezlb_err err = { 0 };
	char want[160];
	pid_t pid = hold(place->path, 120000);
	uint64_t start = ezlb_now_ms(), took;

	assert_int_equal(ezlb_xtables_lock(place->path, 200, 5, &err), -EAGAIN);
	took = ezlb_now_ms() - start;
	assert_in_range(took, 200, 60000);
	assert_int_equal(err.code, EAGAIN);
	snprintf(want, sizeof(want), "another program has held %s for 0.2 s", place->path);
	assert_string_equal(err.msg, want);

	/* A limit of 0 is one try. */
	start = ezlb_now_ms();
	assert_int_equal(ezlb_xtables_lock(place->path, 0, 60000, NULL), -EAGAIN);
	assert_true(ezlb_now_ms() - start < 60000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* It waits once; then it only asks, in the same words, until it has had the lock. */
static void test_a_layer_waits_once(void **state)
{
	const struct place *place = *state;
	struct ezlb_err first = { 0 }, second = { 0 };
	pid_t pid = hold(place->path, 20000);
	uint64_t start = ezlb_now_ms();
	bool missed = false;
	int fd;

	setenv("XTABLES_LOCKFILE", place->path, 1);
	assert_int_equal(ezlb_xtables_lock_once(&missed, &first), -EAGAIN);
	assert_true(ezlb_now_ms() - start >= EZLB_XTABLES_LOCK_LIMIT_MS);
	assert_true(missed);
	start = ezlb_now_ms();
	assert_int_equal(ezlb_xtables_lock_once(&missed, &second), -EAGAIN);
	assert_true(ezlb_now_ms() - start < EZLB_XTABLES_LOCK_LIMIT_MS / 2);
	assert_string_equal(first.msg, second.msg);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fd = ezlb_xtables_lock_once(&missed, NULL);
	assert_true(fd >= 0);
	assert_false(missed);
	close(fd);
	unsetenv("XTABLES_LOCKFILE");
}

static void test_given_back(void **state)
{
	const struct place *place = *state;
	pid_t pid = hold(place->path, 200);
	int fd = ezlb_xtables_lock(place->path, 9000, 5, NULL);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_cannot_open(void **state)
{
	const struct place *place = *state;
	struct ezlb_err err = { 0 };
	char path[128];

	assert_int_equal(mkdir(place->path, 0700), 0);
	assert_int_equal(ezlb_xtables_lock(place->path, 100, 5, &err), -EISDIR);
	assert_non_null(strstr(err.msg, "is a directory: remove it"));
	snprintf(path, sizeof(path), "%s/none/xtables.lock", place->dir);
	assert_int_equal(ezlb_xtables_lock(path, 100, 5, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "cannot open"));
}

static void test_path(void **state)
{
	(void)state;
	unsetenv("XTABLES_LOCKFILE");
	assert_string_equal(ezlb_xtables_lock_path(), "/run/xtables.lock");
	setenv("XTABLES_LOCKFILE", "", 1);
	assert_string_equal(ezlb_xtables_lock_path(), "/run/xtables.lock");
	setenv("XTABLES_LOCKFILE", "/somewhere/else", 1);
	assert_string_equal(ezlb_xtables_lock_path(), "/somewhere/else");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unheld, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others_wait_for_us, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_layer_waits_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cannot_open, setup, teardown),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
