/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_filter: a table of nf_tables, read as a value (actual.h) and changed in one transaction.
 * Whose table it is does not matter for reading. Returns 0 or -errno as in ezlb/netfilter.h, and
 * -EAGAIN where it changed all the time.
 */
#pragma once

#include <ezlb/netfilter.h>

#include "edit.h"

/* Fills *actual, which the caller clears also after a failure; without chains if there is no table.
 */
int ezlb_fw_nft_read(struct ezlb_nl *nl, uint8_t family, const char *table,
		     struct ezlb_fw_actual *actual);

/* Names of tables that have base chains of type filter, each once; owned. */
struct ezlb_fw_names EZLB_VEC(char *);
#define EZLB_FW_AUTO_NAMES __attribute__((cleanup(ezlb_fw_names_clear)))
void ezlb_fw_names_clear(struct ezlb_fw_names *names);
int ezlb_fw_nft_tables(struct ezlb_nl *nl, uint8_t family, struct ezlb_fw_names *out);

/*
 * Carries out steps that were made of `actual` on the table `filter`, all or none. -ERESTART where
 * the ruleset is not that of `actual` any more. *refused as from ezlb_nft_commit.
 */
int ezlb_fw_nft_write(struct ezlb_nl *nl, const struct ezlb_fw_actual *actual,
		      const struct ezlb_fw_steps *steps, int *refused);
