/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_msg: requests to nf_tables that name our table or rows. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include <ezlb/netfilter.h>
#include <ezlb/table.h>

#include "nft_row.h"

/* Asks for a part of our table by name; for all of such parts. */
void ezlb_nft_put_get(struct ezlb_nl_buf *buf, uint8_t family, uint16_t type, const char *name);
void ezlb_nft_put_dump(struct ezlb_nl_buf *buf, uint8_t family, uint16_t type, const char *name);

void ezlb_nft_put_deltable(struct ezlb_nl_buf *buf, uint8_t family);

/*
 * NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM for those of the rows that belong in this set, all of
 * one family, in as many messages as it takes; in none where there are no such rows.
 */
void ezlb_nft_put_rows(struct ezlb_nl_buf *buf, uint16_t type, enum ezlb_nft_set set,
		       const struct ezlb_snats *rows);
