// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/yaml.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <ezlb/utf8.h>

#define MAX_ERRORS 20
#define MAX_SHOWN  200 /* bytes; the caret below a longer, wrapped line would be misplaced */
/* Characters of a part of a line: in all, and before the place. */
#define PART	    80
#define PART_BEFORE 40

static bool is_break(char c)
{
	return c == '\n' || c == '\r';
}

/* Skips the line break at p: \n, \r\n or \r, as in libyaml. */
static const char *skip_break(const char *p, const char *end)
{
	return p + (p[0] == '\r' && p + 1 < end && p[1] == '\n' ? 2 : 1);
}

const char *ezlb_source_line(const struct ezlb_source *src, int n, size_t *len)
{
	const char *p = src->text, *end = src->text + src->len, *eol;

	for (int line = 1; n > 0; line++) {
		for (eol = p; eol < end && !is_break(*eol);)
			eol++;
		if (line == n) {
			*len = (size_t)(eol - p);
			return p;
		}
		if (eol == end)
			break;
		p = skip_break(eol, end);
	}
	return NULL;
}

/* The byte offset of the mark's column in its line, at most the length of the line. */
static size_t column_offset(const char *line, size_t len, int col)
{
	size_t i = 0;

	for (int c = 1; c < col && i < len; c++)
		for (i++; i < len && ((unsigned char)line[i] & 0xc0) == 0x80;)
			i++;
	return i;
}

char ezlb_source_at(const struct ezlb_source *src, struct ezlb_mark at)
{
	size_t len, i;
	const char *line = ezlb_source_line(src, at.line, &len);

	if (!line)
		return '\0';
	i = column_offset(line, len, at.col);
	return i < len ? line[i] : '\0';
}

bool ezlb_source_first(const struct ezlb_source *src, struct ezlb_mark at)
{
	size_t len, n;
	const char *line = ezlb_source_line(src, at.line, &len);

	if (!line)
		return true;
	n = column_offset(line, len, at.col);
	for (size_t i = 0; i < n; i++)
		if (line[i] != ' ' && line[i] != '\t')
			return false;
	return true;
}

struct ezlb_mark ezlb_source_place(const struct ezlb_source *src, struct ezlb_mark at)
{
	return src->inset && !src->placed ? ezlb_inset_place(src->inset, at) : at;
}

/*
 * A long line is not shown, but in an inset: JSON has a whole service file in one line. Of that the
 * part around the place is shown. Does not look at the rest of a line of megabytes.
 */
static void show_part(const struct ezlb_lines *lines, struct ezlb_diag *diag)
{
	struct ezlb_mark from = { diag->at.line, 1 }, to = { diag->at.line, MAX_SHOWN };
	size_t start = ezlb_lines_find(lines, from), end = ezlb_lines_find(lines, to);

	if (end < lines->len && !is_break(lines->text[end])) {
		from.col = diag->at.col > PART_BEFORE ? diag->at.col - PART_BEFORE : 1;
		to.col = from.col + PART;
		diag->source_col = from.col;
		start = ezlb_lines_find(lines, from);
		end = ezlb_lines_find(lines, to);
	}
	if (end > start)
		diag->source = ezlb_strndup(lines->text + start, end - start);
}

static void show_line(const struct ezlb_source *src, struct ezlb_diag *diag)
{
	size_t len;
	const char *line;

	if (diag->at.line < 1)
		return;
	if (src->inset) {
		show_part(src->inset->outer, diag);
		return;
	}
	line = ezlb_source_line(src, diag->at.line, &len);
	if (line && len > 0 && len <= MAX_SHOWN)
		diag->source = ezlb_strndup(line, len);
}

bool ezlb_source_is_full(const struct ezlb_source *src)
{
	return src->n_errors >= MAX_ERRORS;
}

void ezlb_source_refuse(struct ezlb_source *src, struct ezlb_mark at, enum ezlb_diag_code code,
			const char *help, const char *fmt, ...)
{
	struct ezlb_diag *diag;
	char message[400];
	va_list ap;

	if (src->n_errors++ >= MAX_ERRORS)
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	diag = ezlb_diags_add(src->diags, src->file, ezlb_source_place(src, at), code, "%s",
			      message);
	show_line(src, diag);
	if (help)
		diag->help = ezlb_strdup(help);
}

