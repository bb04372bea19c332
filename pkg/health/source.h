/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source: which address of the range of a check a probe leaves from. Pure. */
#pragma once

#include <stdint.h>

#include <ezlb/addr.h>

/* The turn-th address of the range, again from the first one after the last. Family 0: none. */
struct ezlb_addr ezlb_probe_source(const struct ezlb_addr_range *range, uint32_t turn);
