// SPDX-License-Identifier: GPL-2.0-or-later
#include "route.h"

#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/socket.h>

#define ANSWER_MS 2000

const struct ezlb_nl_source route_kernel = { .protocol = NETLINK_ROUTE, .timeout_ms = ANSWER_MS };

static size_t addr_size(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

/* Sets *out; leaves it unchanged without an IPv4 or IPv6 address. */
static void get_addr(const struct nlattr *attr, uint8_t family, struct ezlb_addr *out)
{
	if (!attr || mnl_attr_get_payload_len(attr) != addr_size(family))
		return;
	out->family = family;
	memcpy(out->bytes, mnl_attr_get_payload(attr), addr_size(family));
}

static int on_link(void *arg, const struct nlmsghdr *msg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);
	struct net_facts *net = arg;
	struct link_fact *link;
	struct ezlb_nl_attrs attrs;

	if (msg->nlmsg_type != RTM_NEWLINK)
		return 0;
	if (ezlb_nl_attrs_read(msg, sizeof(*info), &attrs))
		return -EBADMSG;
	link = EZLB_PUSH(&net->links);
	link->index = info->ifi_index;
	link->up = info->ifi_flags & IFF_UP;
	link->on_wire = (info->ifi_flags & IFF_UP) &&
			!(info->ifi_flags & (IFF_LOOPBACK | IFF_NOARP));
	ezlb_strcpy(link->name, sizeof(link->name), ezlb_nl_attrs_str(&attrs, IFLA_IFNAME));
	return 0;
}

static int on_addr(void *arg, const struct nlmsghdr *msg)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(msg);
	struct addr_fact fact = { 0 };
	struct net_facts *net = arg;
	struct ezlb_nl_attrs attrs;

	if (msg->nlmsg_type != RTM_NEWADDR)
		return 0;
	if (ezlb_nl_attrs_read(msg, sizeof(*info), &attrs))
		return -EBADMSG;
	fact.link = (int)info->ifa_index;
	/* IFA_ADDRESS is the peer's address, if any; IPv6 sends IFA_LOCAL only with a peer. */
	get_addr(attrs.at[attrs.at[IFA_LOCAL] ? IFA_LOCAL : IFA_ADDRESS], info->ifa_family,
		 &fact.addr);
	*EZLB_PUSH(&net->addrs) = fact;
	return 0;
}

static int on_route(void *arg, const struct nlmsghdr *msg)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(msg);
	struct route_fact *out = arg;
	struct ezlb_nl_attrs attrs;

	if (msg->nlmsg_type != RTM_NEWROUTE)
		return 0;
	if (ezlb_nl_attrs_read(msg, sizeof(*info), &attrs))
		return -EBADMSG;
	out->type = info->rtm_type;
	if (attrs.at[RTA_OIF] && mnl_attr_validate(attrs.at[RTA_OIF], MNL_TYPE_U32) == 0)
		out->link = (int)mnl_attr_get_u32(attrs.at[RTA_OIF]);
	get_addr(attrs.at[RTA_PREFSRC], info->rtm_family, &out->source);
	return 0;
}

static int ask(struct route *route, struct ezlb_nl_buf *request, ezlb_nl_msg_fn fn, void *arg)
{
	int rc;

	if (route->timed_out)
		return -ETIMEDOUT;
	ezlb_nl_begin(route->nl);
	rc = ezlb_nl_ask(route->nl, request, fn, arg);
	route->timed_out = rc == -ETIMEDOUT;
	return rc;
}

static int dump(struct route *route, uint16_t type, ezlb_nl_msg_fn fn, struct net_facts *out)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf request = { .items = NULL };

	mnl_nlmsg_put_extra_header(ezlb_nl_msg_start(&request, type, NLM_F_DUMP),
				   sizeof(struct ifinfomsg));
	ezlb_nl_msg_end(&request);
	return ask(route, &request, fn, out);
}

int route_lookup(void *arg, const struct ezlb_addr *to, const struct ezlb_addr *from,
		 struct route_fact *out)
{
	EZLB_NL_AUTO_BUF struct ezlb_nl_buf request = { .items = NULL };
	struct nlmsghdr *msg = ezlb_nl_msg_start(&request, RTM_GETROUTE, NLM_F_ACK);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));
	size_t size = addr_size(to->family);

	*out = (struct route_fact){ .type = RTN_UNSPEC };
	info->rtm_family = to->family;
	info->rtm_dst_len = (uint8_t)(8 * size);
	mnl_attr_put(msg, RTA_DST, size, to->bytes);
	if (from) {
		info->rtm_src_len = (uint8_t)(8 * size);
		mnl_attr_put(msg, RTA_SRC, size, from->bytes);
	}
	ezlb_nl_msg_end(&request);
	return ask(arg, &request, on_route, out);
}

void route_open(struct route *route, const struct ezlb_nl_source *source)
{
	*route = (struct route){ .nl = ezlb_nl_new(source) };
}

void route_close(struct route *route)
{
	ezlb_nl_free(route->nl);
	route->nl = NULL;
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
