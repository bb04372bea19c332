/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vip: the inside of a struct ezlb_vip, for its tests. */
#pragma once

#include <net/if.h>

#include <ezlb/host.h>

struct nl_sock;

struct ezlb_vip {
	char device[IFNAMSIZ];
	const char *kind;     /* "dummy"; a test takes what its kernel has */
	struct nl_sock *sock; /* NULL: to be opened by the next call */
};
