// SPDX-License-Identifier: GPL-2.0-or-later
/* Adds and deletes addresses, and makes sure that others notice one that moves between links. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vip_inside.h"

#define MOVING_METRIC  4096 /* worse than that of the route that the kernel makes for an address */
#define ROUTE_TRIES    5000 /* for a new IPv6 address; mostly one or two are enough */
#define ROUTE_PAUSE_US 1000

static int change_addr(struct vip *vip, uint16_t type, uint16_t flags, int ifindex,
		       const struct ezlb_addr *addr)
{
	struct nlmsghdr *msg = vip_start(vip, type, NLM_F_ACK | flags);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));
	size_t size = vip_addr_size(addr->family);
	bool loopback = addr->family == AF_INET && addr->bytes[0] == IN_LOOPBACKNET;

	info->ifa_family = addr->family;
	info->ifa_prefixlen = (uint8_t)(8 * size);
	info->ifa_flags = addr->family == AF_INET6 ? IFA_F_NODAD : 0;
	info->ifa_scope = loopback ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	info->ifa_index = (unsigned)ifindex;
	mnl_attr_put(msg, IFA_LOCAL, size, addr->bytes);
	mnl_attr_put(msg, IFA_ADDRESS, size, addr->bytes);
	return vip_ask(vip, NULL, NULL);
}

static int on_route(void *arg, const struct nlmsghdr *msg)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(msg);
	struct ezlb_nl_attrs attrs;
	const struct nlattr *metric;

	if (ezlb_nl_attrs_read(msg, sizeof(*info), &attrs))
		return -EBADMSG;
	metric = attrs.at[RTA_PRIORITY];
	*(bool *)arg |= info->rtm_type == RTN_LOCAL &&
			(!metric || mnl_attr_validate(metric, MNL_TYPE_U32) < 0 ||
			 mnl_attr_get_u32(metric) != MOVING_METRIC);
	return 0;
}

/*
 * The kernel makes the route of a new IPv6 address after its answer: until then packets go to the
 * dummy link. -EAGAIN: there is none yet. The next addresses do not wait then.
 */
static int wait_local(struct vip *vip, int ifindex, const struct ezlb_addr *addr)
{
	int rc = 0, tries = vip->late ? 1 : ROUTE_TRIES;
	bool local = false;

	for (int i = 0; i < tries && !local && rc != -ETIMEDOUT; i++) {
		struct nlmsghdr *msg = vip_start(vip, RTM_GETROUTE, NLM_F_ACK);
		struct rtmsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));

		if (i > 0)
			usleep(ROUTE_PAUSE_US);
		info->rtm_family = addr->family;
		info->rtm_dst_len = (unsigned char)(8 * vip_addr_size(addr->family));
		mnl_attr_put(msg, RTA_DST, vip_addr_size(addr->family), addr->bytes);
		mnl_attr_put_u32(msg, RTA_OIF, (uint32_t)ifindex);
		rc = vip_ask(vip, on_route, &local);
	}
	vip->late = !local;
	return local ? 0 : rc == -ETIMEDOUT ? rc : -EAGAIN;
}

int vip_add(struct vip *vip, const struct ezlb_vip_row *row)
{
	struct link link;
	int rc = vip_find_dummy(vip, row->device, &link);

	if (rc < 0)
		return rc;
	if (!link.index)
		return -ENODEV;
	rc = change_addr(vip, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, link.index, &row->addr);
	if (rc == 0)
		*EZLB_PUSH(&vip->known) = *row;
	/* EACCES: disable_ipv6 (addrconf.c). EOPNOTSUPP: the kernel runs without IPv6. */
	if (row->addr.family == AF_INET6 && (rc == -EACCES || rc == -EOPNOTSUPP))
		return -EAFNOSUPPORT;
	if (rc == 0 && row->addr.family == AF_INET6)
		rc = wait_local(vip, link.index, &row->addr);
	return rc;
}

/* --- addresses that have moved --------------------------------------------------------------- */

/* Forgets the row. Returns another link that has the address, or NULL. */
static const char *forget(struct vip *vip, const struct ezlb_vip_row *row)
{
	const char *other = NULL;

	for (size_t i = 0; i < vip->known.len; i++) {
		struct ezlb_vip_row *known = &vip->known.items[i];

		if (memcmp(&known->addr, &row->addr, sizeof(row->addr)) != 0)
			continue;
		if (strcmp(known->device, row->device) == 0)
			known->device[0] = '\0';
		else if (known->device[0])
			other = known->device;
	}
	return other;
}

/* Adds or deletes a route by which the address is local without being on the link. */
static int change_local_route(struct vip *vip, uint16_t type, uint16_t flags, int ifindex,
			      const struct ezlb_addr *addr)
{
	struct nlmsghdr *msg = vip_start(vip, type, NLM_F_ACK | flags);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));

	info->rtm_family = addr->family;
	info->rtm_dst_len = (uint8_t)(8 * vip_addr_size(addr->family));
	info->rtm_table = RT_TABLE_LOCAL;
	info->rtm_protocol = RTPROT_STATIC;
	info->rtm_type = RTN_LOCAL;
	mnl_attr_put(msg, RTA_DST, vip_addr_size(addr->family), addr->bytes);
	mnl_attr_put_u32(msg, RTA_OIF, (uint32_t)ifindex);
	mnl_attr_put_u32(msg, RTA_PRIORITY, MOVING_METRIC);
	return vip_ask(vip, NULL, NULL);
}

/*
 * For FRR (seen with 8.4). It has a route for each link that has the address. When one link loses
 * the address, it deletes the newest of these routes, whatever link that is of. So after a move it
 * has the route of the wrong link, until the address is announced again. With IPv4 an announcement
 * that changes nothing is enough. One for IPv6 is ignored, so the address is deleted and added.
 */
static int announce_again(struct vip *vip, const char *device, const struct ezlb_addr *addr)
{
	struct link link;
	int rc = vip_find_dummy(vip, device, &link);

	if (rc < 0 || !link.index)
		return rc;
	if (addr->family == AF_INET)
		return change_addr(vip, RTM_NEWADDR, NLM_F_REPLACE, link.index, addr);
	rc = change_local_route(vip, RTM_NEWROUTE, NLM_F_CREATE, link.index, addr);
	if (rc < 0 && rc != -EEXIST)
		return rc;
	rc = change_addr(vip, RTM_DELADDR, 0, link.index, addr);
	if (rc == 0)
		rc = change_addr(vip, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, link.index, addr);
	if (rc == 0)
		rc = wait_local(vip, link.index, addr);
	change_local_route(vip, RTM_DELROUTE, 0, link.index, addr);
	return rc;
}

int vip_del(struct vip *vip, const struct ezlb_vip_row *row)
{
	const char *other = forget(vip, row);
	struct link link;
	int rc = vip_find_dummy(vip, row->device, &link);

	if (rc < 0 || !link.index)
		return rc;
	rc = change_addr(vip, RTM_DELADDR, 0, link.index, &row->addr);
	if (rc == 0 && other)
		return announce_again(vip, other, &row->addr);
	if (rc == -EADDRNOTAVAIL || rc == -ENODEV ||
	    (row->addr.family == AF_INET6 && rc == -EOPNOTSUPP)) /* no IPv6: no address */
		return 0;
	return rc;
}
