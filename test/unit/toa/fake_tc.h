/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel behind rtnetlink that is made up: interfaces with a qdisc and filters, and routes. It
 * counts the messages of each type, and fails as it is told. The system calls of the sockets are
 * replaced: one socket asks, the other one listens.
 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fake_tc_msg.h"

#include <ezlb/addr.h>
#include <ezlb/mem.h>
#include <ezlb/netlink.h>

#define SILENT -1 /* an error: no answer at all */

static struct {
	struct fake_link links[4];
	size_t n_links;
	struct fake_route routes[5];
	size_t n_routes;

	int seen[256]; /* requests by type */
	int sends;     /* calls of send */
	int sockets;   /* open ones */
	int opened;    /* calls of socket */
	/* Faults: an errno, for requests of one type; after so many of them that succeed. */
	int fail_type, fail_errno, fail_after;
	int interrupt;	 /* so many dumps are interrupted */
	int fail_socket; /* errno; of the listening one if it is negative */
	int fail_bind, fail_join;
	int events_errno; /* once: what recv says instead */
	bool events_huge; /* once: a message that is longer than the buffer */
} fake;

/* --- answers --------------------------------------------------------------------------------- */

/* Queues what is in the buffer as an answer to the request. */
static void fake_answer(const struct nlmsghdr *request, struct ezlb_nl_buf *buf)
{
	struct nlmsghdr *msg = (void *)buf->items;

	msg->nlmsg_seq = request->nlmsg_seq;
	fake_push(&answers, buf);
	buf->len = 0;
}

static void fake_end(const struct nlmsghdr *request, uint16_t type, int code, uint16_t flags)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nl_msg_start(&buf, type, 0);

	*(int *)mnl_nlmsg_put_extra_header(msg, sizeof(int)) = code;
	msg->nlmsg_flags = flags;
	ezlb_nl_msg_end(&buf);
	fake_answer(request, &buf);
}

static struct fake_link *fake_by_index(int index)
{
	for (size_t i = 0; i < fake.n_links; i++)
		if (fake.links[i].index == index)
			return &fake.links[i];
	return NULL;
}

static int fake_get_link(const struct nlmsghdr *request, const char *name)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	bool any = false;

	for (size_t i = 0; i < fake.n_links; i++) {
		if (name && strcmp(fake.links[i].name, name) != 0)
			continue;
		fake_link_msg(&buf, RTM_NEWLINK, &fake.links[i]);
		fake_answer(request, &buf);
		any = true;
	}
	return any || !name ? 0 : -ENODEV;
}

static int fake_get_qdiscs(const struct nlmsghdr *request)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

	for (size_t i = 0; i < fake.n_links; i++) {
		fake_qdisc_msg(&buf, RTM_NEWQDISC, fake.links[i].index, "noqueue", TC_H_ROOT);
		fake_answer(request, &buf);
		if (!fake.links[i].qdisc)
			continue;
		fake_qdisc_msg(&buf, RTM_NEWQDISC, fake.links[i].index, fake.links[i].qdisc,
			       TC_H_CLSACT);
		fake_answer(request, &buf);
	}
	return 0;
}

static int fake_get_filters(const struct nlmsghdr *request, const struct tcmsg *head)
{
	const struct fake_link *link = fake_by_index(head->tcm_ifindex);
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };

	for (size_t i = 0; link && i < link->n; i++) {
		if (link->filters[i].parent != head->tcm_parent)
			continue;
		for (int whole = 0; whole <= 1; whole++) {
			fake_filter_msg(&buf, RTM_NEWTFILTER, link->index, &link->filters[i],
					whole);
			fake_answer(request, &buf);
		}
	}
	return link ? 0 : -ENODEV;
}

static int fake_get_route(const struct nlmsghdr *request)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(request);
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf buf = { .items = NULL };
	struct ezlb_nl_attrs attrs;
	const uint8_t *dst;

	assert_int_equal(ezlb_nl_attrs_read(request, sizeof(*head), &attrs), 0);
	assert_true(head->rtm_flags & RTM_F_FIB_MATCH);
	/* What IPVS looks up: the address, and nothing else. */
	assert_null(attrs.at[RTA_SRC]);
	assert_null(attrs.at[RTA_OIF]);
	assert_null(attrs.at[RTA_MARK]);
	dst = mnl_attr_get_payload(attrs.at[RTA_DST]);
	for (size_t i = 0; i < fake.n_routes; i++) {
		if (head->rtm_family != AF_INET || fake.routes[i].net != dst[2])
			continue;
		fake_route_msg(&buf, RTM_NEWROUTE, &fake.routes[i]);
		fake_answer(request, &buf);
		return 0;
	}
	return -ENETUNREACH;
}

