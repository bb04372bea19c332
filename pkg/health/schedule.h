/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schedule: computes when a target is probed. Pure; times are ms of a monotonic clock. Every target
 * has its own phase, a fixed point in its interval, so targets that were added together are not
 * always probed together.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The phase of the n-th target since the start, as a fraction of 2^32. */
uint32_t ezlb_schedule_phase(uint32_t n);

/* How long the k-th of n new targets waits for its first probe: at most 1 s or one interval. */
uint32_t ezlb_schedule_first(size_t k, size_t n, uint32_t interval_ms);

/* The next start after `started`: at the phase, half an interval to one and a half later. */
uint64_t ezlb_schedule_next(uint64_t started, uint32_t interval_ms, uint32_t phase);

/*
 * How long a target waits after a probe that says nothing of it (LOCAL_ERROR), the n-th such in a
 * row: about 1 s for the first, twice as long each time, about 30 s at most; half of that to one
 * and a half of it, by the phase. A regular probe may be due sooner. n = 0: UINT32_MAX.
 */
uint32_t ezlb_schedule_again(unsigned n, uint32_t phase);
