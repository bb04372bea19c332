// SPDX-License-Identifier: GPL-2.0-or-later
#include "vip.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/rtnl.h>
#include <netlink/socket.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <ezlb/host.h>

#define ANSWER_SECONDS 5
/* Somebody changes addresses while they are listed, and the kernel says so: once more. */
#define DUMP_ATTEMPTS 5
#define WANTED_FLAGS  (IFF_UP | IFF_NOARP)

#define AUTO_LINK  __attribute__((cleanup(put_link)))
#define AUTO_ADDR  __attribute__((cleanup(put_addr)))
#define AUTO_CACHE __attribute__((cleanup(free_cache)))

static void put_link(struct rtnl_link **link)
{
	rtnl_link_put(*link);
}

static void put_addr(struct rtnl_addr **addr)
{
	rtnl_addr_put(*addr);
}

static void free_cache(struct nl_cache **cache)
{
	nl_cache_free(*cache);
}

/* Memory that libnl did not get, as mem.h does it. */
static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

/* --- the socket ------------------------------------------------------------------------------ */

/* libnl has the way there only; what it has no word for comes as EIO. */
static int errno_of(int nle)
{
	static const int codes[NLE_MAX + 1] = {
		[NLE_INTR] = EINTR,	      [NLE_AGAIN] = ETIMEDOUT, /* SO_RCVTIMEO has passed */
		[NLE_NOMEM] = ENOMEM,	      [NLE_EXIST] = EEXIST,
		[NLE_INVAL] = EINVAL,	      [NLE_RANGE] = ERANGE,
		[NLE_OPNOTSUPP] = EOPNOTSUPP, [NLE_AF_NOSUPPORT] = EAFNOSUPPORT,
		[NLE_BUSY] = EBUSY,	      [NLE_NOACCESS] = EACCES,
		[NLE_PERM] = EPERM,	      [NLE_NODEV] = ENODEV,
		[NLE_DUMP_INTR] = EAGAIN,
	};

	return -nle <= NLE_MAX && codes[-nle] ? codes[-nle] : EIO;
}

/*
 * The socket goes with every failure: an answer that comes after its deadline would be taken for
 * that to the next request, and libnl then counts wrongly for ever.
 */
static int fail(struct vip *vip, int nle)
{
	vip_close(vip);
	return -errno_of(nle);
}

