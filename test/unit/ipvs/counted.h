/* SPDX-License-Identifier: GPL-2.0-or-later */
/* counted: services and dests with their counters, as bytes. */
#pragma once

#include "kernel.h"

#include <ezlb/traffic.h>

#define NEST (NLMSG_HDRLEN + GENL_HDRLEN)

/* Each has bits above the 32nd, and no two are the same. */
static const struct ezlb_counters large = {
	.connections = 0x100000001,
	.packets_in = 0x200000002,
	.packets_out = 0x300000003,
	.bytes_in = 0x400000004,
	.bytes_out = 0x500000005,
	.connection_rate = 0x600000006,
	.packet_rate_in = 0x700000007,
	.packet_rate_out = 0x800000008,
	.byte_rate_in = 0x900000009,
	.byte_rate_out = 0xa0000000a,
};

enum stats { NO_STATS, NARROW, WIDE, BOTH };

/* As ip_vs_genl_fill_stats64(), with the padding that some architectures need. */
static inline void add_wide(struct bytes *b, int type, const struct ezlb_counters *c)
{
	const uint64_t values[] = {
		c->connections,	 c->packets_in,	     c->packets_out,	c->bytes_in,
		c->bytes_out,	 c->connection_rate, c->packet_rate_in, c->packet_rate_out,
		c->byte_rate_in, c->byte_rate_out,
	};
	size_t nest = start_nest(b, type);

	for (size_t i = 0; i < COUNT_OF(values); i++) {
		add_attr(b, IPVS_STATS_ATTR_PAD, "", 0);
		add_attr(b, (int)i + IPVS_STATS_ATTR_CONNS, &values[i], sizeof(values[i]));
	}
	end_nest(b, nest);
}

/* As ip_vs_genl_fill_stats(): bytes in 64 bits, all else cut to 32. */
static inline void add_narrow(struct bytes *b, int type, const struct ezlb_counters *c)
{
	size_t nest = start_nest(b, type);

	add_u32(b, IPVS_STATS_ATTR_CONNS, (uint32_t)c->connections);
	add_u32(b, IPVS_STATS_ATTR_INPKTS, (uint32_t)c->packets_in);
	add_u32(b, IPVS_STATS_ATTR_OUTPKTS, (uint32_t)c->packets_out);
	add_attr(b, IPVS_STATS_ATTR_INBYTES, &c->bytes_in, sizeof(c->bytes_in));
	add_attr(b, IPVS_STATS_ATTR_OUTBYTES, &c->bytes_out, sizeof(c->bytes_out));
	add_u32(b, IPVS_STATS_ATTR_CPS, (uint32_t)c->connection_rate);
	add_u32(b, IPVS_STATS_ATTR_INPPS, (uint32_t)c->packet_rate_in);
	add_u32(b, IPVS_STATS_ATTR_OUTPPS, (uint32_t)c->packet_rate_out);
	add_u32(b, IPVS_STATS_ATTR_INBPS, (uint32_t)c->byte_rate_in);
	add_u32(b, IPVS_STATS_ATTR_OUTBPS, (uint32_t)c->byte_rate_out);
	end_nest(b, nest);
}

/* Takes what was appended into the message that begins at `msg`, and into its nest. */
static inline void take_in(struct bytes *b, size_t msg)
{
	end_nest(b, msg + NEST);
	end_msg(b, msg);
}

static inline void add_counted_service(struct bytes *b, uint32_t seq, const char *listen,
				       enum stats stats)
{
	struct ezlb_service_row row = service(listen);
	size_t msg = b->len;

	add_service(b, seq, &row, 0, 0);
	if (stats & NARROW)
		add_narrow(b, IPVS_SVC_ATTR_STATS, &large);
	if (stats & WIDE)
		add_wide(b, IPVS_SVC_ATTR_STATS64, &large);
	take_in(b, msg);
}

/* With 7 active connections, 70 inactive, and weight 1. */
static inline void add_counted_dest(struct bytes *b, uint32_t seq, const char *backend,
				    enum stats stats)
{
	struct ezlb_dest_row row = dest("10.0.0.1:80", backend);
	size_t msg = b->len;

	add_dest(b, seq, &row, 0, AF_INET);
	add_u32(b, IPVS_DEST_ATTR_INACT_CONNS, 70);
	if (stats & NARROW)
		add_narrow(b, IPVS_DEST_ATTR_STATS, &large);
	if (stats & WIDE)
		add_wide(b, IPVS_DEST_ATTR_STATS64, &large);
	take_in(b, msg);
}
