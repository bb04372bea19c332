/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_actual: reads ezlb's table of one family from the kernel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ezlb/netfilter.h>

#include "chain.h"
#include "nft_row.h"

struct ezlb_nft_actual {
	uint32_t gen;		      /* the generation of the ruleset that was read */
	bool sound;		      /* the table has exactly ezlb's frame and elements */
	struct ezlb_snat_chain chain; /* exists: the table exists; slots: the valid elements */
};
#define EZLB_NFT_AUTO_ACTUAL __attribute__((cleanup(ezlb_nft_actual_clear)))
void ezlb_nft_actual_clear(struct ezlb_nft_actual *actual);

/*
 * Fills *actual, which the caller clears also after a failure. -EAGAIN if the table changed during
 * every try; other errors as in ezlb/netlink.h.
 */
int ezlb_nft_actual_read(struct ezlb_nl *nl, const struct ezlb_nft_family *family,
			 struct ezlb_nft_actual *actual);
