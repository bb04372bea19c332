/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ramp: the weights of a slow start. The weight grows in RAMP_STEPS steps from the first part
 * of the full weight to all of it. Weights in files are small, often 1, so the kernel gets the
 * weights of a service with slow start multiplied by one factor, which makes room for the steps.
 */
#pragma once

#include <ezlb/spec.h>

#define RAMP_STEPS 10

/* The smallest factor with which the smallest weight has RAMP_STEPS steps; 1: no slow start. */
uint32_t ramp_factor(const struct ezlb_spec *spec);
/* left_ms: until it has its full weight, at most slow_ms and not 0. */
uint32_t ramp_weight(uint32_t full, uint64_t slow_ms, uint64_t left_ms);
/* How long until the weight grows next. */
uint64_t ramp_next(uint64_t slow_ms, uint64_t left_ms);
/* The inverse of ramp_weight: the longest time left with this weight, which is below full. */
uint64_t ramp_left(uint32_t full, uint64_t slow_ms, uint32_t weight);
