// SPDX-License-Identifier: GPL-2.0-or-later
#include "ramp.h"

#define WEIGHT_MAX 65535
#define GROWTHS	   (RAMP_STEPS - 1) /* it begins with the first step */

uint32_t ramp_factor(const struct ezlb_spec *spec)
{
	uint32_t least = 0, most = 0, factor;

	for (size_t i = 0; i < spec->n_backends; i++) {
		uint32_t weight = spec->backends[i].weight;

		if (weight > 0 && (least == 0 || weight < least))
			least = weight;
		if (weight > most)
			most = weight;
	}
	if (spec->slow_start_ms == 0 || least == 0)
		return 1;
	factor = (RAMP_STEPS + least - 1) / least;
	return factor * most <= WEIGHT_MAX ? factor : WEIGHT_MAX / most;
}

/* The time from the begin of the slow start to the end of its nth step. */
static uint64_t end_of_step(uint64_t slow_ms, unsigned n)
{
	return (slow_ms * n + GROWTHS - 1) / GROWTHS;
}

/* From 1 to GROWTHS. */
static unsigned step_of(uint64_t slow_ms, uint64_t left_ms)
{
	return 1 + (unsigned)((slow_ms - left_ms) * GROWTHS / slow_ms);
}

static uint32_t weight_of(uint32_t full, unsigned step)
{
	uint32_t weight = (uint32_t)((uint64_t)full * step / RAMP_STEPS);

	return weight > 0 ? weight : 1;
}

uint32_t ramp_weight(uint32_t full, uint64_t slow_ms, uint64_t left_ms)
{
	return weight_of(full, step_of(slow_ms, left_ms));
}

uint64_t ramp_next(uint64_t slow_ms, uint64_t left_ms)
{
	return end_of_step(slow_ms, step_of(slow_ms, left_ms)) - (slow_ms - left_ms);
}

uint64_t ramp_left(uint32_t full, uint64_t slow_ms, uint32_t weight)
{
	unsigned step = 1;

	while (step < GROWTHS && weight_of(full, step + 1) <= weight)
		step++;
	return slow_ms - end_of_step(slow_ms, step - 1);
}
