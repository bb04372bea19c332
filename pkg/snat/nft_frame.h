/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_frame: ezlb's table without its elements: the table, a set for each kind of row, the chain,
 * and a rule for each set. One description serves to create and to compare them. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include "nft_msg.h"
#include "nft_row.h"

/* Appends the requests that create the frame. */
void ezlb_nft_put_frame(struct ezlb_nl_buf *buf, const struct ezlb_nft_family *family);

/*
 * True if msg, a whole NFT_MSG_NEW* message from the kernel, describes what put_frame creates.
 * is_table also checks that the table has exactly one chain and ezlb's sets.
 */
struct nftnl_rule;
/* Whether both have the same expressions. */
bool ezlb_nft_same_rule(const struct nftnl_rule *a, const struct nftnl_rule *b);
/* Whether msg is a chain of this type at this hook, with this priority, and accepts the rest. */
bool ezlb_nft_is_base_chain(const struct nlmsghdr *msg, const char *type, uint32_t hook,
			    int32_t prio);
bool ezlb_nft_is_table(const struct nlmsghdr *msg);
bool ezlb_nft_is_chain(const struct nlmsghdr *msg);
bool ezlb_nft_is_set(const struct nlmsghdr *msg, const struct ezlb_nft_family *family,
		     enum ezlb_nft_set set);
bool ezlb_nft_is_rule(const struct nlmsghdr *msg, const struct ezlb_nft_family *family,
		      enum ezlb_nft_set set);
