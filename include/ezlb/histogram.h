/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * histogram: how long something took, in buckets that double: 1 ms, 2 ms, 4 ms ... 16.384 s, and
 * what is longer. The zero value is empty.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define EZLB_HISTOGRAM_BOUNDS 15

struct ezlb_histogram {
	/* How many were in each bucket, not cumulated; the last is beyond every bound. */
	uint64_t n[EZLB_HISTOGRAM_BOUNDS + 1];
	double sum; /* seconds */
};

/* The upper bound of bucket i, which belongs to it; seconds. */
double ezlb_histogram_bound(size_t i);
void ezlb_histogram_add(struct ezlb_histogram *histogram, double seconds);
uint64_t ezlb_histogram_count(const struct ezlb_histogram *histogram);