static int ready(struct vip *vip)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	int rc;

	if (vip->sock)
		return 0;
	vip->sock = must(nl_socket_alloc());
	rc = nl_connect(vip->sock, NETLINK_ROUTE);
	if (rc == 0 &&
	    setsockopt(nl_socket_get_fd(vip->sock), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		rc = -nl_syserr2nlerr(errno);
	return rc < 0 ? fail(vip, rc) : 0;
}

void vip_close(struct vip *vip)
{
	nl_socket_free(vip->sock);
	vip->sock = NULL;
}

/* --- the link -------------------------------------------------------------------------------- */

/* NULL where there is none. */
static int find_any(struct vip *vip, const char *device, struct rtnl_link **link)
{
	int rc = ready(vip);

	*link = NULL;
	if (rc < 0)
		return rc;
	rc = rtnl_link_get_kernel(vip->sock, 0, device, link);
	if (rc == -NLE_NODEV || rc == -NLE_OBJ_NOTFOUND)
		return 0;
	return rc < 0 ? fail(vip, rc) : 0;
}

static bool is_dummy(const struct vip *vip, struct rtnl_link *link)
{
	const char *kind = rtnl_link_get_type(link);

	return kind && strcmp(kind, vip->kind) == 0;
}

/* NULL also where it is another kind of link: the one that could be ours is gone then. */
static int find_dummy(struct vip *vip, const char *device, struct rtnl_link **link)
{
	int rc = find_any(vip, device, link);

	if (rc == 0 && *link && !is_dummy(vip, *link)) {
		rtnl_link_put(*link);
		*link = NULL;
	}
	return rc;
}

/* Where somebody else was faster, which includes the module with its dummy0, that is no failure. */
static int make_link(struct vip *vip, const char *device)
{
	AUTO_LINK struct rtnl_link *link = must(rtnl_link_alloc());
	int rc;

	rtnl_link_set_name(link, device);
	rtnl_link_set_flags(link, WANTED_FLAGS);
	rc = rtnl_link_set_type(link, vip->kind);
	if (rc == 0)
		rc = rtnl_link_add(vip->sock, link, NLM_F_CREATE | NLM_F_EXCL);
	return rc == 0 || rc == -NLE_EXIST ? 0 : fail(vip, rc);
}

static bool is_set_up(struct rtnl_link *link)
{
	return (rtnl_link_get_flags(link) & WANTED_FLAGS) == WANTED_FLAGS;
}

static int set_up(struct vip *vip, struct rtnl_link *link)
{
	AUTO_LINK struct rtnl_link *change = must(rtnl_link_alloc());
	int rc;

	if (is_set_up(link))
		return 0;
	rtnl_link_set_flags(change, WANTED_FLAGS);
	rc = rtnl_link_change(vip->sock, link, change, 0);
	return rc < 0 ? fail(vip, rc) : 0;
}

int vip_link_add(struct vip *vip, const char *device)
{
	AUTO_LINK struct rtnl_link *link = NULL;
	int rc;

	if (!ezlb_host_device_valid(device))
		return -EINVAL;
	rc = find_any(vip, device, &link);
	if (rc == 0 && !link) {
		rc = make_link(vip, device);
		if (rc == 0)
			rc = find_any(vip, device, &link);
	}
	if (rc < 0)
		return rc;
	if (!link) /* gone as soon as it was made */
		return -ENODEV;
	return is_dummy(vip, link) ? set_up(vip, link) : -EEXIST;
}

/* --- addresses ------------------------------------------------------------------------------- */

static int addr_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

static struct rtnl_addr *addr_new(const struct ezlb_addr *addr, int ifindex)
{
	struct rtnl_addr *out = must(rtnl_addr_alloc());
	struct nl_addr *local =
		must(nl_addr_build(addr->family, addr->bytes, (size_t)addr_size(addr->family)));

	rtnl_addr_set_ifindex(out, ifindex);
	rtnl_addr_set_local(out, local); /* takes its full length for the prefix length */
	if (addr->family == AF_INET6)
		rtnl_addr_set_flags(out, IFA_F_NODAD);
	nl_addr_put(local);
	return out;
}

/* False for a family that is not ours to know. */
static bool addr_get(struct rtnl_addr *from, struct ezlb_addr *addr)
{
	struct nl_addr *local = rtnl_addr_get_local(from);
	int family = rtnl_addr_get_family(from);

	if ((family != AF_INET && family != AF_INET6) || !local ||
	    nl_addr_get_len(local) != (unsigned)addr_size(family))
		return false;
	*addr = (struct ezlb_addr){ .family = (uint8_t)family };
	memcpy(addr->bytes, nl_addr_get_binary_addr(local), nl_addr_get_len(local));
	return true;
}

static bool has_our_form(struct rtnl_addr *addr)
{
	return !rtnl_addr_get_peer(addr) &&
	       rtnl_addr_get_prefixlen(addr) == 8 * addr_size(rtnl_addr_get_family(addr));
}

static int dump(struct vip *vip, struct nl_cache **cache)
{
	int rc = ready(vip);

	if (rc < 0)
		return rc;
	rc = nl_cache_alloc_name("route/addr", cache);
	for (int i = 0; i < DUMP_ATTEMPTS && (rc == 0 || rc == -NLE_DUMP_INTR); i++) {
		nl_cache_clear(*cache);
		rc = nl_rtgen_request(vip->sock, RTM_GETADDR, AF_UNSPEC, NLM_F_DUMP);
		if (rc >= 0)
			rc = nl_cache_pickup(vip->sock, *cache);
		if (rc == 0)
			return 0;
	}
	return fail(vip, rc);
}

/* The next of a dump of addresses; starts with NULL. */
static struct rtnl_addr *next_addr(struct nl_cache *cache, struct rtnl_addr *addr)
{
	return (void *)(addr ? nl_cache_get_next((void *)addr) : nl_cache_get_first(cache));
}

/* A managed device that is a dummy link, up or not. */
struct ours {
	int ifindex;
	const char *device;
};
struct ours_list EZLB_VEC(struct ours);

/* One that is not set up has no row: its addresses may be there, but are not local. */
static int list_links(struct vip *vip, const struct ezlb_links *managed, struct ours_list *ours,
		      struct ezlb_links *out)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < managed->len; i++) {
		const struct ezlb_link_row *row = &managed->items[i];
		AUTO_LINK struct rtnl_link *link = NULL;

		rc = find_dummy(vip, row->device, &link);
		if (!link)
			continue;
		*EZLB_PUSH(ours) = (struct ours){ rtnl_link_get_ifindex(link), row->device };
		if (is_set_up(link))
			*EZLB_PUSH(out) = *row;
	}
	return rc;
}

