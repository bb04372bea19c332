// SPDX-License-Identifier: GPL-2.0-or-later
#include "schedule.h"

#define SPREAD_MAX_MS 1000
#define GAP_MAX_MS    10 /* keeps the wait short if there are few new targets */
#define AGAIN_MIN_MS  1000
#define AGAIN_MAX_MS  30000

/* Multiples of the golden ratio modulo 1 spread evenly (Knuth, TAOCP 3, 6.4, theorem S). */
uint32_t ezlb_schedule_phase(uint32_t n)
{
	return n * UINT32_C(2654435769);
}

uint32_t ezlb_schedule_first(size_t k, size_t n, uint32_t interval_ms)
{
	uint64_t window = interval_ms < SPREAD_MAX_MS ? interval_ms : SPREAD_MAX_MS;
	uint64_t wait = window * k / n;

	return (uint32_t)(wait < (uint64_t)k * GAP_MAX_MS ? wait : (uint64_t)k * GAP_MAX_MS);
}

uint64_t ezlb_schedule_next(uint64_t started, uint32_t interval_ms, uint32_t phase)
{
	uint64_t offset = ((uint64_t)phase * interval_ms) >> 32;
	uint64_t earliest = started + interval_ms - interval_ms / 2;
	uint64_t since = (earliest + interval_ms - offset) % interval_ms;

	return since == 0 ? earliest : earliest + interval_ms - since;
}

uint32_t ezlb_schedule_again(unsigned n, uint32_t phase)
{
	uint32_t wait = AGAIN_MIN_MS;

	if (n == 0)
		return UINT32_MAX;
	for (unsigned i = 1; i < n && wait < AGAIN_MAX_MS; i++)
		wait *= 2;
	if (wait > AGAIN_MAX_MS)
		wait = AGAIN_MAX_MS;
	return wait / 2 + (uint32_t)(((uint64_t)phase * wait) >> 32);
}
