// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/utf8.h>

#include <string.h>

#include <ezlb/mem.h>
#include <ezlb/text.h>

/* The Unicode categories Cc, Cf, Zl and Zp. */
static const struct {
	uint32_t first, last;
} not_plain[] = {
	{ 0x00, 0x1f },	    { 0x7f, 0x9f },	{ 0xad, 0xad },	      { 0x61c, 0x61c },
	{ 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
	{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff },
};

size_t ezlb_utf8_decode(const char *text, size_t len, uint32_t *out)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)text;
	size_t n = p[0] < 0x80		   ? 1
		   : (p[0] & 0xe0) == 0xc0 ? 2
		   : (p[0] & 0xf0) == 0xe0 ? 3
		   : (p[0] & 0xf8) == 0xf0 ? 4
					   : 0;
	uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	if (out)
		*out = c;
	return n;
}

bool ezlb_utf8_is_plain(uint32_t c)
{
	for (size_t i = 0; i < sizeof(not_plain) / sizeof(not_plain[0]); i++)
		if (c >= not_plain[i].first && c <= not_plain[i].last)
			return false;
	return true;
}

char *ezlb_utf8_fix(const char *text)
{
	struct ezlb_text out = { 0 };

	while (*text) {
		size_t len = ezlb_utf8_decode(text, SIZE_MAX, NULL);

		ezlb_text_put(&out, len ? text : "\xef\xbf\xbd", len ? len : 3);
		text += len ? len : 1;
	}
	return ezlb_text_take(&out, NULL);
}

void ezlb_utf8_plain(char *text, bool lines)
{
	char *to = text;
	uint32_t c;

	for (size_t n; *text; text += n ? n : 1) {
		n = ezlb_utf8_decode(text, SIZE_MAX, &c);
		if (n > 0 && (ezlb_utf8_is_plain(c) || (lines && c == '\n'))) {
			memmove(to, text, n);
			to += n;
		} else {
			*to++ = n > 0 && c == '\t' ? ' ' : '?';
		}
	}
	*to = '\0';
}

char *ezlb_utf8_plain_copy(const char *text)
{
	char *copy = ezlb_strdup(text);

	ezlb_utf8_plain(copy, false);
	return copy;
}
