/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_msg: requests to nf_tables about ezlb's table and its rows. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include <ezlb/netfilter.h>
#include <ezlb/table.h>

#include "nft_row.h"

/* Request one part of ezlb's table by name (get), or all such parts (dump). */
void ezlb_nft_put_get(struct ezlb_nl_buf *buf, uint8_t family, uint16_t type, const char *name);
void ezlb_nft_put_dump(struct ezlb_nl_buf *buf, uint8_t family, uint16_t type, const char *name);

void ezlb_nft_put_deltable(struct ezlb_nl_buf *buf, uint8_t family);

/*
 * Adds (NFT_MSG_NEWSETELEM) or deletes (NFT_MSG_DELSETELEM) those rows that belong to this set, in
 * as many messages as needed: none if no row belongs to it. All rows must be of one family.
 */
void ezlb_nft_put_rows(struct ezlb_nl_buf *buf, uint16_t type, enum ezlb_nft_set set,
		       const struct ezlb_snats *rows);
