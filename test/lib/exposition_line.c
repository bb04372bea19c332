// SPDX-License-Identifier: GPL-2.0-or-later
#include "exposition_line.h"

#include <stdlib.h>
#include <string.h>

bool span_is(struct span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

int span_cmp(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int rc = n > 0 ? memcmp(a.at, b.at, n) : 0;

	return rc ? rc : (a.len > b.len) - (a.len < b.len);
}

/* Takes n bytes off the front. */
static struct span take(struct span *rest, size_t n)
{
	struct span taken = { rest->at, n };

	rest->at += n;
	rest->len -= n;
	return taken;
}

static bool take_char(struct span *rest, char c)
{
	if (rest->len == 0 || *rest->at != c)
		return false;
	take(rest, 1);
	return true;
}

/* What comes before c, or all. */
static struct span take_until(struct span *rest, char c)
{
	const char *end = memchr(rest->at, c, rest->len);

	return take(rest, end ? (size_t)(end - rest->at) : rest->len);
}

/* Empty where there is no name. */
static struct span take_name(struct span *rest)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	size_t n = 0;

	while (n < rest->len && rest->at[n] != '\0' &&
	       (strchr(letters, rest->at[n]) ||
		(n > 0 && rest->at[n] >= '0' && rest->at[n] <= '9')))
		n++;
	return take(rest, n);
}

/* RFC 3629 4, as its table says it: the first byte, and what the second may be. */
static size_t utf8_char(struct span rest)
{
	static const struct {
		unsigned char first, last, low, high;
		size_t len;
	} rows[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *p = (const unsigned char *)rest.at;
	size_t i = 0, n = 2;

	while (i < sizeof(rows) / sizeof(rows[0]) && (p[0] < rows[i].first || p[0] > rows[i].last))
		i++;
	if (i == sizeof(rows) / sizeof(rows[0]) || rows[i].len > rest.len)
		return 0;
	if (rows[i].len > 1 && (p[1] < rows[i].low || p[1] > rows[i].high))
		return 0;
	while (n < rows[i].len && (p[n] & 0xc0) == 0x80)
		n++;
	return n < rows[i].len ? 0 : rows[i].len;
}

const char *line_check(struct span line)
{
	if (line.len == 0)
		return "an empty line";
	if (line.at[line.len - 1] == '\r')
		return "a carriage return at the end";
	if (memchr(line.at, '\0', line.len))
		return "a NUL";
	if (strchr(" \t", line.at[0]))
		return "a space at the beginning";
	if (strchr(" \t", line.at[line.len - 1]))
		return "a space at the end";
	while (line.len > 0) {
		size_t n = utf8_char(line);

		if (n == 0)
			return "not UTF-8";
		take(&line, n);
	}
	return NULL;
}

static const char *check_help(struct span text)
{
	if (text.len == 0)
		return "HELP without a text";
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] == '\\' && (++i == text.len || !strchr("\\n", text.at[i])))
			return "an escape that HELP does not know";
	return NULL;
}

static const char *check_type(struct span type)
{
	if (!span_is(type, "counter") && !span_is(type, "gauge") && !span_is(type, "histogram"))
		return "the type is none of counter, gauge, histogram";
	return NULL;
}

const char *line_comment(struct span line, struct comment *out)
{
	struct span what;

	if (!take_char(&line, '#') || !take_char(&line, ' '))
		return "a comment begins with \"# \"";
	what = take_until(&line, ' ');
	out->is_type = span_is(what, "TYPE");
	if (!out->is_type && !span_is(what, "HELP"))
		return "a comment that is neither HELP nor TYPE";
	take_char(&line, ' ');
	out->name = take_name(&line);
	if (out->name.len == 0 || (line.len > 0 && !take_char(&line, ' ')))
		return "not the name of a metric";
	out->text = line;
	return out->is_type ? check_type(line) : check_help(line);
}

/* Behind the opening quote; the closing one is taken, too. */
static const char *take_value(struct span *rest, struct span *out)
{
	const char *start = rest->at;

	while (rest->len > 0 && *rest->at != '"') {
		if (take_char(rest, '\\') && (rest->len == 0 || !strchr("\\\"n", *rest->at)))
			return "an escape that label values do not know";
		take(rest, 1);
	}
	*out = (struct span){ start, (size_t)(rest->at - start) };
	return take_char(rest, '"') ? NULL : "a label value without an end";
}

static const char *take_label(struct span *rest, struct sample_label *out)
{
	out->name = take_name(rest);
	if (out->name.len == 0)
		return "not the name of a label";
	if (out->name.len >= 2 && memcmp(out->name.at, "__", 2) == 0)
		return "label names that begin with __ are Prometheus' own";
	if (!take_char(rest, '=') || !take_char(rest, '"'))
		return "a label without =\"";
	return take_value(rest, &out->value);
}

static int label_cmp(const void *a, const void *b)
{
	return span_cmp(((const struct sample_label *)a)->name,
			((const struct sample_label *)b)->name);
}

/* Behind the opening brace. */
static const char *take_labels(struct span *rest, struct sample *out)
{
	const char *fault;

	do {
		if (out->n_labels == SAMPLE_LABELS)
			return "too many labels";
		fault = take_label(rest, &out->labels[out->n_labels++]);
		if (fault)
			return fault;
	} while (take_char(rest, ','));
	if (!take_char(rest, '}'))
		return "labels that do not end in }";
	qsort(out->labels, out->n_labels, sizeof(out->labels[0]), label_cmp);
	for (size_t i = 1; i < out->n_labels; i++)
		if (span_cmp(out->labels[i - 1].name, out->labels[i].name) == 0)
			return "the same label twice";
	return NULL;
}

bool span_number(struct span span, double *out)
{
	char buf[64], *end;

	if (span.len == 0 || span.len >= sizeof(buf))
		return false;
	memcpy(buf, span.at, span.len);
	buf[span.len] = '\0';
	/* strtod takes more words and hexadecimal numbers. */
	if (strcmp(buf, "NaN") != 0 && strcmp(buf, "+Inf") != 0 && strcmp(buf, "-Inf") != 0 &&
	    strspn(buf, "0123456789+-.eE") != span.len)
		return false;
	*out = strtod(buf, &end);
	return *end == '\0';
}

const char *line_sample(struct span line, struct sample *out)
{
	const char *fault = NULL;
	struct span value;

	out->n_labels = 0;
	out->name = take_name(&line);
	if (out->name.len == 0)
		return "not the name of a metric";
	if (take_char(&line, '{'))
		fault = take_labels(&line, out);
	if (fault)
		return fault;
	if (!take_char(&line, ' '))
		return "no space before the value";
	value = take_until(&line, ' ');
	if (!span_number(value, &out->value))
		return "the value is not a number";
	return line.len > 0 ? "something behind the value" : NULL;
}
