// SPDX-License-Identifier: GPL-2.0-or-later
/* One ezlb at a time in a network namespace. The names are of this process: others may test, too.
 */
#include "fixture.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <ezlb/store.h>

static char name[32];

static int setup(void **state)
{
	(void)state;
	snprintf(name, sizeof(name), "ezlb-test-%d", (int)getpid());
	return 0;
}

static void assert_taken(const char *by)
{
	struct ezlb_err err = { 0 };

	assert_int_equal(ezlb_netns_lock(name, &err), -EBUSY);
	assert_int_equal(err.code, EBUSY);
	assert_has(err.msg, "another ezlb is running in this network namespace");
	assert_has(err.msg, by);
}

static void test_one_at_a_time(void **state)
{
	EZLB_AUTO_FREE char *me = ezlb_asprintf(", pid %d (", (int)getpid());
	int fd = ezlb_netns_lock(name, NULL), other;

	(void)state;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	for (int i = 0; i < 100; i++) /* nobody accepts those that ask */
		assert_taken(me);
	strcat(name, "-other");
	other = ezlb_netns_lock(name, NULL);
	assert_true(other >= 0);
	close(other);
	name[strlen(name) - strlen("-other")] = '\0';
	close(fd);
	fd = ezlb_netns_lock(name, NULL);
	assert_true(fd >= 0);
	close(fd);
}

/* The kernel frees it, whatever ends the process. */
static void test_ends_with_the_process(void **state)
{
	int ready[2], fd, status;
	char by[32], byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		alarm(60);
		if (ezlb_netns_lock(name, NULL) >= 0 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	snprintf(by, sizeof(by), ", pid %d (", (int)pid);
	assert_taken(by);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	fd = ezlb_netns_lock(name, NULL);
	assert_true(fd >= 0);
	close(fd);
}

/* A socket that does not listen tells nobody whose it is. */
static void test_a_holder_without_a_name(void **state)
{
	struct sockaddr_un {
		sa_family_t family;
		char path[108];
	} addr = { .family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	memcpy(addr.path + 1, name, strlen(name));
	assert_int_equal(bind(fd, (struct sockaddr *)&addr,
			      (socklen_t)(sizeof(addr.family) + 1 + strlen(name))),
			 0);
	assert_taken("(only one ezlb per network namespace");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_ends_with_the_process),
		cmocka_unit_test(test_a_holder_without_a_name),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
