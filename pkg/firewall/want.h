/* SPDX-License-Identifier: GPL-2.0-or-later */
/* want: what the filters should have after a batch of ops. Pure. */
#pragma once

#include <ezlb/plan.h>

#include "filters.h"

/* Fills *want, whose rows the caller frees with EZLB_VEC_CLEAR. */
void ezlb_fw_want_make(const struct ezlb_fw_filters *filters, struct ezlb_op *const *ops, size_t n,
		       struct ezlb_fw_want *want);
