// SPDX-License-Identifier: GPL-2.0-or-later
#include "route.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "attrs.h"

#define ANSWER_SECONDS 2
#define ANSWER_BYTES   32768 /* the kernel's largest part of a dump, netlink_dump() */

static size_t addr_size(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

/* None, or one that is not of IPv4 or IPv6: left as it is. */
static void get_addr(const struct nlattr *attr, uint8_t family, struct ezlb_addr *out)
{
	if (!attr || mnl_attr_get_payload_len(attr) != addr_size(family))
		return;
	out->family = family;
	memcpy(out->bytes, mnl_attr_get_payload(attr), addr_size(family));
}

static int on_link(const struct nlmsghdr *msg, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);
	struct net_facts *net = data;
	struct link_fact *link;
	struct attrs attrs;

	if (msg->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	attrs_read(msg, sizeof(*info), &attrs);
	link = EZLB_PUSH(&net->links);
	link->index = info->ifi_index;
	link->on_wire = (info->ifi_flags & IFF_UP) &&
			!(info->ifi_flags & (IFF_LOOPBACK | IFF_NOARP));
	ezlb_strcpy(link->name, sizeof(link->name), attrs_str(&attrs, IFLA_IFNAME));
	return MNL_CB_OK;
}

static int on_addr(const struct nlmsghdr *msg, void *data)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(msg);
	struct addr_fact fact = { .link = (int)info->ifa_index };
	struct net_facts *net = data;
	struct attrs attrs;

	if (msg->nlmsg_type != RTM_NEWADDR)
		return MNL_CB_OK;
	attrs_read(msg, sizeof(*info), &attrs);
	/* IFA_ADDRESS is the peer's where there is one; IPv6 has IFA_LOCAL only then. */
	get_addr(attrs.at[attrs.at[IFA_LOCAL] ? IFA_LOCAL : IFA_ADDRESS], info->ifa_family,
		 &fact.addr);
	*EZLB_PUSH(&net->addrs) = fact;
	return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *msg, void *data)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(msg);
	struct route_fact *out = data;
	struct attrs attrs;

	if (msg->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_OK;
	attrs_read(msg, sizeof(*info), &attrs);
	out->type = info->rtm_type;
	if (attrs.at[RTA_OIF])
		out->link = (int)mnl_attr_get_u32(attrs.at[RTA_OIF]);
	get_addr(attrs.at[RTA_PREFSRC], info->rtm_family, &out->source);
	return MNL_CB_OK;
}

/* The socket goes with what breaks: a late answer would be taken for one to the next question. */
static int broken(struct route *route, int rc)
{
	route_close(route);
	return rc;
}

/* Sends one question and hands over every message of the answer; the kernel's -errno where no. */
static int ask(struct route *route, struct nlmsghdr *question, mnl_cb_t on_msg, void *arg)
{
	EZLB_AUTO_FREE char *answer = NULL;
	int rc = MNL_CB_OK;

	if (route->fd < 0)
		return -ETIMEDOUT;
	question->nlmsg_seq = ++route->seq;
	if (send(route->fd, question, question->nlmsg_len, 0) < 0)
		return broken(route, -errno);
	answer = ezlb_calloc(1, ANSWER_BYTES);
	while (rc == MNL_CB_OK) {
		ssize_t n = recv(route->fd, answer, ANSWER_BYTES, 0);

		if (n < 0)
			return broken(route, errno == EAGAIN ? -ETIMEDOUT : -errno);
		rc = mnl_cb_run(answer, (size_t)n, route->seq, 0, on_msg, arg);
	}
	return rc < 0 ? -errno : 0;
}

static int dump(struct route *route, uint16_t type, mnl_cb_t on_msg, struct net_facts *out)
{
	char buf[NLMSG_ALIGN(sizeof(struct nlmsghdr)) + sizeof(struct ifinfomsg)];
	struct nlmsghdr *question = mnl_nlmsg_put_header(buf);

	question->nlmsg_type = type;
	question->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(question, sizeof(struct ifinfomsg));
	return ask(route, question, on_msg, out);
}

int route_lookup(void *arg, const struct ezlb_addr *to, const struct ezlb_addr *from,
		 struct route_fact *out)
{
	char buf[256];
	struct nlmsghdr *question = mnl_nlmsg_put_header(buf);
	size_t size = addr_size(to->family);
	struct rtmsg *info;

	*out = (struct route_fact){ .type = RTN_UNSPEC };
	question->nlmsg_type = RTM_GETROUTE;
	/* With the acknowledgement an answer ends like a dump. */
	question->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = mnl_nlmsg_put_extra_header(question, sizeof(*info));
	info->rtm_family = to->family;
	info->rtm_dst_len = (uint8_t)(8 * size);
	mnl_attr_put(question, RTA_DST, size, to->bytes);
	if (from) {
		info->rtm_src_len = (uint8_t)(8 * size);
		mnl_attr_put(question, RTA_SRC, size, from->bytes);
	}
	return ask(arg, question, on_route, out);
}

int route_open(struct route *route, struct ezlb_err *err)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	*route = (struct route){ .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) };
	if (route->fd < 0 || connect(route->fd, (const struct sockaddr *)&kernel, sizeof(kernel)) ||
	    setsockopt(route->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit))) {
		int code = errno;

		route_close(route);
		return ezlb_err_sys(err, code, "cannot speak rtnetlink");
	}
	return 0;
}

void route_close(struct route *route)
{
	ezlb_close_fd(&route->fd);
	route->fd = -1;
}

int route_read(struct route *route, const char *root, struct net_facts *out, struct ezlb_err *err)
{
	int rc = dump(route, RTM_GETLINK, on_link, out);

	if (rc == 0)
		rc = dump(route, RTM_GETADDR, on_addr, out);
	for (size_t i = 0; i < out->links.len; i++)
		out->links.items[i].rp_filter = facts_rp_filter(root, out->links.items[i].name);
	return rc < 0 ? ezlb_err_sys(err, -rc, "cannot list links and addresses over rtnetlink")
		      : 0;
}
