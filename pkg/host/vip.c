// SPDX-License-Identifier: GPL-2.0-or-later
#include "vip.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ezlb/host.h>

#define DUMP_ATTEMPTS  5 /* the addresses may change while they are listed */
#define WANTED_FLAGS   (IFF_UP | IFF_NOARP)
#define MOVING_METRIC  4096 /* worse than that of the route that the kernel makes for an address */
#define ROUTE_TRIES    5000 /* for a new IPv6 address; mostly one or two are enough */
#define ROUTE_PAUSE_US 1000

static const struct ezlb_nl_source kernel = { .protocol = NETLINK_ROUTE,
					      .timeout_ms = VIP_TIMEOUT_MS };

/* --- requests -------------------------------------------------------------------------------- */

/* Starts a request in vip->request, which replaces the previous one. */
static struct nlmsghdr *start(struct vip *vip, uint16_t type, uint16_t flags)
{
	vip->request.len = 0;
	return ezlb_nl_msg_start(&vip->request, type, flags);
}

/* Ends and sends the started request. */
static int ask(struct vip *vip, ezlb_nl_msg_fn fn, void *arg)
{
	ezlb_nl_msg_end(&vip->request);
	if (!vip->nl)
		vip->nl = ezlb_nl_new(&kernel);
	ezlb_nl_begin(vip->nl);
	return ezlb_nl_ask(vip->nl, &vip->request, fn, arg);
}

void vip_close(struct vip *vip)
{
	ezlb_nl_free(vip->nl);
	vip->nl = NULL;
	ezlb_nl_buf_clear(&vip->request);
	EZLB_VEC_CLEAR(&vip->known);
}

/* --- the link -------------------------------------------------------------------------------- */

struct link {
	const char *kind; /* the kind of ezlb's links */
	int index;	  /* 0: no such link */
	unsigned flags;
	bool dummy; /* the link is of this kind */
};

static bool is_kind(const struct nlattr *info, const char *kind)
{
	struct ezlb_nl_attrs attrs;

	return info && ezlb_nl_attrs_nested(info, &attrs) == 0 &&
	       strcmp(ezlb_nl_attrs_str(&attrs, IFLA_INFO_KIND), kind) == 0;
}

static int on_link(void *arg, const struct nlmsghdr *msg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(msg);
	struct link *link = arg;
	struct ezlb_nl_attrs attrs;

	if (ezlb_nl_attrs_read(msg, sizeof(*info), &attrs))
		return -EBADMSG;
	link->index = info->ifi_index;
	link->flags = info->ifi_flags;
	link->dummy = is_kind(attrs.at[IFLA_LINKINFO], link->kind);
	return 0;
}

static int find_any(struct vip *vip, const char *device, struct link *link)
{
	struct nlmsghdr *msg = start(vip, RTM_GETLINK, NLM_F_ACK);
	int rc;

	*link = (struct link){ .kind = vip->kind };
	mnl_nlmsg_put_extra_header(msg, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(msg, IFLA_IFNAME, device);
	rc = ask(vip, on_link, link);
	return rc == -ENODEV ? 0 : rc;
}

/* As find_any, but a link of another kind counts as missing. */
static int find_dummy(struct vip *vip, const char *device, struct link *link)
{
	int rc = find_any(vip, device, link);

	if (!link->dummy)
		link->index = 0;
	return rc;
}

/* Starts a request to change a link; index 0: to create one. */
static struct nlmsghdr *start_link(struct vip *vip, uint16_t type, uint16_t flags, int index)
{
	struct nlmsghdr *msg = start(vip, type, NLM_F_ACK | flags);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));

	info->ifi_index = index;
	if (type == RTM_NEWLINK)
		info->ifi_flags = info->ifi_change = WANTED_FLAGS;
	return msg;
}