static int fake_change_qdisc(const struct nlmsghdr *request, struct fake_link *link)
{
	if (!link)
		return -ENODEV;
	if (request->nlmsg_type == RTM_NEWQDISC) {
		assert_true(request->nlmsg_flags & NLM_F_EXCL);
		if (link->qdisc)
			return -EEXIST;
		link->qdisc = "clsact";
		return 0;
	}
	if (!link->qdisc)
		return -ENOENT;
	if (strcmp(link->qdisc, "clsact") != 0)
		return -EINVAL;
	link->qdisc = NULL;
	link->n = 0;
	return 0;
}

static struct fake_filter *fake_find(struct fake_link *link, const struct tcmsg *head,
				     uint32_t chain)
{
	for (size_t i = 0; i < link->n; i++) {
		struct fake_filter *f = &link->filters[i];

		if (f->parent == head->tcm_parent && f->handle == head->tcm_handle &&
		    f->pref == head->tcm_info >> 16 && f->chain == chain)
			return f;
	}
	return NULL;
}

static int fake_change_filter(const struct nlmsghdr *request, struct fake_link *link)
{
	const struct tcmsg *head = mnl_nlmsg_get_payload(request);
	struct ezlb_nl_attrs attrs, bpf;
	struct fake_filter *f;
	uint32_t chain;

	assert_int_equal(ezlb_nl_attrs_read(request, sizeof(*head), &attrs), 0);
	if (!link || !link->qdisc)
		return link ? -EINVAL : -ENODEV;
	chain = attrs.at[TCA_CHAIN] ? mnl_attr_get_u32(attrs.at[TCA_CHAIN]) : 0;
	f = fake_find(link, head, chain);
	if (request->nlmsg_type == RTM_DELTFILTER) {
		if (!f)
			return -ENOENT;
		*f = link->filters[--link->n];
		return 0;
	}
	assert_int_equal(ezlb_nl_attrs_nested(attrs.at[TCA_OPTIONS], &bpf), 0);
	f = f ? f : &link->filters[link->n++];
	*f = (struct fake_filter){ .parent = head->tcm_parent,
				   .handle = head->tcm_handle,
				   .pref = (uint16_t)(head->tcm_info >> 16),
				   .protocol = (uint16_t)head->tcm_info,
				   .program = mnl_attr_get_u32(bpf.at[TCA_BPF_FD]) + 100,
				   .direct = mnl_attr_get_u32(bpf.at[TCA_BPF_FLAGS]) ==
					     TCA_BPF_FLAG_ACT_DIRECT,
				   .name = "ezlb_toa" };
	assert_string_equal(ezlb_nl_attrs_str(&bpf, TCA_BPF_NAME), "ezlb_toa");
	return 0;
}

static int fake_do(const struct nlmsghdr *request)
{
	const struct tcmsg *head = mnl_nlmsg_get_payload(request);
	struct ezlb_nl_attrs attrs;

	switch (request->nlmsg_type) {
	case RTM_GETLINK:
		assert_int_equal(ezlb_nl_attrs_read(request, sizeof(struct ifinfomsg), &attrs), 0);
		return fake_get_link(request, attrs.at[IFLA_IFNAME]
						      ? mnl_attr_get_str(attrs.at[IFLA_IFNAME])
						      : NULL);
	case RTM_GETQDISC:
		return fake_get_qdiscs(request);
	case RTM_GETTFILTER:
		return fake_get_filters(request, head);
	case RTM_GETROUTE:
		return fake_get_route(request);
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
		return fake_change_qdisc(request, fake_by_index(head->tcm_ifindex));
	default:
		return fake_change_filter(request, fake_by_index(head->tcm_ifindex));
	}
}

static void fake_request(const struct nlmsghdr *request)
{
	int rc = 0, fault = 0;
	bool dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP &&
		    (request->nlmsg_type & 3) == 2; /* RTM_GET* */

	fake.seen[request->nlmsg_type]++;
	if (request->nlmsg_type == fake.fail_type && fake.fail_after-- <= 0)
		fault = fake.fail_errno;
	if (fault == SILENT)
		return;
	rc = fault ? -fault : fake_do(request);
	if (rc == 0 && dump)
		fake_end(request, NLMSG_DONE, 0, fake.interrupt > 0 ? NLM_F_DUMP_INTR : 0);
	else if (rc < 0 || request->nlmsg_flags & NLM_F_ACK)
		fake_end(request, NLMSG_ERROR, rc, 0);
	fake.interrupt -= dump && fake.interrupt > 0;
}

/* --- system calls ---------------------------------------------------------------------------- */

