/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entry: the messages about conntrack entries, to bytes and back. Sends nothing. */
#pragma once

#include <ezlb/netlink.h>

#include "flow.h"

/* Asks for all entries of the filter's family; or, where `narrow`, for as few as it can say. */
void ezlb_ct_put_dump(struct ezlb_nl_buf *buf, const struct ezlb_ct_filter *filter, bool narrow);

/* Deletes this very entry: not one that took its place since, which gets -ENOENT. */
void ezlb_ct_put_delete(struct ezlb_nl_buf *buf, const struct ezlb_ct_entry *entry);

/*
 * False where it is of no use: of a protocol or family that IPVS does not balance, or not about an
 * entry at all. A dump with a filter that the kernel does not know has all sorts of entries.
 */
bool ezlb_ct_read(const struct nlmsghdr *msg, struct ezlb_ct_entry *out);
