/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_view: what the kernel has of our table of one family, read by asking. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/netfilter.h>

#include "chain.h"
#include "nft_row.h"

struct ezlb_nft_view {
	uint32_t gen;		      /* the ruleset's generation that it is of */
	bool sound;		      /* the frame is exactly ours, and there is nothing else */
	struct ezlb_snat_chain chain; /* exists: there is a table; slots: the elements we know */
};
#define EZLB_NFT_AUTO_VIEW __attribute__((cleanup(ezlb_nft_view_clear)))
void ezlb_nft_view_clear(struct ezlb_nft_view *view);

/*
 * Fills *view, which the caller clears also after a failure. -EAGAIN where it changed all the time
 * while it was read; else as nft_netlink.h says.
 */
int ezlb_nft_view_read(struct ezlb_nl *nl, const struct ezlb_nft_family *family,
		       struct ezlb_nft_view *view);
