/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vip: addresses on dummy links through rtnetlink, in the network namespace of the first call.
 * Each call blocks for as long as the kernel takes, which is no time, or fails with -ETIMEDOUT
 * after 5 s without an answer; after any failure the next call may be made.
 */
#pragma once

#include <ezlb/err.h>
#include <ezlb/netlink.h>
#include <ezlb/table.h>

#define VIP_TIMEOUT_MS 5000

struct vip {
	const char *kind;   /* "dummy"; a test takes what its kernel has */
	struct ezlb_nl *nl; /* NULL: to be made by the next call */
	struct ezlb_nl_buf request;
};

void vip_close(struct vip *vip);

/* Adds links, vips and elsewhere as host.h tells of list. On failure *out may have some. */
int vip_list(struct vip *vip, const struct ezlb_links *managed, struct ezlb_table *out,
	     struct ezlb_err *err);

/* As LINK_ADD, VIP_ADD, VIP_DEL and LINK_DEL in host.h; -errno. */
int vip_link_add(struct vip *vip, const char *device);
int vip_add(struct vip *vip, const struct ezlb_vip_row *row);
int vip_del(struct vip *vip, const struct ezlb_vip_row *row);
int vip_link_del(struct vip *vip, const char *device);
