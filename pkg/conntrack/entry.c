// SPDX-License-Identifier: GPL-2.0-or-later
#include "entry.h"

#include <arpa/inet.h>
#include <string.h>

/* The library's copies of linux/netfilter/nfnetlink*.h conflict with the kernel's headers. */
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

/*
 * The bits of CTA_FILTER_ORIG_FLAGS (Linux 5.8, net/netfilter/nf_internals.h; in no header for user
 * space): the parts of CTA_TUPLE_ORIG that must match.
 */
#define SAME_DST_ADDR (1 << 1)
#define SAME_PROTO    (1 << 3)
#define SAME_DST_PORT (1 << 5)

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

static void put_dst_addr(struct nlmsghdr *msg, const struct ezlb_addr *addr)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, CTA_TUPLE_IP);

	mnl_attr_put(msg, CTA_IP_V4_DST, 4, addr->bytes);
	mnl_attr_nest_end(msg, nest);
}

static void put_proto(struct nlmsghdr *msg, const struct ezlb_flow *like, bool port)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, CTA_TUPLE_PROTO);

	mnl_attr_put_u8(msg, CTA_PROTO_NUM, (uint8_t)ezlb_proto_number(like->proto));
	if (port)
		mnl_attr_put_u16(msg, CTA_PROTO_DST_PORT, htons(like->listen.port));
	mnl_attr_nest_end(msg, nest);
}

/*
 * The kernel rejects a port without its protocol. With IPv6 it does not match an address correctly:
 * it returns the entries whose address differs (seen on 6.1 and 6.18).
 */
static uint32_t same_of(const struct ezlb_ct_filter *filter)
{
	return (filter->addr && filter->family == AF_INET ? SAME_DST_ADDR : 0) |
	       (filter->proto ? SAME_PROTO : 0) |
	       (filter->proto && filter->port ? SAME_DST_PORT : 0);
}

static void put_filter(struct nlmsghdr *msg, const struct ezlb_ct_filter *filter, uint32_t same)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, CTA_TUPLE_ORIG);

	if (same & SAME_DST_ADDR)
		put_dst_addr(msg, &filter->like.listen.addr);
	if (same & SAME_PROTO)
		put_proto(msg, &filter->like, same & SAME_DST_PORT);
	mnl_attr_nest_end(msg, nest);
	nest = mnl_attr_nest_start(msg, CTA_FILTER);
	mnl_attr_put_u32(msg, CTA_FILTER_ORIG_FLAGS, same);
	mnl_attr_nest_end(msg, nest);
}

void ezlb_ct_put_dump(struct ezlb_nl_buf *buf, const struct ezlb_ct_filter *filter, bool narrow)
{
	struct nlmsghdr *msg = msg_start(buf, filter->family, IPCTNL_MSG_CT_GET, NLM_F_DUMP);
	uint32_t same = same_of(filter);

	if (narrow && same)
		put_filter(msg, filter, same);
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

static bool read_object(const struct nf_conntrack *ct, struct ezlb_ct_entry *out)
{
	struct ezlb_connection read;

	if (nfct_attr_is_set(ct, ATTR_ID) <= 0 || !ezlb_conntrack_connection(ct, &read))
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

bool ezlb_ct_read(const struct nlmsghdr *msg, struct ezlb_ct_entry *out)
{
	struct nf_conntrack *ct;
	bool read;

	memset(out, 0, sizeof(*out));
	if (msg->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW) ||
	    mnl_nlmsg_get_payload_len(msg) < sizeof(struct nfgenmsg))
		return false;
	ct = new_object();
	read = nfct_nlmsg_parse(msg, ct) >= 0 && read_object(ct, out);
	nfct_destroy(ct);
	return read;
}
