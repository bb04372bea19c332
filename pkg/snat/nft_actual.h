/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_actual: what the kernel has of our table of one family, read by asking. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/netfilter.h>

#include "chain.h"
#include "nft_row.h"

struct ezlb_nft_actual {
	uint32_t gen;		      /* the ruleset's generation that it is of */
	bool sound;		      /* the frame is exactly ours, and there is nothing else */
	struct ezlb_snat_chain chain; /* exists: there is a table; slots: the elements we know */
};
#define EZLB_NFT_AUTO_ACTUAL __attribute__((cleanup(ezlb_nft_actual_clear)))
void ezlb_nft_actual_clear(struct ezlb_nft_actual *actual);

/*
 * Fills *actual, which the caller clears also after a failure. -EAGAIN where it changed all the
 * time while it was read; else as nft_netlink.h says.
 */
int ezlb_nft_actual_read(struct ezlb_nl *nl, const struct ezlb_nft_family *family,
			 struct ezlb_nft_actual *actual);
