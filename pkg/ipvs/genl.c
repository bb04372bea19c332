// SPDX-License-Identifier: GPL-2.0-or-later
#include "genl.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/family.h>
#include <netlink/genl/genl.h>
#include <netlink/socket.h>
#include <sys/socket.h>
#include <sys/time.h>

static void free_socket(struct nl_sock **sock)
{
	nl_socket_free(*sock);
}

static void free_cache(struct nl_cache **cache)
{
	nl_cache_free(*cache);
}

/* Maps libnl's error numbers; those that call for the same action share one text. */
static int fail(struct ezlb_err *err, const char *name, int nle)
{
	switch (-nle) {
	case NLE_OBJ_NOTFOUND:
		return ezlb_err_set(err, ENOENT, "the kernel has no genetlink family %s", name);
	case NLE_AGAIN:
		return ezlb_err_set(err, ETIMEDOUT, "the kernel does not answer on genetlink");
	case NLE_PERM:
	case NLE_NOACCESS:
		return ezlb_err_set(err, EPERM, "not allowed to use genetlink");
	default:
		return ezlb_err_set(err, EIO, "cannot resolve the genetlink family %s: %s", name,
				    nl_geterror(nle));
	}
}

static int search(struct nl_sock *sock, const char *name)
{
	__attribute__((cleanup(free_cache))) struct nl_cache *cache = NULL;
	struct genl_family *family;
	int rc = genl_ctrl_alloc_cache(sock, &cache);

	if (rc < 0)
		return rc;
	family = genl_ctrl_search_by_name(cache, name);
	if (!family)
		return -NLE_OBJ_NOTFOUND;
	rc = (int)genl_family_get_id(family);
	genl_family_put(family);
	return rc;
}

int ezlb_ipvs_genl_resolve(const char *name, bool load, unsigned timeout_ms, uint16_t *family,
			   struct ezlb_err *err)
{
	/* A socket of its own: libnl could not handle a late answer to an earlier request. */
	__attribute__((cleanup(free_socket))) struct nl_sock *sock = nl_socket_alloc();
	struct timeval limit = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };
	int rc;

	if (!sock)
		return ezlb_err_sys(err, ENOMEM, "cannot open a netlink socket");
	rc = genl_connect(sock);
	if (rc < 0)
		return fail(err, name, rc);
	if (setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return ezlb_err_sys(err, errno, "cannot set a timeout on a netlink socket");
	rc = load ? genl_ctrl_resolve(sock, name) : search(sock, name);
	if (rc < 0)
		return fail(err, name, rc);
	*family = (uint16_t)rc;
	return 0;
}