const char *ezlb_source_show(const char *text, char buf[EZLB_SHOW_STRLEN])
{
	const size_t room = EZLB_SHOW_STRLEN - sizeof("...");
	size_t n = 0, whole = 0; /* whole: the length without a partial character */

	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		bool c1 = *p >= 0x80 && *p < 0xa0 && n > 0 && (unsigned char)buf[n - 1] == 0xc2;
		bool control = *p < 0x20 || *p == 0x7f || c1;

		if ((*p & 0xc0) != 0x80)
			whole = n;
		if (n + (control ? 4 : 1) > room) {
			memcpy(buf + whole, "...", sizeof("..."));
			return buf;
		}
		n -= c1; /* replace the lead byte too: \x85 stands for the whole character */
		if (control)
			n += (size_t)snprintf(buf + n, EZLB_SHOW_STRLEN - n, "\\x%02x",
					      (unsigned)*p);
		else
			buf[n++] = (char)*p;
	}
	buf[n] = '\0';
	return buf;
}

/* Why a character is not allowed; NULL: it is allowed. */
static const char *objection(uint32_t c)
{
	if (c == 0)
		return "a NUL byte";
	if (c == 0x85 || c == 0x2028 || c == 0x2029)
		return "a line break that editors do not show";
	if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0))
		return "a control character";
	if (c == 0xfeff)
		return "a byte order mark in the middle";
	return c == 0xfffe || c == 0xffff ? "not a character" : NULL;
}

/* Shows no source line: it would send the refused bytes to the terminal. */
static void refuse_bytes(struct ezlb_source *src, struct ezlb_mark at, const char *help,
			 const char *message)
{
	struct ezlb_diag *diag = ezlb_diags_add(src->diags, src->file, ezlb_source_place(src, at),
						EZLB_E_SYNTAX, "%s", message);

	src->n_errors++;
	diag->help = ezlb_strdup(help);
}

static void refuse_character(struct ezlb_source *src, struct ezlb_mark at, bool valid, uint32_t c)
{
	char message[100];

	if (!valid) {
		refuse_bytes(src, at, "save the file as UTF-8", "this is not UTF-8 text");
		return;
	}
	snprintf(message, sizeof(message), "%s (U+%04X) is not allowed", objection(c), (unsigned)c);
	refuse_bytes(src, at, "remove it", message);
}

static bool check_characters(struct ezlb_source *src)
{
	const unsigned char *p = (const unsigned char *)src->text, *end = p + src->len;
	struct ezlb_mark at = { 1, 1 };

	while (p < end) {
		uint32_t c = 0;
		size_t n;

		if (*p == ' ' || (*p > '%' && *p < 0x7f)) { /* nothing to say against these */
			p++;
			at.col++;
			continue;
		}
		n = ezlb_utf8_decode((const char *)p, (size_t)(end - p), &c);

		if (n == 0 || objection(c)) {
			refuse_character(src, at, n > 0, c);
			return false;
		}
		/* libyaml compares each directive with all previous ones, in quadratic time. */
		if (c == '%' && at.col == 1) {
			ezlb_source_refuse(src, at, EZLB_E_FEATURE, "remove the line",
					   "directives (%%YAML, %%TAG) are not supported");
			return false;
		}
		p += n;
		at.col++;
		if (c == '\n' || (c == '\r' && !(p < end && *p == '\n')))
			at = (struct ezlb_mark){ at.line + 1, 1 };
	}
	return true;
}

bool ezlb_source_open(struct ezlb_source *src, const char *file, const char *text, size_t len,
		      const struct ezlb_yaml_limits *limits, struct ezlb_diags *diags)
{
	return ezlb_source_open_inset(src, file, text, len, limits, NULL, diags);
}

bool ezlb_source_open_inset(struct ezlb_source *src, const char *file, const char *text, size_t len,
			    const struct ezlb_yaml_limits *limits, const struct ezlb_inset *inset,
			    struct ezlb_diags *diags)
{
	static const struct ezlb_mark start = { 1, 1 };

	*src = (struct ezlb_source){ .file = file,
				     .text = text,
				     .len = len,
				     .diags = diags,
				     .limits = limits,
				     .inset = inset };
	if (len > limits->bytes) {
		ezlb_source_refuse(src, (struct ezlb_mark){ 0 }, EZLB_E_SIZE, NULL,
				   "the file has %zu bytes; the limit is %zu", len, limits->bytes);
		return false;
	}
	if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
		refuse_bytes(src, start, "save the file as UTF-8", "this is UTF-16 text");
		return false;
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		src->text += 3;
		src->len -= 3;
	}
	return check_characters(src);
}
