// SPDX-License-Identifier: GPL-2.0-or-later
#include "entry.h"

#include <arpa/inet.h>
#include <string.h>

/* The library's copies of linux/netfilter/nfnetlink*.h conflict with the kernel's headers. */
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

/*
 * The bits of CTA_FILTER_ORIG_FLAGS and _REPLY_FLAGS (Linux 5.8, net/netfilter/nf_internals.h; in
 * no header for user space): the parts of CTA_TUPLE_ORIG and _REPLY that must match.
 */
#define SAME_SRC_ADDR (1 << 0)
#define SAME_DST_ADDR (1 << 1)
#define SAME_PROTO    (1 << 3)
#define SAME_SRC_PORT (1 << 4)
#define SAME_DST_PORT (1 << 5)
/* The same for CTA_FILTER_REPLY_FLAGS and CTA_TUPLE_REPLY. */
#define SAME_SRC_ADDR (1 << 0)
#define SAME_SRC_PORT (1 << 4)

/* --- requests ------------------------------------------------------------------------------ */

static struct nlmsghdr *msg_start(struct ezlb_nl_buf *buf, uint8_t family, uint16_t type,
				  uint16_t flags)
{
	struct nlmsghdr *msg = ezlb_nl_msg_start(buf, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type),
						 flags);
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(msg, sizeof(*head));

	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
	return msg;
}

/* One direction of the entries: the kernel's attributes, and what they must be. */
struct side {
	uint16_t tuple, flags;
	const struct ezlb_endpoint *src, *dst;
	bool has_proto; /* else any protocol */
	enum ezlb_proto proto;
	uint32_t same;
};

/*
 * The kernel rejects a port without its protocol. With IPv6 it does not match an address correctly:
 * it returns the entries whose address differs (seen on 6.1 and 6.18).
 */
static uint32_t same_of(const struct side *side)
{
	return (side->src->addr.family == AF_INET ? SAME_SRC_ADDR : 0) |
	       (side->dst->addr.family == AF_INET ? SAME_DST_ADDR : 0) |
	       (side->has_proto ? SAME_PROTO : 0) |
	       (side->has_proto && side->src->port ? SAME_SRC_PORT : 0) |
	       (side->has_proto && side->dst->port ? SAME_DST_PORT : 0);
}

static void put_addrs(struct nlmsghdr *msg, const struct side *side)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, CTA_TUPLE_IP);

	if (side->same & SAME_SRC_ADDR)
		mnl_attr_put(msg, CTA_IP_V4_SRC, 4, side->src->addr.bytes);
	if (side->same & SAME_DST_ADDR)
		mnl_attr_put(msg, CTA_IP_V4_DST, 4, side->dst->addr.bytes);
	mnl_attr_nest_end(msg, nest);
}

static void put_proto(struct nlmsghdr *msg, const struct side *side)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, CTA_TUPLE_PROTO);

	mnl_attr_put_u8(msg, CTA_PROTO_NUM, (uint8_t)ezlb_proto_number(side->proto));
	if (side->same & SAME_SRC_PORT)
		mnl_attr_put_u16(msg, CTA_PROTO_SRC_PORT, htons(side->src->port));
	if (side->same & SAME_DST_PORT)
		mnl_attr_put_u16(msg, CTA_PROTO_DST_PORT, htons(side->dst->port));
	mnl_attr_nest_end(msg, nest);
}

static void put_tuple(struct nlmsghdr *msg, const struct side *side)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, side->tuple);

	if (side->same & (SAME_SRC_ADDR | SAME_DST_ADDR))
		put_addrs(msg, side);
	if (side->same & SAME_PROTO)
		put_proto(msg, side);
	mnl_attr_nest_end(msg, nest);
}

static void put_filter(struct nlmsghdr *msg, const struct side *sides, size_t n)
{
	struct nlattr *nest;

	for (size_t i = 0; i < n; i++)
		if (sides[i].same)
			put_tuple(msg, &sides[i]);
	nest = mnl_attr_nest_start(msg, CTA_FILTER);
	for (size_t i = 0; i < n; i++)
		if (sides[i].same)
			mnl_attr_put_u32(msg, sides[i].flags, sides[i].same);
	mnl_attr_nest_end(msg, nest);
}

void ezlb_ct_put_dump(struct ezlb_nl_buf *buf, uint8_t family,
		      const struct ezlb_connection_select *select)
{
	static const struct ezlb_connection_select all;
	const struct ezlb_connection_select *by = select ? select : &all;
	const struct ezlb_endpoint listen = { by->listen.addr,
					      by->last_port ? 0 : by->listen.port };
	/* The protocol is the same in both directions. Ports of the answers ask for it there. */
	struct side sides[] = {
		{ .tuple = CTA_TUPLE_ORIG,
		  .flags = CTA_FILTER_ORIG_FLAGS,
		  .src = &by->client,
		  .dst = &listen,
		  .has_proto = by->has_proto,
		  .proto = by->proto },
		{ .tuple = CTA_TUPLE_REPLY,
		  .flags = CTA_FILTER_REPLY_FLAGS,
		  .src = &by->backend,
		  .dst = &by->source,
		  .has_proto = by->has_proto && (by->backend.port || by->source.port),
		  .proto = by->proto },
	};
	struct nlmsghdr *msg = msg_start(buf, family, IPCTNL_MSG_CT_GET, NLM_F_DUMP);

	sides[0].same = same_of(&sides[0]);
	sides[1].same = same_of(&sides[1]);
	if (sides[0].same || sides[1].same)
		put_filter(msg, sides, 2);
	ezlb_nl_msg_end(buf);
}

