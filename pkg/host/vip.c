// SPDX-License-Identifier: GPL-2.0-or-later
#include "vip.h"

#include <ctype.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/rtnl.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

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

/*
 * The socket goes with every failure: an answer that comes after its deadline would be taken for
 * that to the next request, and libnl then counts wrongly for ever.
 */
static int fail(struct ezlb_vip *vip, int nle, const char *deed, struct ezlb_err *err)
{
	nl_socket_free(vip->sock);
	vip->sock = NULL;
	switch (-nle) {
	case NLE_PERM:
		return ezlb_err_set(err, EPERM,
				    "not allowed to %s %s: ezlb needs CAP_NET_ADMIN, for a "
				    "container in the host's network namespace",
				    deed, vip->device);
	case NLE_AGAIN:
		return ezlb_err_set(err, ETIMEDOUT,
				    "cannot %s %s: the kernel did not answer within %d s", deed,
				    vip->device, ANSWER_SECONDS);
	default:
		return ezlb_err_set(err, EIO, "cannot %s %s: %s", deed, vip->device,
				    nl_geterror(nle));
	}
}

static int ready(struct ezlb_vip *vip, struct ezlb_err *err)
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
	return rc < 0 ? fail(vip, rc, "open a netlink socket for", err) : 0;
}

/* As dev_valid_name() of the kernel; "%d" it would replace with a number. */
static bool name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isgraph((unsigned char)name[i]) || strchr("/:%", name[i]))
			return false;
	}
	return true;
}

int ezlb_vip_open(const char *device, struct ezlb_vip **out, struct ezlb_err *err)
{
	struct ezlb_vip *vip;
	int rc;

	if (!name_valid(device))
		return ezlb_err_set(err, EINVAL,
				    "\"%s\" cannot be the name of a network device: 1 to %d "
				    "characters without space, slash, colon and percent",
				    device, IFNAMSIZ - 1);
	vip = ezlb_calloc(1, sizeof(*vip));
	ezlb_strcpy(vip->device, sizeof(vip->device), device);
	vip->kind = "dummy";
	rc = ready(vip, err);
	if (rc < 0) {
		ezlb_vip_close(vip);
		return rc;
	}
	*out = vip;
	return 0;
}

void ezlb_vip_close(struct ezlb_vip *vip)
{
	if (!vip)
		return;
	nl_socket_free(vip->sock);
	free(vip);
}

/* --- the link -------------------------------------------------------------------------------- */

/* NULL where there is none. */
static int find_device(struct ezlb_vip *vip, struct rtnl_link **link, struct ezlb_err *err)
{
	int rc = ready(vip, err);
	const char *kind;

	*link = NULL;
	if (rc < 0)
		return rc;
	rc = rtnl_link_get_kernel(vip->sock, 0, vip->device, link);
	if (rc == -NLE_NODEV || rc == -NLE_OBJ_NOTFOUND)
		return 0;
	if (rc < 0)
		return fail(vip, rc, "look for the device", err);
	kind = rtnl_link_get_type(*link);
	if (kind && strcmp(kind, vip->kind) == 0)
		return 0;
	rc = ezlb_err_set(err, EEXIST,
			  "the device %s exists and is not a %s link but %s: choose another name "
			  "for --vip-device, which ezlb makes itself",
			  vip->device, vip->kind, kind ? kind : "a physical or loopback device");
	rtnl_link_put(*link);
	*link = NULL;
	return rc;
}

/* Where somebody else was faster, which includes the module with its dummy0, that is no failure. */
static int make_device(struct ezlb_vip *vip, bool *made, struct ezlb_err *err)
{
	AUTO_LINK struct rtnl_link *link = must(rtnl_link_alloc());
	int rc;

	rtnl_link_set_name(link, vip->device);
	rtnl_link_set_flags(link, WANTED_FLAGS);
	rc = rtnl_link_set_type(link, vip->kind);
	if (rc == 0)
		rc = rtnl_link_add(vip->sock, link, NLM_F_CREATE | NLM_F_EXCL);
	*made = rc == 0;
	if (rc == -NLE_OPNOTSUPP) {
		fail(vip, rc, "make the device", NULL);
		return ezlb_err_set(err, EOPNOTSUPP,
				    "cannot make the device %s: the kernel has no %s links; load "
				    "the module on the host: modprobe %s",
				    vip->device, vip->kind, vip->kind);
	}
	return rc == 0 || rc == -NLE_EXIST ? 0 : fail(vip, rc, "make the device", err);
}

