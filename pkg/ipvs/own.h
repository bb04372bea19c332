/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * own: which connections began on this balancer, and were not learned from another one by the sync
 * daemon. Source: ip_vs_conn_sync_seq_show() in net/netfilter/ipvs/ip_vs_conn.c.
 */
#pragma once

#include <ezlb/ipvs.h>

#include "words.h"

#define EZLB_IPVS_PROCFS_CONNS "/proc/net/ip_vs_conn_sync"

/*
 * Whether the line is an active connection of this balancer: TCP or SCTP, ESTABLISHED, of origin
 * LOCAL. IPVS counts no other as active: a new connection is inactive, and so are all of UDP
 * (ip_vs_bind_dest, set_tcp_state and set_sctp_state). Sets *key to what the client connected to.
 */
bool own_parse(struct words line, struct ezlb_service_key *key);

/* As ezlb_ipvs_own_connections. */
int ezlb_ipvs_own_connections_of(const char *path, uint32_t most_ms, ezlb_ipvs_own_fn fn,
				 void *arg);
