// SPDX-License-Identifier: GPL-2.0-or-later
/* watch: notifications of rtnetlink. */
#include "wire.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#define READS_MAX     4096 /* notifications that one call takes; the next call takes the others */
#define BUFFER_BYTES  (256 * 1024)
#define MESSAGE_BYTES (32 * 1024)

static const int groups[] = { RTNLGRP_LINK,	   RTNLGRP_TC,	       RTNLGRP_IPV4_IFADDR,
			      RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
			      RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE };

static int subscribe(int fd)
{
	const struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int size = BUFFER_BYTES, nexthop = RTNLGRP_NEXTHOP;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])) < 0)
			return -errno;
	/* A kernel before 5.3 does not know this group, and has no nexthops. */
	setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nexthop, sizeof(nexthop));
	return 0;
}

static int open_watch(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE), rc;

	if (fd < 0)
		return -errno;
	rc = subscribe(fd);
	if (rc < 0)
		ezlb_close_fd(&fd);
	return rc < 0 ? rc : fd;
}

static void on_datagram(struct world *world, const void *bytes, size_t len)
{
	const struct nlmsghdr *msg = bytes;
	int left = (int)len;

	for (; left > 0; msg = mnl_nlmsg_next(msg, &left)) {
		if (!ezlb_nl_msg_is_whole(msg, left)) {
			world_lose(world);
			return;
		}
		world_on_event(world, msg);
	}
}

/* False: there is nothing more to read now. */
static bool take(struct wire *wire, struct world *world)
{
	_Alignas(struct nlmsghdr) unsigned char in[MESSAGE_BYTES];
	ssize_t n = recv(wire->watch, in, sizeof(in), MSG_DONTWAIT | MSG_TRUNC);

	if (n > 0 && (size_t)n <= sizeof(in)) {
		on_datagram(world, in, (size_t)n);
		return true;
	}
	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN)
		return false;
	world_lose(world); /* notifications were lost, or one is too long */
	if (n > 0 || (n < 0 && errno == ENOBUFS))
		return true;
	ezlb_close_fd(&wire->watch);
	return false;
}

void wire_listen(struct wire *wire, struct world *world)
{
	if (wire->watch < 0) {
		int fd = open_watch();

		wire->watch = fd < 0 ? -1 : fd;
		world_forget(world);
		if (fd < 0)
			return;
	}
	for (int i = 0; i < READS_MAX && take(wire, world); i++)
		;
}
