/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_rows: rows by their text, and the messages of a buffer one by one. */
#pragma once

#include "cm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#include <linux/netfilter/nf_tables.h>

#include <ezlb/table.h>

#include "nft_msg.h"

/* A row of a listener to an address or a range; masquerade where `to` is NULL. */
static inline struct ezlb_snat_row nft_row(enum ezlb_proto proto, const char *listen,
					   const char *to)
{
	struct ezlb_snat_row row = { .key = { .kind = EZLB_SNAT_KEY_LISTENER, .proto = proto } };

	assert_int_equal(ezlb_endpoint_parse(listen, &row.key.endpoint, NULL), 0);
	if (to)
		assert_int_equal(ezlb_range_parse(to, &row.to, NULL), 0);
	return row;
}

/* A row of a mark in the same way. */
static inline struct ezlb_snat_row nft_mark_row(uint32_t mark, uint8_t family, const char *to)
{
	struct ezlb_snat_row row = { .key = { .kind = EZLB_SNAT_KEY_LISTENER, .fwmark = mark } };

	row.key.endpoint.addr.family = family;
	if (to)
		assert_int_equal(ezlb_range_parse(to, &row.to, NULL), 0);
	return row;
}

static inline uint16_t nft_type(const struct nlmsghdr *msg)
{
	return msg->nlmsg_type & 0xff;
}

/* The message behind this one, or the first for NULL; NULL behind the last. */
static inline struct nlmsghdr *nft_next(const struct ezlb_nl_buf *buf, struct nlmsghdr *msg)
{
	unsigned char *at = msg ? (unsigned char *)msg + MNL_ALIGN(msg->nlmsg_len) : buf->items;

	return at < buf->items + buf->len ? (struct nlmsghdr *)(void *)at : NULL;
}
