/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entry: the messages about conntrack entries, to bytes and back. Sends nothing. */
#pragma once

#include <libmnl/libmnl.h>

#include "flow.h"

/* Any request that is made here fits. */
#define EZLB_CT_REQUEST_BYTES 1024

/* Asks for all entries of the filter's family; or, where `narrow`, for as few as it can say. */
void ezlb_ct_put_dump(struct nlmsghdr *msg, const struct ezlb_ct_filter *filter, bool narrow);

/* Deletes this very entry: not one that took its place since, which gets -ENOENT. */
void ezlb_ct_put_delete(struct nlmsghdr *msg, const struct ezlb_ct_entry *entry);

/*
 * False where it is of no use: of a protocol or family that IPVS does not balance, or not about an
 * entry at all. A dump with a filter that the kernel does not know has all sorts of entries.
 */
bool ezlb_ct_read(const struct nlmsghdr *msg, struct ezlb_ct_entry *out);
