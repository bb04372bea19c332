// SPDX-License-Identifier: GPL-2.0-or-later
#include "route_msg.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static size_t addr_size(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

/*
 * With FIB_MATCH (Linux 4.13) the kernel answers with the route, which has all interfaces of a
 * multipath route. Without it the answer has the one that a packet now would take.
 */
void toa_route_put(struct ezlb_nl_buf *out, const struct ezlb_addr *to)
{
	struct nlmsghdr *msg = ezlb_nl_msg_start(out, RTM_GETROUTE, 0);
	struct rtmsg *head = mnl_nlmsg_put_extra_header(msg, sizeof(*head));
	size_t size = addr_size(to->family);

	head->rtm_family = to->family;
	head->rtm_dst_len = (unsigned char)(8 * size);
	head->rtm_flags = RTM_F_FIB_MATCH;
	mnl_attr_put(msg, RTA_DST, size, to->bytes);
	ezlb_nl_msg_end(out);
}

static void add_path(struct route_paths *paths, int ifindex)
{
	for (unsigned i = 0; i < paths->len; i++)
		if (paths->ifindex[i] == ifindex)
			return;
	if (paths->len < ROUTE_PATHS)
		paths->ifindex[paths->len++] = ifindex;
}

static int read_multipath(const struct nlattr *attr, struct route_paths *out)
{
	const char *at = mnl_attr_get_payload(attr);
	size_t left = mnl_attr_get_payload_len(attr);

	while (left >= sizeof(struct rtnexthop)) {
		const struct rtnexthop *hop = (const void *)at;
		size_t step = RTNH_ALIGN(hop->rtnh_len);

		if (hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > left)
			return -EBADMSG;
		add_path(out, hop->rtnh_ifindex);
		if (step >= left)
			break;
		at += step;
		left -= step;
	}
	return 0;
}

int toa_route_read(const struct nlmsghdr *msg, struct route_paths *out)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(msg);
	struct ezlb_nl_attrs attrs;
	const struct nlattr *oif;

	*out = (struct route_paths){ .len = 0 };
	if (ezlb_nl_attrs_read(msg, sizeof(*head), &attrs))
		return -EBADMSG;
	/* RTN_LOCAL: the backend is on this host; its packets pass no interface. */
	if (head->rtm_type != RTN_UNICAST)
		return 0;
	oif = attrs.at[RTA_OIF];
	if (oif && mnl_attr_get_payload_len(oif) == sizeof(uint32_t))
		add_path(out, (int)mnl_attr_get_u32(oif));
	return attrs.at[RTA_MULTIPATH] ? read_multipath(attrs.at[RTA_MULTIPATH], out) : 0;
}

static void clear_rest(struct route_prefix *prefix)
{
	for (unsigned bit = prefix->len; bit < 8 * sizeof(prefix->addr.bytes); bit++)
		prefix->addr.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

int toa_route_read_prefix(const struct nlmsghdr *msg, struct route_prefix *out)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(msg);
	struct ezlb_nl_attrs attrs;
	const struct nlattr *dst;
	size_t size;

	*out = (struct route_prefix){ .len = 0 };
	if (ezlb_nl_attrs_read(msg, sizeof(*head), &attrs))
		return -EBADMSG;
	if (head->rtm_family != AF_INET && head->rtm_family != AF_INET6)
		return 0;
	size = addr_size(head->rtm_family);
	dst = attrs.at[RTA_DST];
	if (head->rtm_dst_len > 8 * size || (dst && mnl_attr_get_payload_len(dst) != size))
		return -EBADMSG;
	out->addr.family = head->rtm_family;
	if (dst) {
		memcpy(out->addr.bytes, mnl_attr_get_payload(dst), size);
		out->len = head->rtm_dst_len;
		clear_rest(out);
	}
	return 0;
}

bool toa_route_prefix_has(const struct route_prefix *prefix, const struct ezlb_addr *addr)
{
	unsigned whole = prefix->len / 8, rest = prefix->len % 8;

	if (prefix->addr.family == 0)
		return true;
	if (prefix->addr.family != addr->family ||
	    memcmp(prefix->addr.bytes, addr->bytes, whole) != 0)
		return false;
	return rest == 0 || (prefix->addr.bytes[whole] ^ addr->bytes[whole]) >> (8 - rest) == 0;
}
