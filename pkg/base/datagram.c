// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/datagram.h>

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <ezlb/duration.h>

static int wait_readable(int fd, uint64_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	for (;;) {
		uint64_t now = ezlb_now_ms();
		int n = poll(&pfd, 1, now < deadline ? (int)(deadline - now) : 0);

		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* Returns -EAGAIN if there is none yet. */
static ssize_t take(int fd, void *buf, size_t size)
{
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (n > 0)
		return msg.msg_flags & MSG_TRUNC ? -EBADMSG : n;
	if (n == 0)
		return -EPIPE;
	return errno == EINTR ? -EAGAIN : -errno;
}

/* The kernel has answered most requests by the time they are sent: then nothing is waited for. */
ssize_t ezlb_datagram_receive(int fd, uint64_t deadline, void *buf, size_t size)
{
	ssize_t n = take(fd, buf, size);

	while (n == -EAGAIN) {
		int rc = wait_readable(fd, deadline);

		if (rc)
			return rc;
		n = take(fd, buf, size);
	}
	return n;
}
