// SPDX-License-Identifier: GPL-2.0-or-later
/* local: reads the kernel's local routing table, and subscribes to changes of addresses. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <ezlb/host.h>

#include "local.h"

#define TIMEOUT_MS    5000
#define DUMP_ATTEMPTS 5	   /* the table may change while it is read */
#define READS_MAX     1000 /* notifications that one call takes from the socket */

/*
 * With strict checks the kernel dumps only the table that was asked for. Without them (before Linux
 * 4.20) it dumps all tables, and on_route leaves out the others.
 */
static int open_strict(void *arg)
{
	int fd = ezlb_nl_socket(NETLINK_ROUTE, 0), on = 1;

	(void)arg;
	if (fd >= 0)
		setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return fd;
}

static const struct ezlb_nl_source kernel = { .protocol = NETLINK_ROUTE,
					      .timeout_ms = TIMEOUT_MS,
					      .socket = open_strict };

static size_t addr_size(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

/* Adds the route to the table if it is of type local. */
static int on_route(void *arg, const struct nlmsghdr *msg)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(msg);
	struct ezlb_addr addr = { 0 };
	struct ezlb_nl_attrs attrs;
	const struct nlattr *dst;
	size_t size;

	if (msg->nlmsg_type != RTM_NEWROUTE)
		return 0;
	if (ezlb_nl_attrs_read(msg, sizeof(*info), &attrs))
		return -EBADMSG;
	if (info->rtm_type != RTN_LOCAL || info->rtm_table != RT_TABLE_LOCAL ||
	    (info->rtm_family != AF_INET && info->rtm_family != AF_INET6))
		return 0;
	size = addr_size(info->rtm_family);
	addr.family = info->rtm_family;
	dst = attrs.at[RTA_DST];
	if (info->rtm_dst_len > 8 * size || (dst && mnl_attr_get_payload_len(dst) != size))
		return -EBADMSG;
	if (dst)
		memcpy(addr.bytes, mnl_attr_get_payload(dst), size);
	ezlb_local_add(arg, &addr, info->rtm_dst_len);
	return 0;
}

static int dump(struct ezlb_nl *nl, uint8_t family, struct ezlb_local *out)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf request = { .items = NULL };
	struct rtmsg *info = mnl_nlmsg_put_extra_header(
		ezlb_nl_msg_start(&request, RTM_GETROUTE, NLM_F_DUMP), sizeof(*info));

	info->rtm_family = family;
	info->rtm_table = RT_TABLE_LOCAL;
	ezlb_nl_msg_end(&request);
	ezlb_nl_begin(nl);
	return ezlb_nl_ask(nl, &request, on_route, out);
}

/* Both families; a kernel without IPv6 has no table of it. */
static int read_all(struct ezlb_nl *nl, struct ezlb_local *out)
{
	int rc = dump(nl, AF_INET, out);

	if (rc < 0)
		return rc;
	rc = dump(nl, AF_INET6, out);
	return rc == -EOPNOTSUPP || rc == -EAFNOSUPPORT ? 0 : rc;
}

int host_local_from(const struct ezlb_nl_source *source, struct ezlb_local *out,
		    struct ezlb_err *err)
{
	struct ezlb_nl *nl = ezlb_nl_new(source);
	int rc = -EINTR;

	for (int i = 0; i < DUMP_ATTEMPTS && rc == -EINTR; i++) {
		ezlb_local_clear(out);
		rc = read_all(nl, out);
	}
	ezlb_nl_free(nl);
	if (rc < 0) {
		ezlb_local_clear(out);
		return ezlb_err_sys(err, -rc, "cannot read the local routing table over rtnetlink");
	}
	ezlb_local_sort(out);
	out->known = true;
	return 0;
}

int ezlb_host_local(struct ezlb_local *out, struct ezlb_err *err)
{
	return host_local_from(&kernel, out, err);
}

int ezlb_host_watch_open(struct ezlb_err *err)
{
	const struct sockaddr_nl addr = { .nl_family = AF_NETLINK,
					  .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int rc;

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	rc = errno;
	ezlb_close_fd(&fd);
	return ezlb_err_sys(err, rc, "cannot subscribe to changes of addresses over rtnetlink");
}

void ezlb_host_watch_drain(int fd)
{
	char byte;

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(fd, &byte, sizeof(byte), MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EINTR && errno != ENOBUFS))
			return;
	}
}
