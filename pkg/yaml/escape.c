// SPDX-License-Identifier: GPL-2.0-or-later
#include "escape.h"

#include <stdint.h>
#include <string.h>

static const struct {
	char letter;
	uint32_t c;
} letters[] = {
	{ '0', 0 },    { 'a', '\a' },	{ 'b', '\b' },	 { 't', '\t' },	 { '\t', '\t' },
	{ 'n', '\n' }, { 'v', '\v' },	{ 'f', '\f' },	 { 'r', '\r' },	 { 'e', 0x1b },
	{ ' ', ' ' },  { '"', '"' },	{ '/', '/' },	 { '\\', '\\' }, { 'N', 0x85 },
	{ '_', 0xa0 }, { 'L', 0x2028 }, { 'P', 0x2029 },
};

static size_t encode(uint32_t c, char bytes[4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		bytes[i] = (char)(0x80 | (c & 0x3f));
	bytes[0] = (char)(leads[n] | c);
	return n;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

static size_t decode_hex(const char *p, size_t digits, char bytes[4], size_t *n)
{
	uint32_t c = 0;

	for (size_t i = 1; i <= digits; i++) {
		if (digit(p[i]) < 0)
			return 0;
		c = c << 4 | (uint32_t)digit(p[i]);
	}
	if (c > 0x10ffff)
		return 0;
	*n = encode(c, bytes);
	return digits + 1;
}

size_t escape_decode(const char *p, size_t len, char bytes[4], size_t *n)
{
	size_t digits;

	*n = 0;
	if (len == 0)
		return 0;
	digits = *p == 'x' ? 2 : *p == 'u' ? 4 : *p == 'U' ? 8 : 0;
	if (digits > 0)
		return len > digits ? decode_hex(p, digits, bytes, n) : 0;
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].letter == *p) {
			*n = encode(letters[i].c, bytes);
			return 1;
		}
	return 0;
}
