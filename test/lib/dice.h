/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dice: random numbers that are the same in every run (xorshift64). Set the seed, not to 0. */
#pragma once

#include <stdint.h>

static uint64_t seed;

static inline unsigned dice(unsigned sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 11) % sides);
}
