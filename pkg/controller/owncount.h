/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * owncount: the active connections of each service that began on this balancer, for one to which
 * the sync daemon tells those of others. A thread reads the whole table of connections.
 */
#pragma once

#include <ezlb/ipvs.h>
#include <ezlb/spec.h>

/* The caller zeroes it, sets `scope`, adds the ranges, reads, and clears. */
struct owncount {
	const struct ezlb_scope *scope; /* sorted; borrowed */
	struct owncount_ranges EZLB_VEC(struct ezlb_listener) ranges;
	const struct ezlb_service_key *marks[2]; /* in scope: the first of IPv4, and of IPv6 */
	struct ezlb_traffic rows; /* of dests, without a backend: one for each service in scope */
};

/* The table says to which port a client connected, and not to which mark. Others are ignored. */
void owncount_range(struct owncount *own, const struct ezlb_listener *listener);
/*
 * Fills the rows. A connection that is in no range and no service of a port counts for the first
 * mark of its family in scope, if there is one. Returns what ezlb_ipvs_own_connections returns.
 */
int owncount_read(struct owncount *own, uint32_t most_ms);
void owncount_clear(struct owncount *own);
