// SPDX-License-Identifier: GPL-2.0-or-later
/* When a text needs quotes in YAML, also for programs that follow YAML 1.1. */
#include <ctype.h>
#include <stdint.h>
#include <strings.h>

#include <ezlb/utf8.h>

#include "writer.h"

/* Words that are a boolean, a null or a number. */
static bool is_word(const char *text)
{
	static const char *const words[] = { "true", "false", "yes", "no",  "on",
					     "off",  "y",     "n",   "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(words[i], text) == 0)
			return true;
	return false;
}

/* IPv4 addresses, endpoints and ranges, which no YAML reads as a number. */
static bool is_address(const char *text)
{
	size_t dots = 0;

	if (!isdigit((unsigned char)text[0]) || text[strspn(text, "0123456789.:-")] != '\0')
		return false;
	for (const char *p = text; *p; p++)
		dots += *p == '.';
	return dots >= 3 && text[strlen(text) - 1] != ':';
}

static bool is_share(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && strcmp(text + n, "%") == 0;
}

/* Few characters on purpose: quotes that are not needed do no harm. */
static bool is_plain(const char *text)
{
	size_t len = strlen(text);

	if (is_address(text) || is_share(text))
		return true;
	if (!isalpha((unsigned char)text[0]) && text[0] != '/')
		return false;
	for (size_t i = 1; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("-._/+%=?", text[i]))
			return false;
	return !is_word(text);
}

static void put_escaped(struct ezlb_text *out, const char *bytes, size_t n, uint32_t c)
{
	if (c == '"' || c == '\\')
		ezlb_text_printf(out, "\\%c", (char)c);
	else if (c == '\n')
		ezlb_text_puts(out, "\\n");
	else if (c == '\r')
		ezlb_text_puts(out, "\\r");
	else if (c == '\t')
		ezlb_text_puts(out, "\\t");
	else if (ezlb_utf8_is_plain(c))
		ezlb_text_put(out, bytes, n);
	else if (c < 0x100)
		ezlb_text_printf(out, "\\x%02x", (unsigned)c);
	else if (c < 0x10000)
		ezlb_text_printf(out, "\\u%04x", (unsigned)c);
	else
		ezlb_text_printf(out, "\\U%08x", (unsigned)c);
}

void ezlb_write_quoted(struct ezlb_text *out, const char *text)
{
	if (is_plain(text)) {
		ezlb_text_puts(out, text);
		return;
	}
	ezlb_text_puts(out, "\"");
	while (*text) {
		uint32_t c = 0xfffd;
		size_t n = ezlb_utf8_decode(text, SIZE_MAX, &c);

		put_escaped(out, n ? text : "\xef\xbf\xbd", n ? n : 3, c);
		text += n ? n : 1;
	}
	ezlb_text_puts(out, "\"");
}
