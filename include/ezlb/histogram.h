/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * histogram: counts durations in buckets that double: 1 ms, 2 ms, 4 ms ... 16.384 s, and longer.
 * The zero value is empty.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define EZLB_HISTOGRAM_BOUNDS 15

struct ezlb_histogram {
	/* The count of each bucket, not cumulative; the last bucket has no upper bound. */
	uint64_t n[EZLB_HISTOGRAM_BOUNDS + 1];
	double sum; /* seconds */
};

/* The upper bound of bucket i in seconds, included in the bucket. */
double ezlb_histogram_bound(size_t i);
void ezlb_histogram_add(struct ezlb_histogram *histogram, double seconds);
uint64_t ezlb_histogram_count(const struct ezlb_histogram *histogram);
