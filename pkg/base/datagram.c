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

ssize_t ezlb_datagram_receive(int fd, uint64_t deadline, void *buf, size_t size)
{
	for (;;) {
		struct iovec iov = { .iov_base = buf, .iov_len = size };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
		int rc = wait_readable(fd, deadline);
		ssize_t n;

		if (rc)
			return rc;
		n = recvmsg(fd, &msg, MSG_DONTWAIT);
		if (n > 0)
			return msg.msg_flags & MSG_TRUNC ? -EBADMSG : n;
		if (n == 0)
			return -EPIPE;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}
