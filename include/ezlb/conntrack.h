/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conntrack: ends flows that the kernel would go on treating as before. NAT is decided once for a
 * flow, so a udp client that keeps its port keeps its source address, or its dead backend, until
 * nothing has come for minutes. The flow's next packet is a new one, and is decided upon anew.
 */
#pragma once

#include <stddef.h>

#include <ezlb/err.h>
#include <ezlb/flow.h>

/*
 * Deletes the conntrack entries of these flows, in the network namespace of the caller, and no
 * others; *n counts them, after a failure too. The table is read once for each family, however many
 * flows. An entry that has gone by itself meanwhile is no failure, and a new one in its place
 * stays. Makes no dump and loads no module where flows is empty. Blocks for as long as the kernel
 * takes to read out its table, 5 s at most (-ETIMEDOUT). -ENOPROTOOPT where the kernel has no
 * conntrack, -EPERM without CAP_NET_ADMIN, -EAGAIN where the table changed too much while it was
 * read.
 *
 * IPVS has a table of its own, which this leaves alone: with net.ipv4.vs.expire_nodest_conn 0 it
 * drops what goes on coming for a backend that has been removed.
 */
int ezlb_conntrack_delete(const struct ezlb_flows *flows, size_t *n, struct ezlb_err *err);
