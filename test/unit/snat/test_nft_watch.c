// SPDX-License-Identifier: GPL-2.0-or-later
/* System calls are replaced here, which glibc's inline checks would get in the way of. */
#undef _FORTIFY_SOURCE
#include "cm.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ezlb/mem.h>
#include <ezlb/snat.h>

static int fail_socket, fail_bind, fail_recv; /* errnos, for the next call of each */
static unsigned reads;

static bool fails(int *fault)
{
	errno = *fault;
	*fault = 0;
	return errno != 0;
}

int socket(int domain, int type, int protocol)
{
	if (fails(&fail_socket))
		return -1;
	return (int)syscall(SYS_socket, domain, type, protocol);
}

int bind(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	if (fails(&fail_bind))
		return -1;
	return (int)syscall(SYS_bind, fd, addr.__sockaddr__, len);
}

ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
	reads++;
	if (fails(&fail_recv))
		return -1;
	return syscall(SYS_recvfrom, fd, bytes, len, flags, NULL, NULL);
}

static bool is_readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1 && pfd.revents == POLLIN;
}

static void test_drain(void **state)
{
	static const int faults[] = { 0, EINTR, ENOBUFS };
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		for (int j = 0; j < 5; j++)
			assert_int_equal(write(fds[1], "much", 4), 4);
		fail_recv = faults[i];
		ezlb_nft_watch_drain(fds[0]);
		assert_false(is_readable(fds[0]));
	}
	ezlb_nft_watch_drain(fds[0]); /* does not wait, though the socket would */
	assert_int_equal(write(fds[1], "", 1), 1);
	fail_recv = EBADF;
	ezlb_nft_watch_drain(fds[0]);
	assert_true(is_readable(fds[0]));
	close(fds[0]);
	close(fds[1]);
}

/* Where others write all the time, it comes back; and an end is one. */
static void test_drain_ends(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	for (int i = 0; i < 200; i++)
		assert_int_equal(write(fds[1], "", 1), 1);
	reads = 0;
	ezlb_nft_watch_drain(fds[0]);
	assert_true(reads < 100);
	assert_true(is_readable(fds[0]));
	close(fds[1]);
	for (int i = 0; i < 20; i++)
		ezlb_nft_watch_drain(fds[0]);
	reads = 0;
	ezlb_nft_watch_drain(fds[0]);
	assert_int_equal(reads, 1);
	close(fds[0]);
}

static void test_refused(void **state)
{
	struct ezlb_err err = { 0 };

	(void)state;
	fail_socket = EPROTONOSUPPORT;
	assert_int_equal(ezlb_nft_watch_open(&err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.msg, "modprobe nf_tables"));
	fail_bind = EPERM;
	assert_int_equal(ezlb_nft_watch_open(&err), -EPERM);
	assert_non_null(strstr(err.msg, "CAP_NET_ADMIN"));
	fail_bind = EINVAL;
	assert_int_equal(ezlb_nft_watch_open(&err), -EINVAL);
	assert_non_null(strstr(err.msg, "cannot subscribe to nf_tables"));
}

static int apply(struct ezlb_layer *layer, enum ezlb_op_kind kind)
{
	struct ezlb_op op = { .kind = kind }, *ops = &op;

	return layer->apply(layer, &ops, 1, NULL);
}

/* In a network namespace of its own, where this may be made and the kernel has nf_tables. */
static void test_kernel(void **state)
{
	EZLB_AUTO_CLOSE int fd = -1;
	struct ezlb_layer *layer;

	(void)state;
	if (unshare(CLONE_NEWNET) < 0)
		return;
	fd = ezlb_nft_watch_open(NULL);
	assert_int_equal(ezlb_snat_nftables_open(&layer, NULL), 0);
	if (fd >= 0 && apply(layer, EZLB_OP_SNAT_SETUP) == 0) {
		for (int i = 0; i < 50; i++) { /* more than it has room for */
			assert_int_equal(apply(layer, EZLB_OP_SNAT_TEARDOWN), 0);
			assert_int_equal(apply(layer, EZLB_OP_SNAT_SETUP), 0);
		}
		assert_true(is_readable(fd));
		reads = 0;
		ezlb_nft_watch_drain(fd);
		assert_true(reads < 50);
		assert_false(is_readable(fd));
		assert_int_equal(apply(layer, EZLB_OP_SNAT_SETUP), 0); /* no change */
		assert_false(is_readable(fd));
		assert_int_equal(apply(layer, EZLB_OP_SNAT_TEARDOWN), 0);
		assert_true(is_readable(fd));
	}
	layer->close(layer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_drain_ends),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
