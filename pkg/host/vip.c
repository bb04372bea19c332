// SPDX-License-Identifier: GPL-2.0-or-later
#include "vip_inside.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <ezlb/host.h>

#define DUMP_ATTEMPTS 5 /* the addresses may change while they are listed */
#define WANTED_FLAGS  (IFF_UP | IFF_NOARP)

static const struct ezlb_nl_source kernel = { .protocol = NETLINK_ROUTE,
					      .timeout_ms = VIP_TIMEOUT_MS };

/* --- requests -------------------------------------------------------------------------------- */

struct nlmsghdr *vip_start(struct vip *vip, uint16_t type, uint16_t flags)
{
	vip->request.len = 0;
	return ezlb_nl_msg_start(&vip->request, type, flags);
}

int vip_ask(struct vip *vip, ezlb_nl_msg_fn fn, void *arg)
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
	struct nlmsghdr *msg = vip_start(vip, RTM_GETLINK, NLM_F_ACK);
	int rc;

	*link = (struct link){ .kind = vip->kind };
	mnl_nlmsg_put_extra_header(msg, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(msg, IFLA_IFNAME, device);
	rc = vip_ask(vip, on_link, link);
	return rc == -ENODEV ? 0 : rc;
}

int vip_find_dummy(struct vip *vip, const char *device, struct link *link)
{
	int rc = find_any(vip, device, link);

	if (!link->dummy)
		link->index = 0;
	return rc;
}

/* Starts a request to change a link; index 0: to create one. */
static struct nlmsghdr *start_link(struct vip *vip, uint16_t type, uint16_t flags, int index)
{
	struct nlmsghdr *msg = vip_start(vip, type, NLM_F_ACK | flags);
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
	rc = vip_ask(vip, NULL, NULL);
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
	return vip_ask(vip, NULL, NULL);
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

size_t vip_addr_size(uint8_t family)
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
	size = vip_addr_size(info->ifa_family);
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
		mnl_nlmsg_put_extra_header(vip_start(vip, RTM_GETADDR, NLM_F_DUMP),
					   sizeof(struct ifaddrmsg));
		rc = vip_ask(vip, on_addr, out);
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

		rc = vip_find_dummy(vip, row->device, &link);
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
	int rc = vip_find_dummy(vip, device, &link);

	if (rc < 0 || !link.index)
		return rc;
	rc = check_empty(vip, link.index);
	if (rc < 0)
		return rc;
	start_link(vip, RTM_DELLINK, 0, link.index);
	rc = vip_ask(vip, NULL, NULL);
	return rc == -ENODEV ? 0 : rc;
}
