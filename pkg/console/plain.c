// SPDX-License-Identifier: GPL-2.0-or-later
#include "plain.h"

#include <stdint.h>

#include <ezlb/utf8.h>

#define ELLIPSIS "\u2026"

struct range {
	uint32_t first, last;
};

/* East Asian scripts and pictures (UAX 11), in rough blocks: a bit too wide does no harm. */
static const struct range wide[] = {
	{ 0x1100, 0x115f }, { 0x2e80, 0xa4cf },	  { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },	  { 0xff00, 0xff60 },
	{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd },
};

/* The length of the character at s in bytes; *c is UINT32_MAX if it is not UTF-8. s is not "". */
static size_t next(const char *s, uint32_t *c)
{
	size_t n = ezlb_utf8_decode(s, SIZE_MAX, c);

	if (n > 0)
		return n;
	*c = UINT32_MAX;
	return 1;
}

static size_t width_of(uint32_t c)
{
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (c >= wide[i].first && c <= wide[i].last)
			return 2;
	return 1;
}

size_t plain_columns(const char *text)
{
	size_t columns = 0;
	uint32_t c;

	while (*text) {
		text += next(text, &c);
		columns += width_of(c);
	}
	return columns;
}

/* The number of bytes from the start that fit into `width` columns. */
static size_t head(const char *text, size_t width)
{
	const char *p = text;

	while (*p) {
		uint32_t c;
		size_t n = next(p, &c);

		if (width_of(c) > width)
			break;
		width -= width_of(c);
		p += n;
	}
	return (size_t)(p - text);
}

/* The end of the text, at most `width` columns. */
static const char *tail(const char *text, size_t width)
{
	size_t columns = plain_columns(text);
	uint32_t c;

	while (columns > width) {
		text += next(text, &c);
		columns -= width_of(c);
	}
	return text;
}

/* `ending`: columns of the end of the text that stay. */
static void put_cut(struct ezlb_text *out, const char *text, size_t width, size_t ending)
{
	if (plain_columns(text) <= width) {
		ezlb_text_puts(out, text);
	} else if (width > 0) {
		ezlb_text_put(out, text, head(text, width - 1 - ending));
		ezlb_text_puts(out, ELLIPSIS);
		ezlb_text_puts(out, tail(text, ending));
	}
}

void plain_put_middle_cut(struct ezlb_text *out, const char *text, size_t width)
{
	put_cut(out, text, width, width / 2);
}

void plain_put_end_cut(struct ezlb_text *out, const char *text, size_t width)
{
	put_cut(out, text, width, 0);
}

/* The length of the next line: to the last blank that fits, or else a part of a word. */
static size_t line_end(const char *text, size_t width)
{
	size_t fits = head(text, width);
	size_t end = fits;

	if (text[fits] == '\0')
		return fits;
	while (end > 0 && text[end] != ' ')
		end--;
	if (end == 0)
		end = fits;
	/* At least one character, even if it does not fit: else the loop would not end. */
	return end > 0 ? end : head(text, 2);
}

void plain_put_folded(struct ezlb_text *out, const char *first, size_t indent, const char *text,
		      size_t width)
{
	size_t used = plain_columns(first);

	ezlb_text_puts(out, first);
	for (;;) {
		size_t room = width > used ? width - used : 1;
		size_t n = width == 0 ? strlen(text) : line_end(text, room);

		ezlb_text_put(out, text, n);
		ezlb_text_puts(out, "\n");
		text += n;
		text += strspn(text, " ");
		if (*text == '\0')
			return;
		ezlb_text_printf(out, "%*s", (int)indent, "");
		used = indent;
	}
}
