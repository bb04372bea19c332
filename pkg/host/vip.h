/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vip: addresses on dummy links through rtnetlink, in the network namespace of the first call.
 * Each call blocks until the kernel answers, normally at once, or fails with -ETIMEDOUT after 5 s.
 * After any failure the next call may be made.
 */
#pragma once

#include <stdbool.h>

#include <ezlb/err.h>
#include <ezlb/netlink.h>
#include <ezlb/table.h>

#define VIP_TIMEOUT_MS 5000

struct vip {
	const char *kind;   /* "dummy"; a test may use another kind that its kernel has */
	struct ezlb_nl *nl; /* NULL: the next call opens it */
	struct ezlb_nl_buf request;
	struct ezlb_vips known; /* those of the last list, and what was changed since */
	bool late;		/* the route of the last IPv6 address did not come in time */
};

void vip_close(struct vip *vip);

/* Adds links, vips and elsewhere as in list of ezlb/host.h. On failure *out may have some rows. */
int vip_list(struct vip *vip, const struct ezlb_links *managed, struct ezlb_table *out,
	     struct ezlb_err *err);

/* As LINK_ADD, VIP_ADD, VIP_DEL and LINK_DEL in ezlb/host.h; return 0 or -errno. */
int vip_link_add(struct vip *vip, const char *device);
/* -EAGAIN: it is added, but packets for it are not local yet (IPv6). */
int vip_add(struct vip *vip, const struct ezlb_vip_row *row);
/* vip_del: where another link has the address, it is announced there again: see vip_addr.c. */
int vip_del(struct vip *vip, const struct ezlb_vip_row *row);
int vip_link_del(struct vip *vip, const char *device);