void ezlb_ct_put_backend_dump(struct ezlb_nl_buf *buf, enum ezlb_proto proto,
			      const struct ezlb_endpoint *backend, bool narrow)
{
	uint8_t family = backend->addr.family;
	uint32_t same = SAME_PROTO | (backend->port ? SAME_SRC_PORT : 0) |
			(family == AF_INET ? SAME_SRC_ADDR : 0);
	struct nlmsghdr *msg = msg_start(buf, family, IPCTNL_MSG_CT_GET, NLM_F_DUMP);
	struct nlattr *tuple, *nest;

	if (narrow) {
		tuple = mnl_attr_nest_start(msg, CTA_TUPLE_REPLY);
		if (family == AF_INET) {
			nest = mnl_attr_nest_start(msg, CTA_TUPLE_IP);
			mnl_attr_put(msg, CTA_IP_V4_SRC, 4, backend->addr.bytes);
			mnl_attr_nest_end(msg, nest);
		}
		nest = mnl_attr_nest_start(msg, CTA_TUPLE_PROTO);
		mnl_attr_put_u8(msg, CTA_PROTO_NUM, (uint8_t)ezlb_proto_number(proto));
		if (backend->port)
			mnl_attr_put_u16(msg, CTA_PROTO_SRC_PORT, htons(backend->port));
		mnl_attr_nest_end(msg, nest);
		mnl_attr_nest_end(msg, tuple);
		nest = mnl_attr_nest_start(msg, CTA_FILTER);
		mnl_attr_put_u32(msg, CTA_FILTER_REPLY_FLAGS, same);
		mnl_attr_nest_end(msg, nest);
	}
	ezlb_nl_msg_end(buf);
}

static struct nf_conntrack *new_object(void)
{
	struct nf_conntrack *ct = nfct_new();

	if (!ct)
		abort(); /* out of memory, as everywhere */
	return ct;
}

void ezlb_ct_put_delete(struct ezlb_nl_buf *buf, const struct ezlb_ct_entry *entry)
{
	bool v4 = entry->listen.addr.family == AF_INET;
	struct nf_conntrack *ct = new_object();
	struct nlmsghdr *msg;

	nfct_set_attr_u8(ct, ATTR_ORIG_L3PROTO, entry->listen.addr.family);
	nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, (uint8_t)ezlb_proto_number(entry->proto));
	nfct_set_attr(ct, v4 ? ATTR_ORIG_IPV4_SRC : ATTR_ORIG_IPV6_SRC, entry->client.addr.bytes);
	nfct_set_attr(ct, v4 ? ATTR_ORIG_IPV4_DST : ATTR_ORIG_IPV6_DST, entry->listen.addr.bytes);
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_SRC, htons(entry->client.port));
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_DST, htons(entry->listen.port));
	if (entry->zone)
		nfct_set_attr_u16(ct, ATTR_ZONE, entry->zone);
	msg = msg_start(buf, entry->listen.addr.family, IPCTNL_MSG_CT_DELETE, NLM_F_ACK);
	nfct_nlmsg_build(msg, ct);
	mnl_attr_put_u32(msg, CTA_ID, htonl(entry->id)); /* the library does not send it */
	ezlb_nl_msg_end(buf);
	nfct_destroy(ct);
}

/* --- answers ------------------------------------------------------------------------------- */

bool ezlb_ct_read_connection(const struct nlmsghdr *msg, struct ezlb_connection *out)
{
	struct nf_conntrack *ct;
	bool read;

	if (msg->nlmsg_type >> 8 != NFNL_SUBSYS_CTNETLINK ||
	    mnl_nlmsg_get_payload_len(msg) < sizeof(struct nfgenmsg))
		return false;
	ct = new_object();
	read = nfct_nlmsg_parse(msg, ct) >= 0 && ezlb_conntrack_connection(ct, out);
	nfct_destroy(ct);
	return read;
}

bool ezlb_ct_read(const struct nlmsghdr *msg, struct ezlb_ct_entry *out)
{
	struct ezlb_connection read;

	if (msg->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW) ||
	    !ezlb_ct_read_connection(msg, &read) || read.id == 0)
		return false;
	*out = (struct ezlb_ct_entry){ .proto = read.proto,
				       .client = read.client,
				       .listen = read.listen,
				       .backend = read.backend,
				       .source = read.source,
				       .zone = read.zone,
				       .id = read.id,
				       .closing = read.has_closed };
	return true;
}
