/* SPDX-License-Identifier: GPL-2.0-or-later */
/* removed: conntrack's message about an entry that it removes, as Linux 6.1 sends it. */
#pragma once

#include "cm.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_sctp.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <ezlb/netlink.h>
#include <ezlb/spec.h>

#include "event.h"

#define SECOND INT64_C(1000000000)

/* What the message says. Zero: the attribute is missing. */
struct removed {
	enum ezlb_proto proto;
	const char *client, *listen, *source, *backend;
	uint32_t status, mark;
	int state; /* < 0: missing */
	uint32_t left_s;
	uint64_t packets_in, bytes_in, packets_out, bytes_out;
	int64_t start_ns, stop_ns;
};

union message {
	struct nlmsghdr msg;
	unsigned char bytes[1024];
};

static inline struct ezlb_endpoint endpoint_of(const char *text)
{
	struct ezlb_endpoint endpoint;

	assert_int_equal(ezlb_endpoint_parse(text, &endpoint, NULL), 0);
	return endpoint;
}

static inline void put_be64(struct nlmsghdr *msg, uint16_t type, uint64_t value)
{
	value = htobe64(value);
	mnl_attr_put(msg, type, sizeof(value), &value);
}

static inline void put_tuple(struct nlmsghdr *msg, uint16_t type, enum ezlb_proto proto,
			     const char *from, const char *to)
{
	struct ezlb_endpoint src = endpoint_of(from), dst = endpoint_of(to);
	bool v4 = src.addr.family == AF_INET;
	struct nlattr *tuple = mnl_attr_nest_start(msg, type), *nest;

	nest = mnl_attr_nest_start(msg, CTA_TUPLE_IP);
	mnl_attr_put(msg, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, v4 ? 4 : 16, src.addr.bytes);
	mnl_attr_put(msg, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, v4 ? 4 : 16, dst.addr.bytes);
	mnl_attr_nest_end(msg, nest);
	nest = mnl_attr_nest_start(msg, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(msg, CTA_PROTO_NUM, (uint8_t)ezlb_proto_number(proto));
	mnl_attr_put_u16(msg, CTA_PROTO_SRC_PORT, htons(src.port));
	mnl_attr_put_u16(msg, CTA_PROTO_DST_PORT, htons(dst.port));
	mnl_attr_nest_end(msg, nest);
	mnl_attr_nest_end(msg, tuple);
}

static inline void put_counters(struct nlmsghdr *msg, uint16_t type, uint64_t packets,
				uint64_t bytes)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, type);

	put_be64(msg, CTA_COUNTERS_PACKETS, packets);
	put_be64(msg, CTA_COUNTERS_BYTES, bytes);
	mnl_attr_nest_end(msg, nest);
}

static inline void put_state(struct nlmsghdr *msg, enum ezlb_proto proto, int state)
{
	bool tcp = proto == EZLB_TCP;
	struct nlattr *info = mnl_attr_nest_start(msg, CTA_PROTOINFO);
	struct nlattr *of = mnl_attr_nest_start(msg, tcp ? CTA_PROTOINFO_TCP : CTA_PROTOINFO_SCTP);

	mnl_attr_put_u8(msg, tcp ? CTA_PROTOINFO_TCP_STATE : CTA_PROTOINFO_SCTP_STATE,
			(uint8_t)state);
	mnl_attr_nest_end(msg, of);
	mnl_attr_nest_end(msg, info);
}

static inline const struct nlmsghdr *removed_message(const struct removed *r, union message *out)
{
	struct nlmsghdr *msg = mnl_nlmsg_put_header(out->bytes);
	struct nfgenmsg *head;
	struct nlattr *nest;

	memset(out->bytes + sizeof(*msg), 0, sizeof(out->bytes) - sizeof(*msg));
	msg->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	head = mnl_nlmsg_put_extra_header(msg, sizeof(*head));
	head->nfgen_family = endpoint_of(r->client).addr.family;
	put_tuple(msg, CTA_TUPLE_ORIG, r->proto, r->client, r->listen);
	put_tuple(msg, CTA_TUPLE_REPLY, r->proto, r->backend, r->source);
	mnl_attr_put_u32(msg, CTA_ID, htonl(7));
	mnl_attr_put_u32(msg, CTA_STATUS, htonl(r->status));
	if (r->left_s)
		mnl_attr_put_u32(msg, CTA_TIMEOUT, htonl(r->left_s));
	if (r->packets_in) {
		put_counters(msg, CTA_COUNTERS_ORIG, r->packets_in, r->bytes_in);
		put_counters(msg, CTA_COUNTERS_REPLY, r->packets_out, r->bytes_out);
	}
	if (r->start_ns) {
		nest = mnl_attr_nest_start(msg, CTA_TIMESTAMP);
		put_be64(msg, CTA_TIMESTAMP_START, (uint64_t)r->start_ns);
		put_be64(msg, CTA_TIMESTAMP_STOP, (uint64_t)r->stop_ns);
		mnl_attr_nest_end(msg, nest);
	}
	if (r->state >= 0)
		put_state(msg, r->proto, r->state);
	if (r->mark)
		mnl_attr_put_u32(msg, CTA_MARK, htonl(r->mark));
	return msg;
}

/* A TCP connection that both sides have closed: 14:05:01.123 to 14:05:03.201, on 29 November. */
#define REPLIED IPS_SEEN_REPLY
#define ASSURED (IPS_SEEN_REPLY | IPS_ASSURED)
#define START	(1795961101 * SECOND + 123000000)
static const struct removed closed = {
	.proto = EZLB_TCP,
	.client = "172.16.0.2:40001",
	.listen = "10.0.0.1:80",
	.source = "10.0.0.3:62630",
	.backend = "192.168.10.11:8080",
	.status = ASSURED,
	.state = TCP_CONNTRACK_TIME_WAIT,
	.packets_in = 6,
	.bytes_in = 407,
	.packets_out = 5,
	.bytes_out = 377,
	.start_ns = START,
	.stop_ns = START + 122 * SECOND + 78000000,
};
