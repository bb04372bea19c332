// SPDX-License-Identifier: GPL-2.0-or-later
#include "feed.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <ezlb/netlink.h>

#include "filter.h"

int feed_open(int bytes, struct ezlb_err *err)
{
	int fd = ezlb_nl_socket(NETLINK_NETFILTER, bytes), on = 1;

	if (fd < 0)
		return ezlb_err_sys(err, -fd, "cannot open a netlink socket");
	/* With ENOBUFS the kernel drops everything until the socket is empty. */
	setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	return fd;
}

int feed_join(int fd, struct ezlb_err *err)
{
	int group = NFNLGRP_CONNTRACK_DESTROY;

	if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return ezlb_err_sys(err, errno, "cannot receive the events of conntrack");
	return 0;
}

/*
 * The kernel counts the old program and the new one together, so the old one is removed first.
 * Meanwhile all messages pass, and the receiver ignores those that it does not want.
 */
static int attach(int fd, const struct filter *filter)
{
	const struct sock_fprog program = { .len = (unsigned short)filter->len,
					    .filter = filter->items };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno
											   : 0;
}

int feed_filter(int fd, const struct ezlb_connections_index *index, struct ezlb_err *err)
{
	struct filter filter = { 0 };
	int unused = 0, rc = -ENOMEM;

	setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
	for (int grain = 0; grain < FILTER_GRAINS && rc == -ENOMEM; grain++)
		if (filter_make(index, (enum filter_grain)grain, &filter))
			rc = attach(fd, &filter);
	EZLB_VEC_CLEAR(&filter);
	return rc < 0 ? ezlb_err_sys(err, -rc, "cannot filter the events of conntrack") : 0;
}

uint32_t feed_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	/* Since Linux 4.12. */
	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	return info[SK_MEMINFO_DROPS];
}
