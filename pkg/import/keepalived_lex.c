// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines to words, as keepalived.conf(5) describes quoted strings. */
#include <ctype.h>
#include <string.h>

#include "keepalived_read.h"

size_t ka_comment(const char *line, size_t len)
{
	char quote = '\0';

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\\' && quote)
			i++;
		else if (quote)
			quote = line[i] == quote ? '\0' : quote;
		else if (line[i] == '"' || line[i] == '\'')
			quote = line[i];
		else if (line[i] == '#' || line[i] == '!')
			return i;
	}
	return len;
}

static int number(const char **p, int base, int most)
{
	int value = 0;

	for (int n = 0; n < most; n++, (*p)++) {
		int c = tolower((unsigned char)**p);
		int digit = isdigit(c) ? c - '0' : isxdigit(c) ? c - 'a' + 10 : base;

		if (digit >= base)
			break;
		value = (value * base + digit) & 0xff;
	}
	return value;
}

/* The character of an escape; *p is behind the backslash and moves behind the escape. */
static char escape(const char **p)
{
	static const char names[] = "abEfnrtv", values[] = "\a\b\033\f\n\r\t\v";
	const char *at = **p ? strchr(names, **p) : NULL;

	if (**p >= '0' && **p <= '7')
		return (char)number(p, 8, 3);
	if (**p == 'x' && isxdigit((unsigned char)(*p)[1])) {
		(*p)++;
		return (char)number(p, 16, 64);
	}
	if (**p == 'c' && (*p)[1]) {
		*p += 2;
		return (char)((*p)[-1] & 0x1f);
	}
	if (**p == '\0')
		return '\\';
	(*p)++;
	return at ? values[at - names] : (*p)[-1];
}

static bool ends_word(char c)
{
	return c == '\0' || isspace((unsigned char)c);
}

/* Also within a word, but for ${NAME}. */
static bool is_brace(const char *p)
{
	return *p == '{' || *p == '}';
}

/* Copies "${NAME}" of a parameter that is not defined. */
static void copy_parameter(const char **p, struct ezlb_text *out)
{
	size_t n = strcspn(*p, "} \t");

	n += (*p)[n] == '}';
	ezlb_text_put(out, *p, n);
	*p += n;
}

static bool read_word(const char **p, struct ezlb_text *out)
{
	char quote = '\0', c;

	while (**p && (quote || !isspace((unsigned char)**p))) {
		if (!quote && is_brace(*p))
			break;
		if (**p == '\\' && (quote || !ends_word((*p)[1]))) {
			(*p)++;
			c = escape(p);
			if (c)
				ezlb_text_put(out, &c, 1);
		} else if (!quote && (*p)[0] == '$' && (*p)[1] == '{') {
			copy_parameter(p, out);
		} else if (!quote && (**p == '"' || **p == '\'')) {
			quote = *(*p)++;
		} else if (quote && **p == quote) {
			quote = '\0';
			(*p)++;
		} else {
			ezlb_text_put(out, (*p)++, 1);
		}
	}
	return !quote;
}

bool ka_words_split(const char *line, struct ka_words *out)
{
	const char *p = line;
	bool closed = true;

	while (closed) {
		struct ezlb_text text = { 0 };
		struct ka_word word = { .brace = false };
		size_t len;

		p += strspn(p, " \t\r\n\v\f");
		if (*p == '\0')
			break;
		word.brace = is_brace(p);
		if (word.brace)
			ezlb_text_put(&text, p++, 1);
		else
			closed = read_word(&p, &text);
		word.text = ezlb_text_take(&text, &len);
		*EZLB_PUSH(out) = word;
	}
	return closed;
}

void ka_words_clear(struct ka_words *words)
{
	for (size_t i = 0; i < words->len; i++)
		free(words->items[i].text);
	EZLB_VEC_CLEAR(words);
}
