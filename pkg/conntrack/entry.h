/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entry: encodes and decodes messages about conntrack entries. Sends nothing. */
#pragma once

#include <ezlb/connection.h>
#include <ezlb/netlink.h>

#include "flow.h"

/*
 * Requests the entries of a family, 0: of all. With `select` as few as the kernel can select, and
 * at least those; NULL: all.
 */
void ezlb_ct_put_dump(struct ezlb_nl_buf *buf, uint8_t family,
		      const struct ezlb_connection_select *select);

/* The same for the entries whose answers come from this backend. */
void ezlb_ct_put_backend_dump(struct ezlb_nl_buf *buf, enum ezlb_proto proto,
			      const struct ezlb_endpoint *backend, bool narrow);

/* Deletes exactly this entry. If a newer entry has taken its place, the kernel answers -ENOENT. */
void ezlb_ct_put_delete(struct ezlb_nl_buf *buf, const struct ezlb_ct_entry *entry);

/*
 * False if the message is not about an entry, or the protocol or family is none that IPVS balances:
 * a kernel that does not know the filter returns all kinds of entries.
 */
bool ezlb_ct_read(const struct nlmsghdr *msg, struct ezlb_ct_entry *out);

/* The same of a message of a dump or about an event. */
bool ezlb_ct_read_connection(const struct nlmsghdr *msg, struct ezlb_connection *out);
