/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dice: random numbers that are the same in every run (xorshift64). Set the seed, not to 0. */
#pragma once

#include <stdint.h>

/*
 * How many rounds of a long random test there are. The plain build plays all of them: that looks
 * for wrong values. A fifth is enough under the address sanitizer, which looks for wrong uses of
 * memory and is slow.
 */
#ifdef __SANITIZE_ADDRESS__
#define ROUNDS(n) ((n) / 5)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ROUNDS(n) ((n) / 5)
#endif
#endif
#ifndef ROUNDS
#define ROUNDS(n) (n)
#endif

static uint64_t seed;

static inline unsigned dice(unsigned sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 11) % sides);
}
