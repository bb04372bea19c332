// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft_msg.h"

#include <sys/socket.h>

#include <libnftnl/common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <ezlb/mem.h>

/* The list of elements in a message has a 16-bit length; an IPv6 element takes 108 bytes. */
#define ELEMS_MAX 512

/* The attribute with the name of the requested object. */
static uint16_t name_attr(uint16_t type)
{
	switch (type) {
	case NFT_MSG_GETCHAIN:
		return NFTA_CHAIN_NAME;
	case NFT_MSG_GETRULE:
		return NFTA_RULE_CHAIN;
	case NFT_MSG_GETSET:
		return NFTA_SET_NAME;
	default:
		return NFTA_SET_ELEM_LIST_SET;
	}
}

static void put_request(struct ezlb_nl_buf *buf, uint8_t family, uint16_t type, uint16_t flags,
			const char *name)
{
	struct nlmsghdr *msg = ezlb_nft_msg_start(buf, type, family, flags);

	/* All these requests have the table name in attribute 1. */
	mnl_attr_put_strz(msg, NFTA_TABLE_NAME, EZLB_NFT_TABLE);
	if (name)
		mnl_attr_put_strz(msg, name_attr(type), name);
	ezlb_nl_msg_end(buf);
}

void ezlb_nft_put_get(struct ezlb_nl_buf *buf, uint8_t family, uint16_t type, const char *name)
{
	put_request(buf, family, type, NLM_F_ACK, name);
}

void ezlb_nft_put_dump(struct ezlb_nl_buf *buf, uint8_t family, uint16_t type, const char *name)
{
	put_request(buf, family, type, NLM_F_DUMP, name);
}

void ezlb_nft_put_deltable(struct ezlb_nl_buf *buf, uint8_t family)
{
	put_request(buf, family, NFT_MSG_DELTABLE, 0, NULL);
}

static void put_elem(struct nlmsghdr *msg, const struct ezlb_snat_row *row, bool data)
{
	struct nftnl_set_elem *elem = ezlb_nft_row_build(row, data);

	nftnl_set_elem_nlmsg_build(msg, elem, NFTA_LIST_ELEM);
	nftnl_set_elem_free(elem);
}

/* Appends one message with rows of the set from *at on; moves *at behind the last of them. */
static void put_some(struct ezlb_nl_buf *buf, uint16_t type, enum ezlb_nft_set set,
		     const struct ezlb_snats *rows, size_t *at)
{
	bool adds = type == NFT_MSG_NEWSETELEM;
	struct nlmsghdr *msg = ezlb_nft_msg_start(buf, type,
						  rows->items[*at].key.endpoint.addr.family,
						  adds ? NLM_F_CREATE | NLM_F_EXCL : 0);
	struct nlattr *list;
	int n = 0;

	mnl_attr_put_strz(msg, NFTA_SET_ELEM_LIST_TABLE, EZLB_NFT_TABLE);
	mnl_attr_put_strz(msg, NFTA_SET_ELEM_LIST_SET, ezlb_nft_set_str(set));
	list = mnl_attr_nest_start(msg, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (; *at < rows->len && n < ELEMS_MAX; (*at)++) {
		if (ezlb_nft_set_of(&rows->items[*at]) != set)
			continue;
		put_elem(msg, &rows->items[*at], adds);
		n++;
	}
	mnl_attr_nest_end(msg, list);
	ezlb_nl_msg_end(buf);
}

void ezlb_nft_put_rows(struct ezlb_nl_buf *buf, uint16_t type, enum ezlb_nft_set set,
		       const struct ezlb_snats *rows)
{
	for (size_t i = 0; i < rows->len;) {
		if (ezlb_nft_set_of(&rows->items[i]) == set)
			put_some(buf, type, set, rows, &i);
		else
			i++;
	}
}
