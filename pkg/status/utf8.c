// SPDX-License-Identifier: GPL-2.0-or-later
#include "utf8.h"

#include <ezlb/text.h>

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* How many bytes the character at p has, 0 where there is none. RFC 3629 4: the table of bytes. */
static size_t char_len(const unsigned char *p)
{
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		return is_tail(p[1]) ? 2 : 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	if (p[0] >= 0xe0 && p[0] <= 0xef)
		return is_tail(p[1]) && is_tail(p[2]) ? 3 : 0;
	if (p[0] >= 0xf0 && p[0] <= 0xf4)
		return is_tail(p[1]) && is_tail(p[2]) && is_tail(p[3]) ? 4 : 0;
	return 0;
}

char *ezlb_utf8_mend(const char *text)
{
	struct ezlb_text out = { 0 };

	while (*text) {
		size_t len = char_len((const unsigned char *)text);

		ezlb_text_put(&out, len ? text : "\xef\xbf\xbd", len ? len : 3);
		text += len ? len : 1;
	}
	return ezlb_text_take(&out, NULL);
}