static int listening = -1, asking = -1;

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf copy = { .items = NULL };

	(void)flags;
	assert_int_equal(fd, asking);
	memcpy(EZLB_ROOM(&copy, len), bytes, len);
	fake.sends++;
	for (size_t at = 0; at < len;) {
		const struct nlmsghdr *msg = (const void *)(copy.items + at);

		fake_request(msg);
		at += NLMSG_ALIGN(msg->nlmsg_len);
	}
	return (ssize_t)len;
}

/* With nothing to receive nobody has to wait: it is enough that the limit is the right one. */
int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)fds;
	assert_int_equal(n, 1);
	assert_true(timeout > 4000 && timeout <= 5000);
	return answers_at < answers.len;
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	const struct fake_msg *next = &answers.items[answers_at];

	assert_int_equal(fd, asking);
	assert_int_equal(flags, MSG_DONTWAIT);
	if (answers_at == answers.len) {
		errno = EAGAIN;
		return -1;
	}
	answers_at++;
	assert_true(msg->msg_iov[0].iov_len >= next->len);
	memcpy(msg->msg_iov[0].iov_base, next->data, next->len);
	msg->msg_flags = 0;
	return (ssize_t)next->len;
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
	const struct fake_msg *next = &events.items[events_at];

	assert_int_equal(fd, listening);
	assert_true(flags & MSG_DONTWAIT && flags & MSG_TRUNC);
	errno = fake.events_errno;
	fake.events_errno = 0;
	if (errno)
		return -1;
	if (fake.events_huge) {
		fake.events_huge = false;
		return (ssize_t)size + 1;
	}
	if (events_at == events.len) {
		errno = EAGAIN;
		return -1;
	}
	events_at++;
	assert_true(next->len <= size);
	memcpy(bytes, next->data, next->len);
	return (ssize_t)next->len;
}

/* The one that does not wait is the one that listens. */
int socket(int family, int type, int protocol)
{
	bool listens = type & SOCK_NONBLOCK;
	int fd;

	assert_int_equal(family, AF_NETLINK);
	assert_int_equal(protocol, NETLINK_ROUTE);
	assert_true(type & SOCK_CLOEXEC);
	fake.opened++;
	errno = listens ? -fake.fail_socket : fake.fail_socket;
	if (errno > 0)
		return -1;
	fd = dup(STDERR_FILENO);
	*(listens ? &listening : &asking) = fd;
	return fd;
}

int bind(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	(void)addr.__sockaddr__;
	(void)len;
	assert_int_equal(fd, listening);
	errno = fake.fail_bind;
	return errno ? -1 : 0;
}

int connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
	(void)addr.__sockaddr__;
	(void)len;
	assert_int_equal(fd, asking);
	return 0;
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	(void)fd;
	(void)value;
	(void)len;
	errno = level == SOL_NETLINK && name == NETLINK_ADD_MEMBERSHIP ? fake.fail_join : 0;
	return errno ? -1 : 0;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	(void)fd;
	(void)level;
	(void)name;
	(void)len;
	*(int *)value = 212992;
	return 0;
}

/* --- the world ------------------------------------------------------------------------------- */

/* lo, and two interfaces: 10.0.1.0/24 by one, 10.0.2.0/24 by the other, 10.0.3.0/24 by both. */
static void fake_init(void)
{
	memset(&fake, 0, sizeof(fake));
	answers.len = events.len = answers_at = events_at = 0;
	fake.links[0] = (struct fake_link){ 1, "lo", IFF_UP | IFF_LOOPBACK, NULL, { { 0 } }, 0 };
	fake.links[1] = (struct fake_link){ 2, "eth0", IFF_UP, NULL, { { 0 } }, 0 };
	fake.links[2] = (struct fake_link){ 3, "eth1", IFF_UP, NULL, { { 0 } }, 0 };
	fake.n_links = 3;
	fake.routes[0] = (struct fake_route){ 1, RTN_UNICAST, { 2, 0 } };
	fake.routes[1] = (struct fake_route){ 2, RTN_UNICAST, { 3, 0 } };
	fake.routes[2] = (struct fake_route){ 3, RTN_UNICAST, { 2, 3 } };
	fake.routes[3] = (struct fake_route){ 4, RTN_LOCAL, { 1, 0 } };
	fake.routes[4] = (struct fake_route){ 5, RTN_UNICAST, { 1, 0 } };
	fake.n_routes = 5;
}

static void fake_free(void)
{
	EZLB_VEC_CLEAR(&answers);
	EZLB_VEC_CLEAR(&events);
}

static void fake_add(size_t link, const struct fake_filter *filter)
{
	fake.links[link].filters[fake.links[link].n++] = *filter;
}
