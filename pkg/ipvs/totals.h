/* SPDX-License-Identifier: GPL-2.0-or-later */
/* totals: reads the counters of all services together from a file like /proc/net/ip_vs_stats. */
#pragma once

#include <ezlb/ipvs.h>

/* As ezlb_ipvs_totals. */
int ezlb_ipvs_totals_of(const char *path, struct ezlb_ipvs_totals *out);
