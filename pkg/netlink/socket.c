// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/netlink.h>

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <ezlb/mem.h>

int ezlb_nl_socket(int protocol, int receive_bytes)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), on = 1;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0) {
		int rc = -errno;

		ezlb_close_fd(&fd);
		return rc;
	}
	/* FORCE exceeds net.core.rmem_max but needs CAP_NET_ADMIN; the default works too. */
	if (receive_bytes &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof(receive_bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
	/*
	 * Errors then contain only the head of the request, not all of its up to 64 KiB. A kernel
	 * before 4.3 ignores this and sends longer errors, which is harmless.
	 */
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return fd;
}