static const char *device_of(const struct ours_list *ours, struct rtnl_addr *addr)
{
	for (size_t i = 0; i < ours->len; i++)
		if (ours->items[i].ifindex == rtnl_addr_get_ifindex(addr) && has_our_form(addr))
			return ours->items[i].device;
	return NULL;
}

static int list_addrs(struct vip *vip, const struct ours_list *ours, struct ezlb_table *out)
{
	AUTO_CACHE struct nl_cache *cache = NULL;
	struct rtnl_addr *item = NULL;
	int rc = dump(vip, &cache);

	while (rc == 0 && (item = next_addr(cache, item)) != NULL) {
		const char *device = device_of(ours, item);
		struct ezlb_vip_row row = { .device = "" };

		if (!addr_get(item, &row.addr))
			continue;
		if (device) {
			ezlb_strcpy(row.device, sizeof(row.device), device);
			*EZLB_PUSH(&out->vips) = row;
		} else {
			*EZLB_PUSH(&out->elsewhere) = row.addr;
		}
	}
	return rc;
}

int vip_list(struct vip *vip, const struct ezlb_links *managed, struct ezlb_table *out,
	     struct ezlb_err *err)
{
	struct ours_list ours = { 0 };
	int rc = list_links(vip, managed, &ours, &out->links);

	if (rc == 0)
		rc = list_addrs(vip, &ours, out);
	EZLB_VEC_CLEAR(&ours);
	if (rc == 0)
		return 0;
	return ezlb_err_sys(err, -rc, "cannot list links and addresses over rtnetlink");
}

int vip_add(struct vip *vip, const struct ezlb_vip_row *row)
{
	AUTO_LINK struct rtnl_link *link = NULL;
	AUTO_ADDR struct rtnl_addr *request = NULL;
	int rc = find_dummy(vip, row->device, &link);

	if (rc < 0)
		return rc;
	if (!link)
		return -ENODEV;
	request = addr_new(&row->addr, rtnl_link_get_ifindex(link));
	rc = rtnl_addr_add(vip->sock, request, NLM_F_CREATE | NLM_F_EXCL);
	if (rc == 0)
		return 0;
	fail(vip, rc);
	/* addrconf.c: EACCES for disable_ipv6; where ipv6 is off altogether nobody is listening. */
	if (row->addr.family == AF_INET6 && (rc == -NLE_NOACCESS || rc == -NLE_OPNOTSUPP))
		return -EAFNOSUPPORT;
	return -errno_of(rc);
}

int vip_del(struct vip *vip, const struct ezlb_vip_row *row)
{
	AUTO_LINK struct rtnl_link *link = NULL;
	AUTO_ADDR struct rtnl_addr *request = NULL;
	int rc = find_dummy(vip, row->device, &link);

	if (rc < 0 || !link)
		return rc;
	request = addr_new(&row->addr, rtnl_link_get_ifindex(link));
	rc = rtnl_addr_delete(vip->sock, request, 0);
	if (rc == 0 || rc == -NLE_NOADDR || rc == -NLE_NODEV ||
	    (row->addr.family == AF_INET6 && rc == -NLE_OPNOTSUPP)) /* no IPv6: gone, too */
		return 0;
	return fail(vip, rc);
}

static bool is_link_local(const struct ezlb_addr *addr)
{
	struct in6_addr in6;

	memcpy(&in6, addr->bytes, sizeof(in6));
	return addr->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&in6);
}

/* -EBUSY where there is an address that is more than the kernel's own. */
static int check_empty(struct vip *vip, int ifindex)
{
	AUTO_CACHE struct nl_cache *cache = NULL;
	struct rtnl_addr *item = NULL;
	struct ezlb_addr addr;
	int rc = dump(vip, &cache);

	while (rc == 0 && (item = next_addr(cache, item)) != NULL) {
		if (rtnl_addr_get_ifindex(item) == ifindex && addr_get(item, &addr) &&
		    !is_link_local(&addr))
			return -EBUSY;
	}
	return rc;
}

int vip_link_del(struct vip *vip, const char *device)
{
	AUTO_LINK struct rtnl_link *link = NULL;
	int rc = find_dummy(vip, device, &link);

	if (rc < 0 || !link)
		return rc;
	rc = check_empty(vip, rtnl_link_get_ifindex(link));
	if (rc < 0)
		return rc;
	rc = rtnl_link_delete(vip->sock, link);
	return rc == 0 || rc == -NLE_NODEV ? 0 : fail(vip, rc);
}
