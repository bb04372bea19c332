/* SPDX-License-Identifier: GPL-2.0-or-later */
/* withdraw: which addresses of listeners must not be announced, because nothing behind them serves.
 */
#pragma once

#include <ezlb/lifecycle.h>

/*
 * Sets out->withdrawn and out->vip_needs from its rows, which are complete and sorted, and
 * next->vips; may make out->due_ms sooner. `life` is the state from the last step; next->seen is
 * sorted.
 */
void withdraw(const struct ezlb_lifecycle *life, const struct ezlb_lifecycle_in *in,
	      struct ezlb_lifecycle *next, struct ezlb_roster *out);
