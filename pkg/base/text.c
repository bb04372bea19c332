// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/text.h>

#include <stdarg.h>
#include <stdio.h>

#define SHORT 128 /* bytes, with the NUL */

void ezlb_text_put(struct ezlb_text *text, const char *bytes, size_t len)
{
	if (len > 0)
		memcpy(EZLB_ROOM(text, len), bytes, len);
	text->len += len;
}

void ezlb_text_puts(struct ezlb_text *text, const char *s)
{
	ezlb_text_put(text, s, strlen(s));
}

void ezlb_text_printf(struct ezlb_text *text, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	/* Most fit the room, so that the text is made once. */
	n = vsnprintf(EZLB_ROOM(text, SHORT), SHORT, fmt, ap);
	va_end(ap);
	if (n >= SHORT)
		vsnprintf(EZLB_ROOM(text, (size_t)n + 1), (size_t)n + 1, fmt, again);
	if (n > 0)
		text->len += (size_t)n;
	va_end(again);
}

char *ezlb_text_take(struct ezlb_text *text, size_t *len)
{
	char *bytes = EZLB_ROOM(text, 1);

	*bytes = '\0';
	bytes = text->items;
	if (len)
		*len = text->len;
	*text = (struct ezlb_text){ 0 };
	return bytes;
}