/* -EEXIST is no failure: another program, or the module with its dummy0, created the link first. */
static int make_link(struct vip *vip, const char *device)
{
	struct nlmsghdr *msg = start_link(vip, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *nest;
	int rc;

	mnl_attr_put_strz(msg, IFLA_IFNAME, device);
	nest = mnl_attr_nest_start(msg, IFLA_LINKINFO);
	mnl_attr_put_strz(msg, IFLA_INFO_KIND, vip->kind);
	mnl_attr_nest_end(msg, nest);
	rc = ask(vip, NULL, NULL);
	return rc == -EEXIST ? 0 : rc;
}

static bool is_set_up(const struct link *link)
{
	return (link->flags & WANTED_FLAGS) == WANTED_FLAGS;
}

static int set_up(struct vip *vip, const struct link *link)
{
	if (is_set_up(link))
		return 0;
	start_link(vip, RTM_NEWLINK, 0, link->index);
	return ask(vip, NULL, NULL);
}

int vip_link_add(struct vip *vip, const char *device)
{
	struct link link;
	int rc;

	if (!ezlb_host_device_valid(device))
		return -EINVAL;
	rc = find_any(vip, device, &link);
	if (rc == 0 && !link.index) {
		rc = make_link(vip, device);
		if (rc == 0)
			rc = find_any(vip, device, &link);
	}
	if (rc < 0)
		return rc;
	if (!link.index) /* deleted again at once */
		return -ENODEV;
	return link.dummy ? set_up(vip, &link) : -EEXIST;
}

/* --- addresses ------------------------------------------------------------------------------- */

/* An address of a link. */
struct held {
	struct ezlb_addr addr;
	int ifindex;
	bool has_our_form; /* full prefix length, no peer */
};
struct held_list EZLB_VEC(struct held);

static size_t addr_size(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

static bool is_addr(const struct nlattr *attr, size_t size)
{
	return attr && mnl_attr_get_payload_len(attr) == size;
}

/* Leaves out addresses that are neither IPv4 nor IPv6. */
static int on_addr(void *arg, const struct nlmsghdr *msg)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(msg);
	const struct nlattr *local, *peer;
	struct ezlb_nl_attrs attrs;
	struct held *held;
	size_t size;

	if (ezlb_nl_attrs_read(msg, sizeof(*info), &attrs))
		return -EBADMSG;
	size = addr_size(info->ifa_family);
	/* IFA_ADDRESS is the peer's address, if any; IPv6 sends IFA_LOCAL only with a peer. */
	peer = attrs.at[IFA_ADDRESS];
	local = attrs.at[IFA_LOCAL] ? attrs.at[IFA_LOCAL] : peer;
	if ((info->ifa_family != AF_INET && info->ifa_family != AF_INET6) || !is_addr(local, size))
		return 0;
	held = EZLB_PUSH((struct held_list *)arg);
	held->ifindex = (int)info->ifa_index;
	held->addr.family = info->ifa_family;
	memcpy(held->addr.bytes, mnl_attr_get_payload(local), size);
	held->has_our_form = info->ifa_prefixlen == 8 * size &&
			     (!is_addr(peer, size) ||
			      memcmp(mnl_attr_get_payload(peer), held->addr.bytes, size) == 0);
	return 0;
}

static int list_held(struct vip *vip, struct held_list *out)
{
	int rc = -EINTR;

	for (int i = 0; i < DUMP_ATTEMPTS && rc == -EINTR; i++) {
		out->len = 0;
		mnl_nlmsg_put_extra_header(start(vip, RTM_GETADDR, NLM_F_DUMP),
					   sizeof(struct ifaddrmsg));
		rc = ask(vip, on_addr, out);
	}
	return rc == -EINTR ? -EAGAIN : rc;
}

/* A managed device that is a dummy link, up or not. */
struct ours {
	int ifindex;
	const char *device;
};
struct ours_list EZLB_VEC(struct ours);

/* A link that is not up and noarp has no row: its addresses may not be local. */
static int list_links(struct vip *vip, const struct ezlb_links *managed, struct ours_list *ours,
		      struct ezlb_links *out)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < managed->len; i++) {
		const struct ezlb_link_row *row = &managed->items[i];
		struct link link;

		rc = find_dummy(vip, row->device, &link);
		if (rc < 0 || !link.index)
			continue;
		*EZLB_PUSH(ours) = (struct ours){ link.index, row->device };
		if (is_set_up(&link))
			*EZLB_PUSH(out) = *row;
	}
	return rc;
}

static const char *device_of(const struct ours_list *ours, const struct held *held)
{
	for (size_t i = 0; i < ours->len; i++)
		if (ours->items[i].ifindex == held->ifindex && held->has_our_form)
			return ours->items[i].device;
	return NULL;
}

static int list_addrs(struct vip *vip, const struct ours_list *ours, struct ezlb_table *out)
{
	struct held_list held = { 0 };
	int rc = list_held(vip, &held);

	for (size_t i = 0; rc == 0 && i < held.len; i++) {
		const char *device = device_of(ours, &held.items[i]);
		struct ezlb_vip_row row = { .addr = held.items[i].addr };

		if (device) {
			ezlb_strcpy(row.device, sizeof(row.device), device);
			*EZLB_PUSH(&out->vips) = row;
		} else {
			*EZLB_PUSH(&out->elsewhere) = row.addr;
		}
	}
	EZLB_VEC_CLEAR(&held);
	return rc;
}

