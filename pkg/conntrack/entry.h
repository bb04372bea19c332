/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entry: encodes and decodes messages about conntrack entries. Sends nothing. */
#pragma once

#include <ezlb/netlink.h>

#include "flow.h"

/* Requests all entries of the filter's family; if `narrow`, as few as the kernel can select. */
void ezlb_ct_put_dump(struct ezlb_nl_buf *buf, const struct ezlb_ct_filter *filter, bool narrow);

/* Deletes exactly this entry. If a newer entry has taken its place, the kernel answers -ENOENT. */
void ezlb_ct_put_delete(struct ezlb_nl_buf *buf, const struct ezlb_ct_entry *entry);

/*
 * False if the message is not about an entry, or the protocol or family is none that IPVS balances:
 * a kernel that does not know the filter returns all kinds of entries.
 */
bool ezlb_ct_read(const struct nlmsghdr *msg, struct ezlb_ct_entry *out);
