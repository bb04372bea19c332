/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filters: the four filters that a host can have, two families by two worlds, read and written
 * alike.
 */
#pragma once

#include "edit.h"

#include <ezlb/netfilter.h>

struct xtc_handle;

/* The ways to the kernel; all borrowed but nl. */
struct ezlb_fw_host {
	const char *tables[2]; /* files in which it lists the legacy tables that are loaded */
	const struct ezlb_nft_signs *signs;
	struct ezlb_nl *nl;
	bool builtin, builtin_known;
};

/* Is there nf_tables to ask, without its module being loaded for it? */
bool ezlb_fw_has_nft(struct ezlb_fw_host *host);

struct ezlb_fw_filter {
	uint8_t family;
	bool legacy;
	struct ezlb_fw_actual actual; /* empty where there is no such table */
	struct xtc_handle *handle;
	int rc; /* of the last read or write */
	struct ezlb_err err;
};

/* For sentences: "filter table of ip6tables". */
const char *ezlb_fw_filter_str(const struct ezlb_fw_filter *filter);

#define EZLB_FW_FILTERS 4
struct ezlb_fw_filters {
	struct ezlb_fw_filter items[EZLB_FW_FILTERS];
};
#define EZLB_FW_AUTO_FILTERS __attribute__((cleanup(ezlb_fw_filters_clear)))
void ezlb_fw_filters_init(struct ezlb_fw_filters *filters);
void ezlb_fw_filters_clear(struct ezlb_fw_filters *filters);

/* Sets rc and err; reads anew what was read before. A table that is not there is no failure. */
void ezlb_fw_filter_read(struct ezlb_fw_host *host, struct ezlb_fw_filter *filter);
/* Sets rc and err; -EAGAIN where it takes another read. For one that was read well. */
void ezlb_fw_filter_write(struct ezlb_fw_host *host, struct ezlb_fw_filter *filter,
			  const struct ezlb_fw_steps *steps);

/* Fills the rows, sorted, that are in each filter of their gate and family that is closed. */
void ezlb_fw_common(const struct ezlb_fw_filters *filters, struct ezlb_accepts *out);
