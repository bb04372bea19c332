/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conntrack: finds and deletes stale conntrack entries. The kernel decides NAT once per flow. So a
 * UDP client that keeps its port keeps its old source address, or its removed backend, until the
 * flow is idle for minutes. Without the entry the flow's next packet is treated as a new flow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ezlb/connection.h>
#include <ezlb/err.h>
#include <ezlb/flow.h>

/*
 * Deletes the conntrack entries of exactly these flows in the caller's network namespace. *n is the
 * number of deleted entries, also after a failure. Reads the table once per address family. An
 * entry that is already gone is no failure, and a new entry in its place stays. With no flows it
 * does nothing and loads no module. Blocks while the kernel dumps its table, at most 5 s
 * (-ETIMEDOUT). -ENOPROTOOPT if the kernel has no conntrack, -EPERM without CAP_NET_ADMIN, -EAGAIN
 * if the table changed too much during the dump.
 *
 * Does not touch IPVS's own connection table: with net.ipv4.vs.expire_nodest_conn 0 IPVS drops
 * packets of existing flows to a removed backend.
 */
int ezlb_conntrack_delete(const struct ezlb_flows *flows, size_t *n, struct ezlb_err *err);

/*
 * Sorts the flows, and counts the conntrack entries of each: n has room for one number for each
 * flow. TCP connections that are being closed do not count. Errors and the rest as above; changes
 * nothing.
 */
int ezlb_conntrack_count(struct ezlb_flows *flows, size_t *n, struct ezlb_err *err);

/* --- connections ----------------------------------------------------------------------------- */

struct nf_conntrack; /* of libnetfilter_conntrack */

/*
 * Reads an entry of a dump or an event. False: it is no connection through IPVS, for its protocol
 * or its family. The texts in *out are static.
 */
bool ezlb_conntrack_connection(const struct nf_conntrack *ct, struct ezlb_connection *out);
