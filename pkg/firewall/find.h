/* SPDX-License-Identifier: GPL-2.0-or-later */
/* find: base chains that drop and that ezlb has no way through. */
#pragma once

#include "filters.h"

/* Adds those of one table; `manner` is put behind its name. */
void ezlb_fw_find_in(const struct ezlb_fw_actual *actual, const char *table, const char *manner,
		     struct ezlb_drops *out);

/* ezlb_firewall_find with its ways to the kernel as a parameter. */
int ezlb_fw_find(struct ezlb_fw_host *host, struct ezlb_drops *out, struct ezlb_err *err);
