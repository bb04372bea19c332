/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_msg: requests to nf_tables as bytes, one behind the other: what is sent in one go. Pure.
 * Sequence numbers are for who sends them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include <ezlb/table.h>

#include "nft_row.h"

#define EZLB_NFT_TABLE "ezlb"

/* The caller owns it and frees it with ezlb_nft_buf_clear; the zero value is empty. */
struct ezlb_nft_buf {
	unsigned char *items;
	size_t len, cap;
	size_t last; /* where the last message begins */
};
#define EZLB_NFT_AUTO_BUF __attribute__((cleanup(ezlb_nft_buf_clear)))
void ezlb_nft_buf_clear(struct ezlb_nft_buf *buf);

/*
 * A message without attributes; there is room for 64 KiB of them behind it. The end makes it part
 * of the buffer. `type` is an NFT_MSG_*.
 */
struct nlmsghdr *ezlb_nft_msg_start(struct ezlb_nft_buf *buf, uint16_t type, uint8_t family,
				    uint16_t flags);
void ezlb_nft_msg_end(struct ezlb_nft_buf *buf);

/*
 * What is between the two is one transaction, which the kernel refuses (-ERESTART) where its
 * ruleset is not of generation `gen` any more. The last message in it is answered when all is done.
 */
void ezlb_nft_put_begin(struct ezlb_nft_buf *buf, uint32_t gen);
void ezlb_nft_put_commit(struct ezlb_nft_buf *buf);

/* Asks for the generation; for a part of our table by name; for all of such parts. */
void ezlb_nft_put_getgen(struct ezlb_nft_buf *buf);
void ezlb_nft_put_get(struct ezlb_nft_buf *buf, uint8_t family, uint16_t type, const char *name);
void ezlb_nft_put_dump(struct ezlb_nft_buf *buf, uint8_t family, uint16_t type, const char *name);

void ezlb_nft_put_deltable(struct ezlb_nft_buf *buf, uint8_t family);

/*
 * NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM for those of the rows that belong in this set, all of
 * one family, in as many messages as it takes; in none where there are no such rows.
 */
void ezlb_nft_put_rows(struct ezlb_nft_buf *buf, uint16_t type, enum ezlb_nft_set set,
		       const struct ezlb_snats *rows);
