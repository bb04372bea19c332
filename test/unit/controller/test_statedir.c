// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include <sys/wait.h>

#include "statedir.h"

static void test_makes_the_directory(void **state)
{
	static const struct {
		const char *dir;
		int want;
	} rows[] = {
		{ "a", 0 },
		{ "b/c/d", 0 },
		{ "b/c/d", 0 },
		{ "e//f/", 0 },
		{ "file", -ENOTDIR },
		{ "file/below", -ENOTDIR },
		{ "file/below/it", -ENOTDIR },
		{ "loop", -ELOOP },
	};

	(void)state;
	put("file", "");
	assert_int_equal(symlink("loop", at("loop").s), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ezlb_err err = { 0 };
		int fd = statedir_lock(at(rows[i].dir).s, &err);

		if (rows[i].want) {
			assert_int_equal(fd, rows[i].want);
			assert_int_equal(err.code, -rows[i].want);
			assert_has(err.msg, top);
		} else {
			assert_true(fd >= 0);
			close(fd);
		}
	}
}

/* Tries in another process, because a process does not lock itself out; 0 or a positive errno. */
static int try_elsewhere(struct text *message)
{
	int pipes[2], status;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		struct ezlb_err err = { 0 };
		int fd = statedir_lock(at("state").s, &err);

		if (write(pipes[1], err.msg, strlen(err.msg) + 1) < 0)
			_exit(99);
		_exit(fd < 0 ? -fd : 0);
	}
	close(pipes[1]);
	assert_true(read(pipes[0], message->s, sizeof(message->s)) > 0);
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_one_at_a_time(void **state)
{
	char pid[32];
	struct text message = { "" };
	int fd = statedir_lock(at("state").s, NULL);

	(void)state;
	snprintf(pid, sizeof(pid), "pid %d:", (int)getpid());
	assert_true(fd >= 0);
	assert_int_equal(try_elsewhere(&message), EBUSY);
	assert_has(message.s, pid);
	assert_has(message.s, at("state/lock").s);
	close(fd);
	assert_int_equal(try_elsewhere(&message), 0);
	/* The one before has ended, and left its file behind. */
	assert_int_equal(try_elsewhere(&message), 0);
}

#define IN_TOP(f) cmocka_unit_test_setup_teardown(f, setup_top, teardown_top)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TOP(test_makes_the_directory),
		IN_TOP(test_one_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
