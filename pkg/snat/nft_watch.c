// SPDX-License-Identifier: GPL-2.0-or-later
/* nft_watch: subscribes to nf_tables notifications. */
#include <ezlb/snat.h>

#include <errno.h>
#include <sys/socket.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <ezlb/mem.h>

#define READS_MAX 64

/*
 * A few queued messages are enough: each only says that something changed. Not fewer: Linux 6.12
 * drops a message for which there is no room also where the queue is empty, as 6.1 does not.
 */
static void keep_small(int fd)
{
	int size = 16 * 1024, on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
}

int ezlb_nft_watch_open(struct ezlb_err *err)
{
	const struct sockaddr_nl addr = { .nl_family = AF_NETLINK,
					  .nl_groups = 1u << (NFNLGRP_NFTABLES - 1) };
	int fd, rc;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	if (fd < 0)
		return ezlb_err_sys(err, errno,
				    "cannot subscribe to nf_tables (run 'modprobe nf_tables' to "
				    "see whether the kernel has it)");
	keep_small(fd);
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	rc = errno;
	ezlb_close_fd(&fd);
	if (rc == EPERM)
		return ezlb_err_set(err, EPERM,
				    "not allowed to subscribe to nf_tables: it needs "
				    "CAP_NET_ADMIN, run ezlb as root");
	return ezlb_err_sys(err, rc, "cannot subscribe to nf_tables");
}

void ezlb_nft_watch_drain(int fd)
{
	char byte;

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(fd, &byte, sizeof(byte), MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EINTR && errno != ENOBUFS))
			return;
	}
}
