// SPDX-License-Identifier: GPL-2.0-or-later
#include "cm.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sdnotify.h"
#include "tmpdir.h"

/* A manager's socket at a path, or with '@' in the abstract namespace. */
static int listen_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(at.sun_path, name, strlen(name));
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&at,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
			 0);
	return fd;
}

static const char *heard(int fd)
{
	static char text[256];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void test_says_it_to_a_path(void **state)
{
	struct text path = at("notify");
	int fd = listen_at(path.s);

	(void)state;
	setenv("NOTIFY_SOCKET", path.s, 1);
	assert_int_equal(sdnotify("READY=1\nSTATUS=3 services"), 0);
	assert_string_equal(heard(fd), "READY=1\nSTATUS=3 services");
	assert_int_equal(sdnotify_reloading(), 0);
	assert_memory_equal(heard(fd), "RELOADING=1\nMONOTONIC_USEC=", 27);
	close(fd);
	assert_int_equal(sdnotify("x=1"), -ECONNREFUSED);
}

static void test_says_it_to_an_abstract_name(void **state)
{
	char name[64];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@ezlb-test-%d", (int)getpid());
	fd = listen_at(name);
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(sdnotify("READY=1"), 0);
	assert_string_equal(heard(fd), "READY=1");
	close(fd);
}

static void test_no_manager_no_word(void **state)
{
	char longer[256];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(sdnotify("READY=1"), -ENOENT);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(sdnotify("READY=1"), -ENOENT);
	setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
	assert_int_equal(sdnotify("READY=1"), -EAFNOSUPPORT);
	memset(longer, '/', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longer, 1);
	assert_int_equal(sdnotify("READY=1"), -ENAMETOOLONG);
	unsetenv("NOTIFY_SOCKET");
}

static void test_watchdog(void **state)
{
	static const struct {
		const char *usec, *pid;
		uint64_t ms;
	} cases[] = {
		{ NULL, NULL, 0 },
		{ "30000000", NULL, 15000 },
		{ "30000000", "1", 0 },
		{ "500", NULL, 1 },
		{ "-5", NULL, 0 },
		{ "abc", NULL, 0 },
		{ "30000000", "self", 15000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char self[32];

		snprintf(self, sizeof(self), "%d", (int)getpid());
		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		if (cases[i].usec)
			setenv("WATCHDOG_USEC", cases[i].usec, 1);
		if (cases[i].pid)
			setenv("WATCHDOG_PID", strcmp(cases[i].pid, "self") ? cases[i].pid : self,
			       1);
		assert_int_equal(sdnotify_watchdog_ms(), cases[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_says_it_to_a_path, setup_top, teardown_top),
		cmocka_unit_test(test_says_it_to_an_abstract_name),
		cmocka_unit_test(test_no_manager_no_word),
		cmocka_unit_test(test_watchdog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
