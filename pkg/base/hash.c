// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/mem.h>

#include <sys/auxv.h>

#define LEFT(x, n) ((x) << (n) | (x) >> (64 - (n)))

static uint64_t read_le(const unsigned char *p, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value |= (uint64_t)p[i] << 8 * i;
	return value;
}

static void mix(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = LEFT(v[1], 13) ^ v[0];
	v[3] = LEFT(v[3], 16) ^ v[2];
	v[0] = LEFT(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = LEFT(v[3], 21) ^ v[0];
	v[1] = LEFT(v[1], 17) ^ v[2];
	v[2] = LEFT(v[2], 32);
}

static void take(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	mix(v);
	v[0] ^= word;
}

uint64_t ezlb_siphash(const unsigned char key[16], const void *data, size_t len)
{
	const uint64_t k0 = read_le(key, 8), k1 = read_le(key + 8, 8);
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
			  k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u };
	const unsigned char *p = data;
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8)
		take(v, read_le(p, 8));
	take(v, (uint64_t)len << 56 | read_le(p, left));
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		mix(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The kernel gives each program 16 random bytes when it starts: getauxval(3). */
uint32_t ezlb_hash_keyed(const void *data, size_t len)
{
	unsigned long at = getauxval(AT_RANDOM);
	const unsigned char *key;

	memcpy(&key, &at, sizeof(key));
	return (uint32_t)ezlb_siphash(key, data, len);
}
