// SPDX-License-Identifier: GPL-2.0-or-later
#include "base64.h"

#include <ezlb/mem.h>

static int value_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strchr(digits, c);

	return c && at ? (int)(at - digits) : -1;
}

char *base64_decode(const char *text, size_t *len)
{
	EZLB_AUTO_FREE char *out = ezlb_calloc(1, strlen(text) / 4 * 3 + 4);
	unsigned bits = 0, n_bits = 0;
	size_t n = 0, digits = 0, pads = 0;
	char *done;

	for (const char *p = text; *p; p++) {
		int value = value_of(*p);

		if (strchr(" \t\r\n", *p))
			continue;
		if (*p == '=') {
			pads++;
			continue;
		}
		if (value < 0 || pads > 0)
			return NULL;
		digits++;
		bits = (bits << 6 | (unsigned)value) & 0xffff;
		n_bits += 6;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		out[n++] = (char)(bits >> n_bits);
	}
	if (digits % 4 == 1 || (digits + pads) % 4 != 0 || pads > 2)
		return NULL;
	*len = n;
	done = out;
	out = NULL;
	return done;
}
