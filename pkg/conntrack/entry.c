// SPDX-License-Identifier: GPL-2.0-or-later
#include "entry.h"

#include <arpa/inet.h>
#include <sys/socket.h>

/* The library's copies of linux/netfilter/nfnetlink*.h conflict with the kernel's headers. */
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

/*
 * The bits of CTA_FILTER_REPLY_FLAGS (Linux 5.8, net/netfilter/nf_internals.h; in no header for
 * user space): the parts of CTA_TUPLE_REPLY that must match.
 */
#define SAME_SRC_ADDR (1 << 0)
#define SAME_PROTO    (1 << 3)
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

/*
 * No filter: between two entries that it returns, the kernel walks through its table with software
 * interrupts off (ctnetlink_dump_table). So a dump that selects few of many entries, by an address
 * or only by their family, keeps this CPU from receiving packets for all of the walk.
 */
void ezlb_ct_put_dump(struct ezlb_nl_buf *buf)
{
	msg_start(buf, AF_UNSPEC, IPCTNL_MSG_CT_GET, NLM_F_DUMP);
	ezlb_nl_msg_end(buf);
}

static void put_addrs(struct nlmsghdr *msg, const struct ezlb_addr *src,
		      const struct ezlb_addr *dst)
{
	struct nlattr *nest = mnl_attr_nest_start(msg, CTA_TUPLE_IP);
	bool v4 = src->family == AF_INET;

	mnl_attr_put(msg, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, v4 ? 4 : 16, src->bytes);
	mnl_attr_put(msg, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, v4 ? 4 : 16, dst->bytes);
	mnl_attr_nest_end(msg, nest);
}

void ezlb_ct_put_get(struct ezlb_nl_buf *buf, const struct ezlb_connection_answer *answer)
{
	struct nlmsghdr *msg = msg_start(buf, answer->backend.addr.family, IPCTNL_MSG_CT_GET, 0);
	struct nlattr *tuple = mnl_attr_nest_start(msg, CTA_TUPLE_REPLY), *nest;

	put_addrs(msg, &answer->backend.addr, &answer->source.addr);
	nest = mnl_attr_nest_start(msg, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(msg, CTA_PROTO_NUM, (uint8_t)ezlb_proto_number(answer->proto));
	mnl_attr_put_u16(msg, CTA_PROTO_SRC_PORT, htons(answer->backend.port));
	mnl_attr_put_u16(msg, CTA_PROTO_DST_PORT, htons(answer->source.port));
	mnl_attr_nest_end(msg, nest);
	mnl_attr_nest_end(msg, tuple);
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
