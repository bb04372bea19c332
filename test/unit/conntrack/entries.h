/* SPDX-License-Identifier: GPL-2.0-or-later */
/* entries: conntrack entries as text and as the kernel's messages. */
#pragma once

#include <cm.h>

#include <arpa/inet.h>

#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>

#include "entry.h"

static inline struct ezlb_endpoint endpoint(const char *text)
{
	struct ezlb_endpoint out;

	memset(&out, 0, sizeof(out));
	if (text)
		assert_int_equal(ezlb_endpoint_parse(text, &out, NULL), 0);
	return out;
}

static inline struct ezlb_flow flow(enum ezlb_proto proto, const char *listen, const char *backend)
{
	return (struct ezlb_flow){ .proto = proto,
				   .listen = endpoint(listen),
				   .backend = endpoint(backend) };
}

/* Those that are not translated to `source`, "" for MASQUERADE. */
static inline struct ezlb_flow untranslated(enum ezlb_proto proto, const char *listen,
					    const char *source)
{
	struct ezlb_flow out = flow(proto, listen, NULL);

	out.untranslated = true;
	if (*source)
		assert_int_equal(ezlb_range_parse(source, &out.source, NULL), 0);
	return out;
}

static inline struct ezlb_ct_entry entry(enum ezlb_proto proto, const char *client,
					 const char *listen, const char *backend, uint32_t id)
{
	return (struct ezlb_ct_entry){ .proto = proto,
				       .client = endpoint(client),
				       .listen = endpoint(listen),
				       .backend = endpoint(backend),
				       .source = endpoint(client),
				       .id = id };
}

/* Room for one message. */
union message {
	struct nlmsghdr msg;
	unsigned char bytes[2048];
};

static inline void entry_set(struct nf_conntrack *ct, bool reply, const struct ezlb_endpoint *src,
			     const struct ezlb_endpoint *dst)
{
	bool v4 = src->addr.family == AF_INET;
	int by = reply ? ATTR_REPL_IPV4_SRC - ATTR_ORIG_IPV4_SRC : 0;

	nfct_set_attr(ct, (v4 ? ATTR_ORIG_IPV4_SRC : ATTR_ORIG_IPV6_SRC) + by, src->addr.bytes);
	nfct_set_attr(ct, (v4 ? ATTR_ORIG_IPV4_DST : ATTR_ORIG_IPV6_DST) + by, dst->addr.bytes);
	nfct_set_attr_u16(ct, reply ? ATTR_REPL_PORT_SRC : ATTR_ORIG_PORT_SRC, htons(src->port));
	nfct_set_attr_u16(ct, reply ? ATTR_REPL_PORT_DST : ATTR_ORIG_PORT_DST, htons(dst->port));
	nfct_set_attr_u8(ct, reply ? ATTR_REPL_L3PROTO : ATTR_ORIG_L3PROTO, src->addr.family);
}

/* As a dump has it; `number` is the protocol's, where it is not the entry's own. */
static inline void entry_message(union message *out, const struct ezlb_ct_entry *e, uint8_t number)
{
	struct nf_conntrack *ct = nfct_new();
	struct nfgenmsg *head;

	number = number ? number : (uint8_t)ezlb_proto_number(e->proto);
	memset(out, 0, sizeof(*out));
	mnl_nlmsg_put_header(&out->msg);
	out->msg.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	out->msg.nlmsg_flags = NLM_F_MULTI;
	head = mnl_nlmsg_put_extra_header(&out->msg, sizeof(*head));
	head->nfgen_family = e->listen.addr.family;
	entry_set(ct, false, &e->client, &e->listen);
	entry_set(ct, true, &e->backend, &e->source);
	nfct_set_attr_u8(ct, ATTR_ORIG_L4PROTO, number);
	nfct_set_attr_u8(ct, ATTR_REPL_L4PROTO, number);
	if (e->closing)
		nfct_set_attr_u8(ct, ATTR_TCP_STATE, TCP_CONNTRACK_FIN_WAIT);
	if (e->zone)
		nfct_set_attr_u16(ct, ATTR_ZONE, e->zone);
	assert_int_equal(nfct_nlmsg_build(&out->msg, ct), 0);
	if (e->id)
		mnl_attr_put_u32(&out->msg, CTA_ID, htonl(e->id));
	nfct_destroy(ct);
}
