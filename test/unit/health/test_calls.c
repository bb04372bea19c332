// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many system calls a probe makes: with 10,000 probes each second every one counts. The waiting
 * is not counted, as many probes share it.
 */
#include "probing.h"

#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum call { SOCKET, BIND, CONNECT, SETSOCKOPT, GETSOCKOPT, IOCTL, EPOLL_CTL, CLOSE, CALLS };
static const char *const names[CALLS] = { "socket",	"bind",	 "connect",   "setsockopt",
					  "getsockopt", "ioctl", "epoll_ctl", "close" };

static _Thread_local bool counting; /* the server has a thread of its own */
static int calls[CALLS];

static void count(enum call call)
{
	calls[call] += counting;
}

int socket(int domain, int type, int protocol)
{
	count(SOCKET);
	return (int)syscall(SYS_socket, domain, type, protocol);
}

int bind(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	count(BIND);
	return (int)syscall(SYS_bind, fd, addr.__sockaddr__, len);
}

int connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	count(CONNECT);
	return (int)syscall(SYS_connect, fd, addr.__sockaddr__, len);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	count(SETSOCKOPT);
	return (int)syscall(SYS_setsockopt, fd, level, option, value, len);
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	count(GETSOCKOPT);
	return (int)syscall(SYS_getsockopt, fd, level, option, value, len);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	count(IOCTL);
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	count(EPOLL_CTL);
	return (int)syscall(SYS_epoll_ctl, epoll, op, fd, event);
}

int close(int fd)
{
	count(CLOSE);
	return (int)syscall(SYS_close, fd);
}

static void probe_counted(struct fixture *fx, struct ezlb_endpoint target,
			  const struct ezlb_check *check)
{
	probe(fx, target, check); /* the first one also starts the loop */
	memset(calls, 0, sizeof(calls));
	counting = true;
	probe(fx, target, check);
	run_for(&fx->loop, 1);
	counting = false;
}

static void assert_calls(const char *what, const int want[CALLS])
{
	for (int i = 0; i < CALLS; i++)
		if (calls[i] != want[i])
			fail_msg("%s: %d times %s instead of %d", what, calls[i], names[i],
				 want[i]);
}

static void test_tcp(void **state)
{
	static const int well[CALLS] = {
		[SOCKET] = 1, [CONNECT] = 1, [SETSOCKOPT] = 1, [EPOLL_CTL] = 1, [CLOSE] = 1
	};
	static const int refused[CALLS] = { [SOCKET] = 1,     [CONNECT] = 1,   [SETSOCKOPT] = 1,
					    [GETSOCKOPT] = 1, [EPOLL_CTL] = 1, [CLOSE] = 1 };
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_TCP, 5000);

	probe_counted(fx, loopback(fx->server.port), &check);
	expect(fx, "tcp", EZLB_PROBE_OK, 0);
	assert_calls("tcp", well);
	probe_counted(fx, loopback(closed_port()), &check);
	assert_calls("tcp, refused", refused);
}

static void test_source(void **state)
{
	static const int want[CALLS] = { [SOCKET] = 1,	   [BIND] = 1,	    [CONNECT] = 1,
					 [SETSOCKOPT] = 2, [EPOLL_CTL] = 1, [CLOSE] = 1 };
	struct fixture *fx = *state;
	struct ezlb_check check = check_of(EZLB_CHECK_TCP, 5000);

	assert_int_equal(ezlb_range_parse("127.0.0.4", &check.source, NULL), 0);
	probe_counted(fx, loopback(fx->server.port), &check);
	assert_calls("tcp from an address", want);
}

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_tcp), T(test_source) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
