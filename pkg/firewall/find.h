/* SPDX-License-Identifier: GPL-2.0-or-later */
/* find: finds base chains that drop and in which ezlb adds no accept rules. */
#pragma once

#include "filters.h"

/* Adds those of one table; `manner` is appended to its name. */
void ezlb_fw_find_in(const struct ezlb_fw_actual *actual, const char *table, const char *manner,
		     struct ezlb_drops *out);

/* ezlb_firewall_find with its access to the kernel as a parameter. */
int ezlb_fw_find(struct ezlb_fw_host *host, struct ezlb_drops *out, struct ezlb_err *err);
