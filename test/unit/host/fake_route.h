/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel behind rtnetlink that is made up: a script says what it answers, and what it was asked
 * is there as text. The system calls of the socket are replaced.
 */
#pragma once

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <ezlb/addr.h>
#include <ezlb/mem.h>

#define IFINDEX 7

/* What is answered to one request, in the order of the requests. */
struct answer {
	int error;	  /* a positive errno; SILENT: nothing at all */
	const char *kind; /* RTM_GETLINK: the link there is; "" one without a kind */
	unsigned flags;	  /* its flags */
	bool interrupted; /* RTM_GETADDR: the dump is */
	const char *addr; /* RTM_GETADDR: one on the link */
	int prefix;
	const char *peer; /* at the other end, as of a tunnel */
	bool elsewhere;	  /* on another link */
	int route;	  /* RTM_GETROUTE: its type */
	uint32_t metric;  /* ... and its metric */
};
#define SILENT -1

/* The link there is: up and noarp, or none. */
#define READY (IFF_UP | IFF_NOARP)
#define THERE                                   \
	{                                       \
		.kind = "dummy", .flags = READY \
	}
#define NONE                    \
	{                       \
		.error = ENODEV \
	}
#define TORN                                                           \
	{                                                              \
		.interrupted = true, .addr = "192.0.2.1", .prefix = 32 \
	}
/* The route of an IPv6 address is there. */
#define LOCAL                      \
	{                          \
		.route = RTN_LOCAL \
	}
#define MUTE                    \
	{                       \
		.error = SILENT \
	}

static const struct answer *script;
static char said[1024]; /* the requests, as text */

static struct {
	_Alignas(struct nlmsghdr) char data[512];
	size_t len;
} queue[4];
static size_t queued;
static int fail_socket;

static struct nlmsghdr *queue_push(const struct nlmsghdr *request, int type, int flags, size_t len)
{
	struct nlmsghdr *msg = (void *)queue[queued].data;

	assert_true(queued < sizeof(queue) / sizeof(queue[0]));
	memset(&queue[queued], 0, sizeof(queue[queued]));
	*msg = (struct nlmsghdr){ .nlmsg_len = (unsigned)NLMSG_LENGTH(len),
				  .nlmsg_type = (uint16_t)type,
				  .nlmsg_flags = (uint16_t)flags,
				  .nlmsg_seq = request->nlmsg_seq,
				  .nlmsg_pid = request->nlmsg_pid };
	queue[queued++].len = NLMSG_ALIGN(msg->nlmsg_len);
	return msg;
}

static struct rtattr *put(struct nlmsghdr *msg, int type, const void *data, size_t len)
{
	struct rtattr *attr = (void *)((char *)msg + NLMSG_ALIGN(msg->nlmsg_len));

	attr->rta_type = (uint16_t)type;
	attr->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(attr), data, len);
	msg->nlmsg_len = (unsigned)(NLMSG_ALIGN(msg->nlmsg_len) + RTA_ALIGN(attr->rta_len));
	queue[queued - 1].len = msg->nlmsg_len;
	return attr;
}

static void answer_link(const struct nlmsghdr *request, const struct answer *answer)
{
	struct nlmsghdr *msg = queue_push(request, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	struct ifinfomsg *info = NLMSG_DATA(msg);
	_Alignas(struct rtattr) char nested[64] = { 0 };
	struct rtattr *kind = (void *)nested;

	info->ifi_index = IFINDEX;
	info->ifi_flags = answer->flags;
	put(msg, IFLA_IFNAME, "vip0", 5);
	if (!*answer->kind)
		return;
	kind->rta_type = IFLA_INFO_KIND;
	kind->rta_len = (uint16_t)RTA_LENGTH(strlen(answer->kind) + 1);
	memcpy(RTA_DATA(kind), answer->kind, strlen(answer->kind) + 1);
	put(msg, IFLA_LINKINFO, nested, RTA_ALIGN(kind->rta_len));
}

static void answer_dump(const struct nlmsghdr *request, const struct answer *answer)
{
	int flags = NLM_F_MULTI | (answer->interrupted ? NLM_F_DUMP_INTR : 0);
	struct ezlb_addr addr;
	struct nlmsghdr *msg;

	if (answer->addr) {
		assert_int_equal(ezlb_addr_parse(answer->addr, &addr, NULL), 0);
		msg = queue_push(request, RTM_NEWADDR, flags, sizeof(struct ifaddrmsg));
		*(struct ifaddrmsg *)NLMSG_DATA(msg) =
			(struct ifaddrmsg){ .ifa_family = addr.family,
					    .ifa_prefixlen = (uint8_t)answer->prefix,
					    .ifa_index = IFINDEX + answer->elsewhere };
		put(msg, IFA_LOCAL, addr.bytes, addr.family == AF_INET ? 4 : 16);
		if (answer->peer)
			assert_int_equal(ezlb_addr_parse(answer->peer, &addr, NULL), 0);
		put(msg, IFA_ADDRESS, addr.bytes, addr.family == AF_INET ? 4 : 16);
	}
	queue_push(request, NLMSG_DONE, flags, sizeof(int));
}

static void answer_route(const struct nlmsghdr *request, const struct answer *answer)
{
	struct nlmsghdr *msg = queue_push(request, RTM_NEWROUTE, 0, sizeof(struct rtmsg));

	((struct rtmsg *)NLMSG_DATA(msg))->rtm_type = (unsigned char)answer->route;
	put(msg, RTA_PRIORITY, &answer->metric, sizeof(answer->metric));
}

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	size_t len = strlen(said);
	va_list args;

	va_start(args, fmt);
	vsnprintf(said + len, sizeof(said) - len, fmt, args);
	va_end(args);
}

