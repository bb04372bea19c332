/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attrs: the attributes of a netlink message by their type; those beyond 63 are left out. */
#pragma once

#include <libmnl/libmnl.h>

struct attrs {
	const struct nlattr *at[64]; /* NULL where there is none; in the message */
};

/* `head` is the size of what stands before the attributes. */
void attrs_read(const struct nlmsghdr *msg, size_t head, struct attrs *out);

/* "" where there is none. */
const char *attrs_str(const struct attrs *attrs, int type);
