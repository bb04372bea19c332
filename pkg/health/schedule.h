/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * schedule: when a target is probed. Pure; times are ms of a monotonic clock. Every target has a
 * phase of its own, a fixed place within its interval, so that targets that became wanted together
 * are not probed together for ever.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The phase of the n-th target ever, as a fraction of 2^32; any run of targets is spread evenly. */
uint32_t ezlb_schedule_phase(uint32_t n);

/* How long the k-th of n new targets waits for its first probe: at most 1 s, or one interval. */
uint32_t ezlb_schedule_first(size_t k, size_t n, uint32_t interval_ms);

/* The start that follows one at `started`: in phase, half an interval to one and a half later. */
uint64_t ezlb_schedule_next(uint64_t started, uint32_t interval_ms, uint32_t phase);