static void say_attrs(struct nlmsghdr *msg, size_t skip, int family)
{
	int left = (int)(msg->nlmsg_len - NLMSG_SPACE(skip));
	struct rtattr *attr = (void *)((char *)msg + NLMSG_SPACE(skip));

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		struct rtattr *kind = RTA_DATA(attr);
		struct ezlb_addr addr = { .family = (uint8_t)family };
		char text[EZLB_ADDR_STRLEN];

		if (family) {
			memcpy(addr.bytes, RTA_DATA(attr), RTA_PAYLOAD(attr));
			say(" %s=%s", attr->rta_type == IFA_LOCAL ? "local" : "address",
			    ezlb_addr_format(&addr, text));
		} else if (attr->rta_type == IFLA_IFNAME) {
			say(" %s", (const char *)RTA_DATA(attr));
		} else if ((attr->rta_type & NLA_TYPE_MASK) == IFLA_LINKINFO) {
			say(" kind=%s", (const char *)RTA_DATA(kind));
		}
	}
}

static void say_route(struct nlmsghdr *msg)
{
	const struct rtmsg *info = NLMSG_DATA(msg);
	int left = (int)(msg->nlmsg_len - NLMSG_SPACE(sizeof(*info)));
	struct rtattr *attr = (void *)((char *)msg + NLMSG_SPACE(sizeof(*info)));

	say("%sroute type=%d table=%d prefix=%d", msg->nlmsg_type == RTM_NEWROUTE ? "new" : "del",
	    info->rtm_type, info->rtm_table, info->rtm_dst_len);
	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		struct ezlb_addr addr = { .family = info->rtm_family };
		char text[EZLB_ADDR_STRLEN];
		uint32_t number = 0;

		memcpy(attr->rta_type == RTA_DST ? addr.bytes : (uint8_t *)&number, RTA_DATA(attr),
		       RTA_PAYLOAD(attr));
		if (attr->rta_type == RTA_DST)
			say(" dst=%s", ezlb_addr_format(&addr, text));
		else
			say(" %s=%u", attr->rta_type == RTA_OIF ? "index" : "metric", number);
	}
}

static void say_request(struct nlmsghdr *msg)
{
	const struct ifinfomsg *info = NLMSG_DATA(msg);
	const struct ifaddrmsg *addr = NLMSG_DATA(msg);
	bool excl = msg->nlmsg_flags & NLM_F_EXCL;

	switch (msg->nlmsg_type) {
	case RTM_GETLINK:
		say("getlink");
		say_attrs(msg, sizeof(*info), 0);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		say("%slink index=%d flags=%x/%x%s", msg->nlmsg_type == RTM_NEWLINK ? "new" : "del",
		    info->ifi_index, info->ifi_flags, info->ifi_change, excl ? " excl" : "");
		say_attrs(msg, sizeof(*info), 0);
		break;
	case RTM_GETADDR:
		say("getaddr");
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		say_route(msg);
		break;
	case RTM_GETROUTE:
		say("getroute");
		break;
	default:
		say("%saddr index=%u prefix=%d flags=%x%s%s",
		    msg->nlmsg_type == RTM_NEWADDR ? "new" : "del", addr->ifa_index,
		    addr->ifa_prefixlen, addr->ifa_flags, excl ? " excl" : "",
		    msg->nlmsg_type == RTM_NEWADDR && msg->nlmsg_flags & NLM_F_REPLACE ? " replace"
										       : "");
		say_attrs(msg, sizeof(*addr), addr->ifa_family);
	}
	say("\n");
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	union {
		struct nlmsghdr msg;
		char bytes[512];
	} copy;
	struct nlmsghdr *request = &copy.msg;
	const struct answer *answer = script++;

	(void)fd;
	(void)flags;
	assert_true(len <= sizeof(copy));
	memcpy(&copy, bytes, len);
	assert_int_equal(NLMSG_ALIGN(request->nlmsg_len), len);
	say_request(request);
	if (answer->error == SILENT)
		return (ssize_t)len;
	if (!answer->error && request->nlmsg_type == RTM_GETLINK)
		answer_link(request, answer);
	if (!answer->error && request->nlmsg_type == RTM_GETROUTE)
		answer_route(request, answer);
	if (!answer->error && request->nlmsg_type == RTM_GETADDR)
		answer_dump(request, answer);
	else
		((struct nlmsgerr *)NLMSG_DATA(
			 queue_push(request, NLMSG_ERROR, 0, sizeof(struct nlmsgerr))))
			->error = -answer->error;
	return (ssize_t)len;
}

/* With nothing to receive nobody has to wait: it is enough that the limit is the right one. */
int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)fds;
	assert_int_equal(n, 1);
	assert_true(timeout > 4000 && timeout <= 5000);
	return queued > 0;
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	size_t len = queue[0].len;

	(void)fd;
	assert_int_equal(flags, MSG_DONTWAIT);
	if (queued == 0) {
		errno = EAGAIN;
		return -1;
	}
	assert_true(msg->msg_iov[0].iov_len >= len);
	memcpy(msg->msg_iov[0].iov_base, queue[0].data, len);
	msg->msg_flags = 0;
	memmove(&queue[0], &queue[1], --queued * sizeof(queue[0]));
	return (ssize_t)len;
}

int usleep(useconds_t us)
{
	(void)us;
	return 0;
}

int socket(int family, int type, int protocol)
{
	assert_int_equal(family, AF_NETLINK);
	assert_int_equal(protocol, NETLINK_ROUTE);
	assert_true(type & SOCK_CLOEXEC);
	errno = fail_socket;
	return fail_socket ? -1 : (int)syscall(SYS_socket, family, type, protocol);
}

static void begin(const struct answer *answers)
{
	script = answers;
	said[0] = '\0';
	queued = 0;
}