int vip_list(struct vip *vip, const struct ezlb_links *managed, struct ezlb_table *out,
	     struct ezlb_err *err)
{
	struct ours_list ours = { 0 };
	size_t before = out->vips.len;
	int rc = list_links(vip, managed, &ours, &out->links);

	if (rc == 0)
		rc = list_addrs(vip, &ours, out);
	EZLB_VEC_CLEAR(&ours);
	vip->known.len = 0;
	for (size_t i = before; rc == 0 && i < out->vips.len; i++)
		*EZLB_PUSH(&vip->known) = out->vips.items[i];
	if (rc == 0)
		return 0;
	return ezlb_err_sys(err, -rc, "cannot list links and addresses over rtnetlink");
}

static int change_addr(struct vip *vip, uint16_t type, uint16_t flags, int ifindex,
		       const struct ezlb_addr *addr)
{
	struct nlmsghdr *msg = start(vip, type, NLM_F_ACK | flags);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));
	size_t size = addr_size(addr->family);
	bool loopback = addr->family == AF_INET && addr->bytes[0] == IN_LOOPBACKNET;

	info->ifa_family = addr->family;
	info->ifa_prefixlen = (uint8_t)(8 * size);
	info->ifa_flags = addr->family == AF_INET6 ? IFA_F_NODAD : 0;
	info->ifa_scope = loopback ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	info->ifa_index = (unsigned)ifindex;
	mnl_attr_put(msg, IFA_LOCAL, size, addr->bytes);
	mnl_attr_put(msg, IFA_ADDRESS, size, addr->bytes);
	return ask(vip, NULL, NULL);
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
			(!metric || mnl_attr_get_u32(metric) != MOVING_METRIC);
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
		struct nlmsghdr *msg = start(vip, RTM_GETROUTE, NLM_F_ACK);
		struct rtmsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));

		if (i > 0)
			usleep(ROUTE_PAUSE_US);
		info->rtm_family = addr->family;
		info->rtm_dst_len = (unsigned char)(8 * addr_size(addr->family));
		mnl_attr_put(msg, RTA_DST, addr_size(addr->family), addr->bytes);
		mnl_attr_put_u32(msg, RTA_OIF, (uint32_t)ifindex);
		rc = ask(vip, on_route, &local);
	}
	vip->late = !local;
	return local ? 0 : rc == -ETIMEDOUT ? rc : -EAGAIN;
}

int vip_add(struct vip *vip, const struct ezlb_vip_row *row)
{
	struct link link;
	int rc = find_dummy(vip, row->device, &link);

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
	struct nlmsghdr *msg = start(vip, type, NLM_F_ACK | flags);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(msg, sizeof(*info));

	info->rtm_family = addr->family;
	info->rtm_dst_len = (uint8_t)(8 * addr_size(addr->family));
	info->rtm_table = RT_TABLE_LOCAL;
	info->rtm_protocol = RTPROT_STATIC;
	info->rtm_type = RTN_LOCAL;
	mnl_attr_put(msg, RTA_DST, addr_size(addr->family), addr->bytes);
	mnl_attr_put_u32(msg, RTA_OIF, (uint32_t)ifindex);
	mnl_attr_put_u32(msg, RTA_PRIORITY, MOVING_METRIC);
	return ask(vip, NULL, NULL);
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
	int rc = find_dummy(vip, device, &link);

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
	int rc = find_dummy(vip, row->device, &link);

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

static bool is_link_local(const struct ezlb_addr *addr)
{
	struct in6_addr in6;

	memcpy(&in6, addr->bytes, sizeof(in6));
	return addr->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&in6);
}

/* -EBUSY if the link has an address that is not IPv6 link-local. */
static int check_empty(struct vip *vip, int ifindex)
{
	struct held_list held = { 0 };
	int rc = list_held(vip, &held);

	for (size_t i = 0; rc == 0 && i < held.len; i++) {
		if (held.items[i].ifindex == ifindex && !is_link_local(&held.items[i].addr))
			rc = -EBUSY;
	}
	EZLB_VEC_CLEAR(&held);
	return rc;
}

int vip_link_del(struct vip *vip, const char *device)
{
	struct link link;
	int rc = find_dummy(vip, device, &link);

	if (rc < 0 || !link.index)
		return rc;
	rc = check_empty(vip, link.index);
	if (rc < 0)
		return rc;
	start_link(vip, RTM_DELLINK, 0, link.index);
	rc = ask(vip, NULL, NULL);
	return rc == -ENODEV ? 0 : rc;
}
