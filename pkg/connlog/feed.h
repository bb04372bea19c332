/* SPDX-License-Identifier: GPL-2.0-or-later */
/* feed: the netlink socket that receives conntrack's messages about entries that it removes. */
#pragma once

#include <stdint.h>

#include <ezlb/connections.h>
#include <ezlb/err.h>

/*
 * What waits in it: about 20,000 messages. Memory of the kernel, taken only while they wait. The
 * kernel doubles it.
 */
#define FEED_BYTES (8 * 1024 * 1024)

/* Opens the socket, which receives nothing before feed_join. Returns it or -errno. */
int feed_open(int bytes, struct ezlb_err *err);
int feed_join(int fd, struct ezlb_err *err);
/*
 * Passes only the entries of the services of the index with `log`, as far as the kernel has room
 * for such a program. No message for them is lost while it replaces the one before.
 */
int feed_filter(int fd, const struct ezlb_connections_index *index, struct ezlb_err *err);
/* How many messages the kernel has dropped because the buffer was full; goes on from 0 after 2^32.
 */
uint32_t feed_drops(int fd);
