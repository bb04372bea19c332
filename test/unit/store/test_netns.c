// SPDX-License-Identifier: GPL-2.0-or-later
/* One ezlb at a time in a network namespace. The names are of this process: others may test, too.
 */
#include "fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
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

/* What SO_PEERCRED says of the user, where it is not -1. */
static int forged_uid = -1;

int getsockopt(int fd, int level, int name_, void *value, socklen_t *len)
{
	int rc = (int)syscall(SYS_getsockopt, fd, level, name_, value, len);

	if (rc == 0 && level == SOL_SOCKET && name_ == SO_PEERCRED && forged_uid >= 0)
		((struct ucred *)value)->uid = (uid_t)forged_uid;
	return rc;
}

static void assert_not_an_ezlb(const char *who)
{
	struct ezlb_err err = { 0 };

	assert_int_equal(ezlb_netns_lock(name, &err), -EADDRINUSE);
	assert_int_equal(err.code, EADDRINUSE);
	assert_has(err.msg, who);
}

/* An unprivileged user must not be able to stop ezlb. */
static void test_another_user(void **state)
{
	EZLB_AUTO_FREE char *who = ezlb_asprintf("pid %d of user 65533 has", (int)getpid());
	int fd = ezlb_netns_lock(name, NULL);

	(void)state;
	forged_uid = 65533;
	assert_not_an_ezlb(who);
	forged_uid = 0;
	assert_taken(", pid ");
	forged_uid = -1;
	close(fd);
}

static int bound_only(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));

	memcpy(addr.sun_path + 1, name, strlen(name));
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
	return fd;
}

/* An ezlb answers. */
static void test_a_holder_that_does_not_answer(void **state)
{
	int fd = bound_only();

	(void)state;
	assert_not_an_ezlb("a process that is not an ezlb has the socket name @ezlb-test-");
	close(fd);
}

static void *listen_later(void *fd)
{
	usleep(50 * 1000);
	assert_int_equal(listen(*(int *)fd, 16), 0);
	return NULL;
}

/* Two start at the same time: the one has the name already and does not listen yet. */
static void test_a_holder_that_is_starting(void **state)
{
	int fd = bound_only();
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, listen_later, &fd), 0);
	assert_taken(", pid ");
	pthread_join(thread, NULL);
	close(fd);
}

/* Questions do not fill the queue for ever: each leaves a connection there. */
static void test_answers(void **state)
{
	int fd = ezlb_netns_lock(name, NULL);

	(void)state;
	listen(fd, 0); /* one connection may wait */
	for (int i = 0; i < 10; i++) {
		assert_taken(", pid ");
		ezlb_netns_answer(fd);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_ends_with_the_process),
		cmocka_unit_test(test_another_user),
		cmocka_unit_test(test_a_holder_that_does_not_answer),
		cmocka_unit_test(test_a_holder_that_is_starting),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