static int set_flags(struct ezlb_vip *vip, struct rtnl_link *link, struct ezlb_err *err)
{
	AUTO_LINK struct rtnl_link *change = must(rtnl_link_alloc());
	int rc;

	if ((rtnl_link_get_flags(link) & WANTED_FLAGS) == WANTED_FLAGS)
		return 0;
	rtnl_link_set_flags(change, WANTED_FLAGS);
	rc = rtnl_link_change(vip->sock, link, change, 0);
	return rc < 0 ? fail(vip, rc, "set up the device", err) : 0;
}

static int ensure_device(struct ezlb_vip *vip, int *ifindex, bool *made, struct ezlb_err *err)
{
	AUTO_LINK struct rtnl_link *link = NULL;
	int rc = find_device(vip, &link, err);

	if (rc == 0 && !link) {
		rc = make_device(vip, made, err);
		if (rc == 0)
			rc = find_device(vip, &link, err);
	}
	if (rc < 0)
		return rc;
	if (!link)
		return ezlb_err_set(err, ENODEV,
				    "the device %s was gone as soon as it was made: something "
				    "else on this host removes it",
				    vip->device);
	*ifindex = rtnl_link_get_ifindex(link);
	return set_flags(vip, link, err);
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

static int dump(struct ezlb_vip *vip, struct nl_cache **cache, struct ezlb_err *err)
{
	int rc = nl_cache_alloc_name("route/addr", cache);

	for (int i = 0; i < DUMP_ATTEMPTS && (rc == 0 || rc == -NLE_DUMP_INTR); i++) {
		nl_cache_clear(*cache);
		rc = nl_rtgen_request(vip->sock, RTM_GETADDR, AF_UNSPEC, NLM_F_DUMP);
		if (rc >= 0)
			rc = nl_cache_pickup(vip->sock, *cache);
		if (rc == 0)
			return 0;
	}
	return fail(vip, rc, "list the addresses beside", err);
}

/* The next of a dump of addresses; starts with NULL. */
static struct rtnl_addr *next_addr(struct nl_cache *cache, struct rtnl_addr *addr)
{
	return (void *)(addr ? nl_cache_get_next((void *)addr) : nl_cache_get_first(cache));
}

static int vip_cmp(const void *a, const void *b)
{
	return ezlb_addr_cmp(a, b);
}

int ezlb_vip_list(struct ezlb_vip *vip, struct ezlb_vips *on_device, struct ezlb_vips *elsewhere,
		  struct ezlb_err *err)
{
	AUTO_LINK struct rtnl_link *link = NULL;
	AUTO_CACHE struct nl_cache *cache = NULL;
	struct rtnl_addr *item = NULL;
	struct ezlb_addr addr;
	int rc = find_device(vip, &link, err);

	on_device->len = elsewhere->len = 0;
	if (rc == 0)
		rc = dump(vip, &cache, err);
	while (rc == 0 && (item = next_addr(cache, item)) != NULL) {
		bool ours = link && rtnl_addr_get_ifindex(item) == rtnl_link_get_ifindex(link) &&
			    !rtnl_addr_get_peer(item) &&
			    rtnl_addr_get_prefixlen(item) ==
				    8 * addr_size(rtnl_addr_get_family(item));

		if (addr_get(item, &addr))
			*EZLB_PUSH(ours ? on_device : elsewhere) = addr;
	}
	EZLB_SORT(on_device, vip_cmp);
	EZLB_SORT(elsewhere, vip_cmp);
	return rc;
}

/* "add 192.0.2.1/32 to": the deed of fail(). */
#define DEED_STRLEN (EZLB_ADDR_STRLEN + 32)
static const char *deed_format(const char *verb, const struct ezlb_addr *addr, const char *to,
			       char buf[DEED_STRLEN])
{
	char text[EZLB_ADDR_STRLEN];

	snprintf(buf, DEED_STRLEN, "%s %s/%d %s", verb, ezlb_addr_format(addr, text),
		 8 * addr_size(addr->family), to);
	return buf;
}

int ezlb_vip_add(struct ezlb_vip *vip, const struct ezlb_addr *addr, struct ezlb_vip_added *added,
		 struct ezlb_err *err)
{
	AUTO_ADDR struct rtnl_addr *request = NULL;
	struct ezlb_vip_added dont_care;
	char deed[DEED_STRLEN];
	int ifindex = 0, rc;

	added = added ? added : &dont_care;
	*added = (struct ezlb_vip_added){ .device = false };
	rc = ensure_device(vip, &ifindex, &added->device, err);
	if (rc < 0)
		return rc;
	request = addr_new(addr, ifindex);
	rc = rtnl_addr_add(vip->sock, request, NLM_F_CREATE | NLM_F_EXCL);
	added->addr = rc == 0;
	if (rc == 0 || rc == -NLE_EXIST)
		return 0;
	deed_format("add", addr, "to", deed);
	/* addrconf.c: EACCES for disable_ipv6; where ipv6 is off altogether nobody is listening. */
	if (addr->family == AF_INET6 && (rc == -NLE_NOACCESS || rc == -NLE_OPNOTSUPP)) {
		fail(vip, rc, deed, NULL);
		return ezlb_err_set(err, EAFNOSUPPORT,
				    "cannot %s %s: IPv6 is disabled there; set "
				    "net.ipv6.conf.%s.disable_ipv6=0, or boot without ipv6.disable",
				    deed, vip->device, vip->device);
	}
	return fail(vip, rc, deed, err);
}

int ezlb_vip_del(struct ezlb_vip *vip, const struct ezlb_addr *addr, struct ezlb_err *err)
{
	AUTO_LINK struct rtnl_link *link = NULL;
	AUTO_ADDR struct rtnl_addr *request = NULL;
	char deed[DEED_STRLEN];
	int rc = find_device(vip, &link, err);

	if (rc < 0 || !link)
		return rc;
	request = addr_new(addr, rtnl_link_get_ifindex(link));
	rc = rtnl_addr_delete(vip->sock, request, 0);
	if (rc == 0 || rc == -NLE_NOADDR || rc == -NLE_NODEV ||
	    (addr->family == AF_INET6 && rc == -NLE_OPNOTSUPP)) /* without IPv6 it is gone too */
		return 0;
	return fail(vip, rc, deed_format("remove", addr, "from", deed), err);
}

static bool is_link_local(const struct ezlb_addr *addr)
{
	struct in6_addr in6;

	memcpy(&in6, addr->bytes, sizeof(in6));
	return addr->family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&in6);
}

