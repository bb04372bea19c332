// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/histogram.h>

double ezlb_histogram_bound(size_t i)
{
	return 0.001 * (double)(1u << i);
}

void ezlb_histogram_add(struct ezlb_histogram *histogram, double seconds)
{
	size_t i = 0;

	while (i < EZLB_HISTOGRAM_BOUNDS && seconds > ezlb_histogram_bound(i))
		i++;
	histogram->n[i]++;
	histogram->sum += seconds;
}

uint64_t ezlb_histogram_count(const struct ezlb_histogram *histogram)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= EZLB_HISTOGRAM_BOUNDS; i++)
		count += histogram->n[i];
	return count;
}
