/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter: a socket filter (classic BPF) for conntrack's messages about entries that it removes. The
 * kernel runs it for each message before it counts against the receive buffer. It passes the
 * entries of the wanted listeners, and a few others that have the same hash: the receiver looks at
 * each anyway. Pure.
 */
#pragma once

#include <stddef.h>

#include <linux/filter.h>

#include <ezlb/connections.h>

/*
 * The kernel keeps the program in memory that net.core.optmem_max limits, 20 KiB on most kernels,
 * so there are coarser programs for many listeners.
 */
enum filter_grain {
	FILTER_LISTENERS, /* protocol, address and port; address and protocol for ranges of ports */
	FILTER_ADDRESSES, /* only the addresses of the listeners */
	FILTER_NOTHING,	  /* passes all messages */
	FILTER_GRAINS
};

struct filter EZLB_VEC(struct sock_filter);

/*
 * Makes the program for the services of the index with `log`. A service with a mark and without
 * addresses needs all messages. False: the program would exceed BPF_MAXINSNS, and *out is empty.
 * The caller clears *out.
 */
bool filter_make(const struct ezlb_connections_index *index, enum filter_grain grain,
		 struct filter *out);
