// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads a scalar once more, as libyaml 0.2.5 does in yaml_parser_scan_block_scalar, _flow_scalar
 * and _plain_scalar, and notes where each character comes from. The result is compared with the
 * text that libyaml made: where they differ the places are not known, never wrong.
 */
#include <stdio.h>

#include <ezlb/yaml.h>

#include "escape.h"

/* A blank or a line break that belongs to the text only if more text follows. */
struct pending {
	char c;
	struct ezlb_mark at;
};
struct pendings EZLB_VEC(struct pending);

struct scan {
	const char *p, *end; /* the rest of the file */
	struct ezlb_mark at; /* of p */

	const char *text; /* what libyaml made of the scalar */
	size_t len, done; /* done: bytes whose place is known */
	bool wrong;
	struct ezlb_inset *out;

	bool folds;		/* the first of `breaks` becomes a blank, or nothing */
	struct pendings blanks; /* before the first break */
	struct pendings breaks; /* since the last text */
};

static char peek(const struct scan *s)
{
	return s->p < s->end ? *s->p : '\0';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_break(char c)
{
	return c == '\n' || c == '\r';
}

static size_t char_len(const struct scan *s)
{
	size_t n = 1;

	while (s->p + n < s->end && ((unsigned char)s->p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Over one character; a line break of two bytes is one. */
static void skip_blanks(struct scan *s)
{
	size_t n = char_len(s);

	if (s->p >= s->end)
		return;
	if (!is_break(*s->p)) {
		s->at.col++;
	} else {
		if (*s->p == '\r' && s->p + 1 < s->end && s->p[1] == '\n')
			n = 2;
		s->at = (struct ezlb_mark){ s->at.line + 1, 1 };
	}
	s->p += n;
}

/* The next character of the text is this one, and is there. */
static void emit(struct scan *s, const char *bytes, size_t n, struct ezlb_mark at)
{
	if (s->wrong || n > s->len - s->done || memcmp(s->text + s->done, bytes, n) != 0) {
		s->wrong = true;
		return;
	}
	*EZLB_PUSH(&s->out->places) = at;
	s->done += n;
}

static void emit_pending(struct scan *s, const struct pendings *from, size_t first)
{
	for (size_t i = first; i < from->len; i++)
		emit(s, &from->items[i].c, 1, from->items[i].at);
}

static void take(struct scan *s)
{
	emit(s, s->p, char_len(s), s->at);
	skip_blanks(s);
}

static void push_break(struct scan *s)
{
	*EZLB_PUSH(&s->breaks) = (struct pending){ '\n', s->at };
	skip_blanks(s);
}

static bool complete(const struct scan *s)
{
	return s->wrong || s->done == s->len || s->p >= s->end;
}

/* --- quoted and plain ------------------------------------------------------------------------- */

/* Blanks and breaks. Blanks at the end and at the start of a line are not part of the text. */
static void scan_blanks(struct scan *s, bool escaped)
{
	bool leading = escaped;

	s->folds = !escaped;
	while (is_blank(peek(s)) || is_break(peek(s))) {
		if (is_break(peek(s))) {
			leading = true;
			s->blanks.len = 0;
			push_break(s);
			continue;
		}
		if (!leading)
			*EZLB_PUSH(&s->blanks) = (struct pending){ *s->p, s->at };
		skip_blanks(s);
	}
}

static void join_blanks(struct scan *s)
{
	emit_pending(s, &s->blanks, 0);
	if (s->folds && s->breaks.len == 1)
		emit(s, " ", 1, s->breaks.items[0].at);
	else
		emit_pending(s, &s->breaks, s->folds);
	s->blanks.len = s->breaks.len = 0;
}

/* After a backslash in double quotes. True: it was the end of the line. */
static bool scan_escape(struct scan *s)
{
	struct ezlb_mark at = s->at;
	char bytes[4];
	size_t n, length;

	skip_blanks(s);
	if (is_break(peek(s))) {
		skip_blanks(s);
		return true;
	}
	length = escape_decode(s->p, (size_t)(s->end - s->p), bytes, &n);
	s->wrong |= length == 0;
	for (size_t i = 0; i < length; i++)
		skip_blanks(s);
	emit(s, bytes, length ? n : 0, at);
	return false;
}

static void scan_quoted(struct scan *s, char quote)
{
	skip_blanks(s);
	while (!complete(s)) {
		bool escaped = false;

		while (!complete(s) && !escaped && !is_blank(*s->p) && !is_break(*s->p)) {
			if (quote == '"' && *s->p == '\\') {
				escaped = scan_escape(s);
				continue;
			}
			if (quote == '\'' && *s->p == '\'') {
				struct ezlb_mark at = s->at;

				skip_blanks(s);
				emit(s, "'", 1, at);
				skip_blanks(s);
				continue;
			}
			take(s);
		}
		scan_blanks(s, escaped);
		join_blanks(s);
	}
}

static void scan_plain(struct scan *s)
{
	while (!complete(s)) {
		while (!complete(s) && !is_blank(*s->p) && !is_break(*s->p))
			take(s);
		if (complete(s))
			break;
		scan_blanks(s, false);
		join_blanks(s);
	}
}

/* --- literal and folded ----------------------------------------------------------------------- */

static int column(const struct scan *s)
{
	return s->at.col - 1;
}

/* Empty lines, and the indentation of the next line. An `indent` of 0 is found out. */
static void scan_breaks(struct scan *s, int *indent, int parent)
{
	int most = 0;

	for (;;) {
		while ((*indent == 0 || column(s) < *indent) && peek(s) == ' ')
			skip_blanks(s);
		if (column(s) > most)
			most = column(s);
		if (!is_break(peek(s)))
			break;
		push_break(s);
	}
	if (*indent == 0)
		*indent = most > parent ? most : parent + 1;
	if (*indent < 1)
		*indent = 1;
}

/* "|2-": the digit is the indentation, relative to that of the key; 0 if there is none. */
static int scan_header(struct scan *s, int parent)
{
	int indent = 0;

	for (skip_blanks(s); peek(s) == '+' || peek(s) == '-' || (peek(s) >= '1' && peek(s) <= '9');
	     skip_blanks(s))
		if (*s->p >= '1' && *s->p <= '9')
			indent = (parent > 0 ? parent : 0) + *s->p - '0';
	while (s->p < s->end && !is_break(*s->p))
		skip_blanks(s);
	skip_blanks(s);
	return indent;
}

static void scan_block(struct scan *s, bool literal, int parent)
{
	int indent = scan_header(s, parent);
	bool was_blank = false, first = true;

	scan_breaks(s, &indent, parent);
	while (!complete(s) && column(s) == indent) {
		bool blank = is_blank(*s->p);

		/* The first of the breaks ended the line above. */
		if (literal || first || was_blank || blank)
			emit_pending(s, &s->breaks, 0);
		else if (s->breaks.len == 1)
			emit(s, " ", 1, s->breaks.items[0].at);
		else
			emit_pending(s, &s->breaks, 1);
		s->breaks.len = 0;
		first = false;
		was_blank = blank;
		while (s->p < s->end && !is_break(*s->p))
			take(s);
		if (s->p < s->end)
			push_break(s);
		scan_breaks(s, &indent, parent);
	}
	for (size_t i = 0; i < s->breaks.len && s->done < s->len; i++)
		emit(s, "\n", 1, s->breaks.items[i].at);
}

/* --- the inset -------------------------------------------------------------------------------- */

static void scan_scalar(struct scan *s, const struct ezlb_node *node)
{
	int parent = node->key ? node->key_at.col - 1 : 0;

	switch (node->style) {
	case EZLB_NODE_PLAIN:
		scan_plain(s);
		break;
	case EZLB_NODE_SINGLE:
		scan_quoted(s, '\'');
		break;
	case EZLB_NODE_DOUBLE:
		scan_quoted(s, '"');
		break;
	case EZLB_NODE_LITERAL:
		scan_block(s, true, parent);
		break;
	case EZLB_NODE_FOLDED:
		scan_block(s, false, parent);
		break;
	}
}

/* The first character of each line, as libyaml and editors count lines; not a byte order mark. */
static void find_starts(struct ezlb_inset *inset, const char *text)
{
	const char *p = text;
	size_t i = 0;

	if (strncmp(p, "\xef\xbb\xbf", 3) == 0) {
		p += 3;
		i = 1;
	}
	*EZLB_PUSH(&inset->starts) = i;
	for (; *p; p++) {
		if (((unsigned char)*p & 0xc0) == 0x80)
			continue;
		i++;
		if (*p == '\n' || (*p == '\r' && p[1] != '\n'))
			*EZLB_PUSH(&inset->starts) = i;
	}
}

static void push_end(struct ezlb_inset *inset, const char *text, size_t len)
{
	struct ezlb_mark last = inset->start;

	if (len > 0) {
		last = inset->places.items[inset->places.len - 1];
		last.col += text[len - 1] != '\n';
	}
	*EZLB_PUSH(&inset->places) = last;
}

bool ezlb_inset_make(struct ezlb_inset *inset, const struct ezlb_lines *outer,
		     const struct ezlb_node *scalar)
{
	struct scan s = { .text = scalar->text, .len = strlen(scalar->text), .out = inset };

	*inset = (struct ezlb_inset){ .outer = outer, .start = scalar->at };
	s.end = outer->text + outer->len;
	s.p = outer->text + ezlb_lines_find(outer, scalar->at);
	s.at = scalar->at;
	scan_scalar(&s, scalar);
	EZLB_VEC_CLEAR(&s.blanks);
	EZLB_VEC_CLEAR(&s.breaks);
	if (s.wrong || s.done != s.len) {
		EZLB_VEC_CLEAR(&inset->places);
		return false;
	}
	push_end(inset, s.text, s.len);
	find_starts(inset, s.text);
	return true;
}

struct ezlb_mark ezlb_inset_place(const struct ezlb_inset *inset, struct ezlb_mark at)
{
	size_t i, limit;

	if (inset->places.len == 0 || at.line < 1)
		return inset->start;
	limit = inset->places.len - 1;
	if ((size_t)at.line > inset->starts.len)
		return inset->places.items[limit];
	i = inset->starts.items[at.line - 1] + (size_t)(at.col > 1 ? at.col - 1 : 0);
	/* Not beyond the break of the line. */
	if ((size_t)at.line < inset->starts.len)
		limit = inset->starts.items[at.line] - 1;
	return inset->places.items[i < limit ? i : limit];
}

void ezlb_inset_clear(struct ezlb_inset *inset)
{
	EZLB_VEC_CLEAR(&inset->places);
	EZLB_VEC_CLEAR(&inset->starts);
}
