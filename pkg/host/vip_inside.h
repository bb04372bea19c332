/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vip_inside: what the files of vip share: requests, and dummy links. */
#pragma once

#include "vip.h"

struct link {
	const char *kind; /* the kind of ezlb's links */
	int index;	  /* 0: no such link */
	unsigned flags;
	bool dummy; /* the link is of this kind */
};

/* Starts a request in vip->request, which replaces the previous one. */
struct nlmsghdr *vip_start(struct vip *vip, uint16_t type, uint16_t flags);
/* Ends and sends the started request. */
int vip_ask(struct vip *vip, ezlb_nl_msg_fn fn, void *arg);
/* A link that is missing or of another kind has the index 0. */
int vip_find_dummy(struct vip *vip, const char *device, struct link *link);
size_t vip_addr_size(uint8_t family); /* in bytes */
