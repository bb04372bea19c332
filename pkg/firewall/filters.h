/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filters: the four filters that a host can have, IPv4 and IPv6, legacy and nf_tables, behind the
 * same calls.
 */
#pragma once

#include "edit.h"

#include <ezlb/netfilter.h>

struct xtc_handle;

/* The access to the kernel; all borrowed except nl. */
struct ezlb_fw_host {
	const char *tables[2]; /* the files that list the loaded legacy tables */
	struct ezlb_nft_presence presence;
	struct ezlb_nl *nl;
};

struct ezlb_fw_filter {
	uint8_t family;
	bool legacy;
	struct ezlb_fw_actual actual; /* empty if the table does not exist */
	struct xtc_handle *handle;
	int rc; /* of the last read or write */
	struct ezlb_err err;
};

/* The name in error texts: "filter table of ip6tables". */
const char *ezlb_fw_filter_str(const struct ezlb_fw_filter *filter);

#define EZLB_FW_FILTERS 4
struct ezlb_fw_filters {
	struct ezlb_fw_filter items[EZLB_FW_FILTERS];
};
#define EZLB_FW_AUTO_FILTERS __attribute__((cleanup(ezlb_fw_filters_clear)))
void ezlb_fw_filters_init(struct ezlb_fw_filters *filters);
void ezlb_fw_filters_clear(struct ezlb_fw_filters *filters);

/* Sets rc and err; discards what was read before. A missing table is no failure. */
void ezlb_fw_filter_read(struct ezlb_fw_host *host, struct ezlb_fw_filter *filter);
/* For a filter that was read without error. Sets rc and err; -EAGAIN: read again, then retry. */
void ezlb_fw_filter_write(struct ezlb_fw_host *host, struct ezlb_fw_filter *filter,
			  const struct ezlb_fw_steps *steps);

/* Fills *out with the sorted rows that are in every closed filter of their gate and family. */
void ezlb_fw_common(const struct ezlb_fw_filters *filters, struct ezlb_accepts *out);
