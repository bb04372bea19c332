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
#include <ezlb/ports.h>

/*
 * Deletes the conntrack entries of exactly these flows in the caller's network namespace. *n is the
 * number of deleted entries, also after a failure. Reads the whole table. An
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

typedef void (*ezlb_connection_fn)(void *arg, const struct ezlb_connection *connection);
/*
 * Passes all connections to fn, in no order; keeps none of them. Of a table that changes meanwhile
 * one may come twice. -EAGAIN: it changed too much; those that fn got are right, but others may be
 * missing. Blocks for at most 60 s, so it is for commands. Errors as above.
 */
int ezlb_conntrack_list(ezlb_connection_fn fn, void *arg, struct ezlb_err *err);
/*
 * Passes the connections with these answers to fn, as far as there are any. The kernel has an index
 * for this, so the cost does not depend on its table. It finds no entries of a zone other than 0.
 * Blocks and fails as _list. With no answers it does nothing.
 */
int ezlb_conntrack_find(const struct ezlb_connection_answers *answers, ezlb_connection_fn fn,
			void *arg, struct ezlb_err *err);

/* --- connections that begin and end ---------------------------------------------------------- */

struct ezlb_conntrack_events;

/*
 * Receives the kernel's messages about connections that begin and end. The kernel selects by the
 * addresses of the listeners if these are few and of IPv4; *selects is borrowed until the end.
 * -ENOPROTOOPT if the kernel has none, -EPERM without CAP_NET_ADMIN.
 */
int ezlb_conntrack_events_open(const struct ezlb_connection_selects *selects,
			       struct ezlb_conntrack_events **out, struct ezlb_err *err);
/* The connection begins, or has ended. */
typedef void (*ezlb_connection_event_fn)(void *arg, const struct ezlb_connection *connection,
					 bool ended);
/*
 * Waits for at most timeout_ms, and passes what has come to fn. -ENOBUFS: the kernel had to drop
 * messages, because they came faster than they were read; later ones come. Other errors are final.
 */
int ezlb_conntrack_events_next(struct ezlb_conntrack_events *events, unsigned timeout_ms,
			       ezlb_connection_event_fn fn, void *arg, struct ezlb_err *err);
void ezlb_conntrack_events_close(struct ezlb_conntrack_events *events); /* NULL is fine */
/*
 * Counts the entries whose answers come from this backend, by its port and the address that it
 * sees: the source ports in use. With port 0: those from all its ports. Sorted by port and address;
 * at most 4,096. Entries that are about to end count, too: they still hold their port. Errors as
 * above; changes nothing.
 */
int ezlb_conntrack_sources(enum ezlb_proto proto, const struct ezlb_endpoint *backend,
			   struct ezlb_ports_sources *out, struct ezlb_err *err);
