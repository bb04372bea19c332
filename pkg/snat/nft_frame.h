/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_frame: all of our table but its elements: the table, a set for each kind of row, the chain,
 * and a rule for each set. What makes them and what knows them again are the same description.
 * Pure.
 */
#pragma once

#include <stdbool.h>

#include <libmnl/libmnl.h>

#include "nft_msg.h"
#include "nft_row.h"

/* Appends what makes a frame where there is none. */
void ezlb_nft_put_frame(struct ezlb_nl_buf *buf, const struct ezlb_nft_family *family);

/*
 * Is this what put_frame makes, as the kernel gives it back? msg is a whole NFT_MSG_NEW* message.
 * The table's also tells that there is nothing in it but one chain and our sets.
 */
bool ezlb_nft_is_table(const struct nlmsghdr *msg);
bool ezlb_nft_is_chain(const struct nlmsghdr *msg);
bool ezlb_nft_is_set(const struct nlmsghdr *msg, const struct ezlb_nft_family *family,
		     enum ezlb_nft_set set);
bool ezlb_nft_is_rule(const struct nlmsghdr *msg, const struct ezlb_nft_family *family,
		      enum ezlb_nft_set set);