/* -EBUSY with the first address that is more than the kernel's own. */
static int check_empty(struct ezlb_vip *vip, int ifindex, struct ezlb_err *err)
{
	AUTO_CACHE struct nl_cache *cache = NULL;
	struct rtnl_addr *item = NULL;
	char text[EZLB_ADDR_STRLEN];
	struct ezlb_addr addr;
	int rc = dump(vip, &cache, err);

	while (rc == 0 && (item = next_addr(cache, item)) != NULL) {
		if (rtnl_addr_get_ifindex(item) == ifindex && addr_get(item, &addr) &&
		    !is_link_local(&addr))
			rc = ezlb_err_set(err, EBUSY,
					  "the device %s stays, for it has the address %s/%d yet: "
					  "remove both by hand if nobody needs them",
					  vip->device, ezlb_addr_format(&addr, text),
					  rtnl_addr_get_prefixlen(item));
	}
	return rc;
}

int ezlb_vip_remove_device(struct ezlb_vip *vip, struct ezlb_err *err)
{
	AUTO_LINK struct rtnl_link *link = NULL;
	int rc = find_device(vip, &link, err);

	if (rc < 0 || !link)
		return rc;
	rc = check_empty(vip, rtnl_link_get_ifindex(link), err);
	if (rc < 0)
		return rc;
	rc = rtnl_link_delete(vip->sock, link);
	return rc == 0 || rc == -NLE_NODEV ? 0 : fail(vip, rc, "remove the device", err);
}
