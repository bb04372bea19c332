/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entry: encodes and decodes messages about conntrack entries. Sends nothing. */
#pragma once

#include <ezlb/connection.h>
#include <ezlb/netlink.h>

#include "flow.h"

/* Requests all entries, of both families. */
void ezlb_ct_put_dump(struct ezlb_nl_buf *buf);

/* Requests the entry with this answer, if there is one; else the kernel answers -ENOENT. */
void ezlb_ct_put_get(struct ezlb_nl_buf *buf, const struct ezlb_connection_answer *answer);

/*
 * Requests the entries whose answers come from this backend; with `narrow` as few others as the
 * kernel can select. For backends that have a good part of all entries: ezlb_ct_put_dump says why.
 */
void ezlb_ct_put_backend_dump(struct ezlb_nl_buf *buf, enum ezlb_proto proto,
			      const struct ezlb_endpoint *backend, bool narrow);

/* Deletes exactly this entry. If a newer entry has taken its place, the kernel answers -ENOENT. */
void ezlb_ct_put_delete(struct ezlb_nl_buf *buf, const struct ezlb_ct_entry *entry);

/*
 * False if the message is not about an entry, or the protocol or family is none that IPVS balances.
 */
bool ezlb_ct_read(const struct nlmsghdr *msg, struct ezlb_ct_entry *out);

/* The same of a message of a dump or about an event. The texts in *out are static. */
bool ezlb_ct_read_connection(const struct nlmsghdr *msg, struct ezlb_connection *out);
