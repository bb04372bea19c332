/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_filter: reads any nf_tables table as a value (actual.h), and changes the table `filter` in
 * one transaction. Functions return 0 or -errno as in ezlb/netfilter.h, and -EAGAIN if the table
 * changed during every try.
 */
#pragma once

#include <ezlb/netfilter.h>

#include "edit.h"

/* Fills *actual, which the caller clears also after a failure. A missing table has no chains. */
int ezlb_fw_nft_read(struct ezlb_nl *nl, uint8_t family, const char *table,
		     struct ezlb_fw_actual *actual);

/* Names of tables with base chains of type filter, each once; owned. */
struct ezlb_fw_names EZLB_VEC(char *);
#define EZLB_FW_AUTO_NAMES __attribute__((cleanup(ezlb_fw_names_clear)))
void ezlb_fw_names_clear(struct ezlb_fw_names *names);
int ezlb_fw_nft_tables(struct ezlb_nl *nl, uint8_t family, struct ezlb_fw_names *out);

/*
 * Applies steps, which were computed from `actual`, to the table `filter`, all or none. -ERESTART
 * if the ruleset has changed since `actual` was read. *rejected as from ezlb_nft_commit.
 */
int ezlb_fw_nft_write(struct ezlb_nl *nl, const struct ezlb_fw_actual *actual,
		      const struct ezlb_fw_steps *steps, int *rejected);
