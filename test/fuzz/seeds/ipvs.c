// SPDX-License-Identifier: GPL-2.0-or-later
#include "seeds.h"

#include "test/unit/ipvs/kernel.h"

static void put(const char *name, struct bytes *b)
{
	struct ezlb_text seed = { 0 };

	ezlb_text_put(&seed, (const char *)b->data, b->len);
	seed_put("ipvs_codec", name, &seed);
	b->len = 0;
}

static void put_services(struct bytes *b)
{
	struct ezlb_service_row row = service("10.0.0.1:80");

	add_service(b, 1, &row, 0, 0);
	row = service("[fd00::1]:443");
	row.timeout = 300;
	row.flags = IP_VS_SVC_F_PERSISTENT;
	ezlb_strcpy(row.engine, sizeof(row.engine), "sip");
	add_service(b, 1, &row, 0, IPPROTO_UDP);
	add_service(b, 1, &row, 7, 0);
	put("services", b);
}

static void put_dests(struct bytes *b)
{
	struct ezlb_dest_row row = dest("10.0.0.1:80", "10.1.0.1:8080");

	add_dest(b, 2, &row, IP_VS_CONN_F_MASQ, AF_INET);
	add_dest(b, 2, &row, IP_VS_CONN_F_DROUTE, 0);
	row = dest("[fd00::1]:443", "[fd00::2]:443");
	row.tunnel.type = EZLB_TUNNEL_GUE;
	row.tunnel.port = 6080;
	row.upper = 100;
	row.lower = 50;
	add_tunnel_dest(b, 2, &row, IP_VS_CONN_F_TUNNEL, AF_INET6, IP_VS_TUNNEL_ENCAP_FLAG_CSUM);
	put("dests", b);
}

static void add_stats(struct bytes *b, int type)
{
	const uint64_t n = 0x1234567890;
	size_t stats = start_nest(b, type);

	for (int i = IPVS_STATS_ATTR_CONNS; i <= IPVS_STATS_ATTR_OUTBPS; i++)
		add_attr(b, i, &n, sizeof(n));
	end_nest(b, stats);
}

/* With its counters. */
static void add_counted_service(struct bytes *b, uint32_t seq)
{
	struct genlmsghdr genl = { .cmd = IPVS_CMD_NEW_SERVICE, .version = 1 };
	size_t msg = start_msg(b, FAMILY, NLM_F_MULTI, seq), nest;
	const struct ezlb_endpoint listen = endpoint("10.0.0.1:80");

	add(b, &genl, sizeof(genl));
	nest = start_nest(b, IPVS_CMD_ATTR_SERVICE);
	add_u16(b, IPVS_SVC_ATTR_AF, AF_INET);
	add_u16(b, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	add_attr(b, IPVS_SVC_ATTR_ADDR, listen.addr.bytes, 16);
	add_u16(b, IPVS_SVC_ATTR_PORT, htons(80));
	add_stats(b, IPVS_SVC_ATTR_STATS64);
	end_nest(b, nest);
	end_msg(b, msg);
}

static void add_counted_dest(struct bytes *b, uint32_t seq)
{
	struct genlmsghdr genl = { .cmd = IPVS_CMD_NEW_DEST, .version = 1 };
	size_t msg = start_msg(b, FAMILY, NLM_F_MULTI, seq), nest;
	const struct ezlb_endpoint backend = endpoint("10.1.0.1:8080");

	add(b, &genl, sizeof(genl));
	nest = start_nest(b, IPVS_CMD_ATTR_DEST);
	add_attr(b, IPVS_DEST_ATTR_ADDR, backend.addr.bytes, 16);
	add_u16(b, IPVS_DEST_ATTR_PORT, htons(backend.port));
	add_u32(b, IPVS_DEST_ATTR_WEIGHT, 1);
	add_u32(b, IPVS_DEST_ATTR_ACTIVE_CONNS, 7);
	add_u32(b, IPVS_DEST_ATTR_INACT_CONNS, 7);
	add_stats(b, IPVS_DEST_ATTR_STATS64);
	end_nest(b, nest);
	end_msg(b, msg);
}

static void put_counters(struct bytes *b)
{
	add_counted_service(b, 1);
	put("counters", b);
}

static void put_conversation(struct bytes *b)
{
	struct ezlb_text seed = { 0 };
	struct ezlb_service_row row = service("10.0.0.1:80");

	add_service(b, 1, &row, 0, 0);
	add_timeouts(b, 1, 900, 120, 300);
	add_done(b, 1, 0, 0);
	ezlb_text_put(&seed, (const char *)b->data, b->len);
	seed_put("netlink", "dump", &seed);
	b->len = 0;
	add_error(b, 1, 0);
	add_timeouts(b, 2, 900, 120, 300);
	add_error(b, 2, -ESRCH);
	add_error(b, 3, 0);
	ezlb_text_put(&seed, (const char *)b->data, b->len);
	seed_put("netlink", "several", &seed);
	b->len = 0;
}

/* Of the layer: the first byte says what is asked, see test/fuzz/ipvs_layer.c. */
static void put_layer(struct bytes *b, const char *name, char way)
{
	struct ezlb_text seed = { 0 };

	ezlb_text_put(&seed, &way, 1);
	ezlb_text_put(&seed, (const char *)b->data, b->len);
	seed_put("ipvs_layer", name, &seed);
	b->len = 0;
	add_error(b, 1, 0); /* of the next one: the permission */
}

static void put_layers(struct bytes *b)
{
	struct ezlb_service_row row = service("10.0.0.1:80");
	struct ezlb_dest_row backend = dest("10.0.0.1:80", "10.1.0.1:8080");

	add_error(b, 1, 0);
	add_service(b, 2, &row, 0, 0);
	add_error(b, 2, 0);
	add_error(b, 3, -ESRCH);
	add_dest(b, 4, &backend, IP_VS_CONN_F_MASQ, AF_INET);
	add_dest(b, 4, &backend, IP_VS_CONN_F_MASQ, AF_INET);
	add_done(b, 4, 0, 0);
	add_timeouts(b, 5, 900, 120, 300);
	add_error(b, 5, 0);
	add_sync(b, 6, IP_VS_STATE_MASTER, "eth1", 1);
	add_done(b, 6, 0, 0);
	add_sync(b, 7, IP_VS_STATE_MASTER, "eth1", 1); /* of the look after it */
	add_done(b, 7, 0, 0);
	put_layer(b, "list", 0);
	add_error(b, 2, -EEXIST);
	add_error(b, 3, -ESRCH);
	put_layer(b, "apply", 1);
	add_counted_service(b, 2);
	add_done(b, 2, 0, 0);
	add_counted_dest(b, 3);
	add_done(b, 3, NLM_F_DUMP_INTR, 0);
	add_counted_dest(b, 4);
	add_done(b, 4, 0, 0);
	put_layer(b, "traffic", 2);
	b->len = 0;
}

void seeds_ipvs(void)
{
	static struct bytes b;

	put_services(&b);
	put_dests(&b);
	put_counters(&b);
	add_timeouts(&b, 1, 900, 120, 300);
	add_sync(&b, 1, IP_VS_STATE_MASTER, "eth1", 1);
	add_sync(&b, 1, IP_VS_STATE_BACKUP, "eth1", 255);
	put("rest", &b);
	put_conversation(&b);
	put_layers(&b);
}
