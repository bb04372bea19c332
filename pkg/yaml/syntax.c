// SPDX-License-Identifier: GPL-2.0-or-later
#include "syntax.h"

#include <stdio.h>
#include <yaml.h>

#include <ezlb/yaml.h>

/* problem and context are texts of libyaml 0.2.5 (scanner.c and parser.c). */
struct translation {
	const char *problem; /* how it begins; NULL: any */
	const char *context; /* how it begins; NULL: any */
	bool at_context;     /* report the place where the context began */
	enum ezlb_diag_code code;
	const char *message;
	const char *help;
};

#define SECOND_DOCUMENT "a second document begins here"
#define ONE_EACH	"put each service in its own file"
#define NO_KEY_VALUE	"this line has no 'key: value'"
#define KEY_VALUE_HELP	"write ': ', with the space, between key and value"
#define NO_TAGS		"tags (!name) are not supported"
#define QUOTE_TAG	"quote the value if it begins with '!'"
#define OPEN_QUOTE	"the quote that opens here is not closed"
#define CLOSE_QUOTE	"write the same quote at the end of the value"
#define BAD_ESCAPE	"this escape in double quotes is no character"
#define ESCAPE_HELP	"use single quotes, or write \\\\ for a backslash"

static const struct translation table[] = {
	{ "could not find expected ':'", NULL, true, EZLB_E_SYNTAX, NO_KEY_VALUE, KEY_VALUE_HELP },
	{ "block sequence entries are not allowed", NULL, false, EZLB_E_SYNTAX,
	  "a list cannot begin on the same line as a key or a value",
	  "put each '- ' on its own line" },
	{ "did not find expected ',' or ']'", NULL, true, EZLB_E_SYNTAX,
	  "the '[' that opens here is not closed, or a ',' is missing",
	  "quote the value if the '[' is part of it" },
	{ "did not find expected ',' or '}'", NULL, true, EZLB_E_SYNTAX,
	  "the '{' that opens here is not closed, or a ',' is missing",
	  "quote the value if the '{' is part of it" },
	{ "found unexpected end of stream", "while scanning a quoted", true, EZLB_E_SYNTAX,
	  OPEN_QUOTE, CLOSE_QUOTE },
	{ "found unexpected document indicator", "while scanning a quoted", true, EZLB_E_SYNTAX,
	  OPEN_QUOTE, CLOSE_QUOTE },
	{ "found unknown escape character", NULL, false, EZLB_E_SYNTAX,
	  "unknown escape in double quotes", ESCAPE_HELP },
	{ "did not find expected <document start>", NULL, false, EZLB_E_FEATURE, SECOND_DOCUMENT,
	  ONE_EACH },
	{ "did not find expected hexdecimal number", NULL, false, EZLB_E_SYNTAX, BAD_ESCAPE,
	  ESCAPE_HELP },
	{ "found invalid Unicode character escape code", NULL, false, EZLB_E_SYNTAX, BAD_ESCAPE,
	  ESCAPE_HELP },
	{ "mapping keys are not allowed", NULL, false, EZLB_E_SYNTAX,
	  "'?' followed by a space is not allowed here",
	  "quote the value if the '?' is part of it" },
	{ NULL, "while scanning a block scalar", true, EZLB_E_SYNTAX,
	  "a '|' or '>' that begins a text of several lines ends its line",
	  "write the text below it, indented; quote the value if the '|' or '>' is part of it" },
	{ "found undefined tag handle", NULL, false, EZLB_E_FEATURE, NO_TAGS, QUOTE_TAG },
	{ NULL, "while parsing a tag", true, EZLB_E_FEATURE, NO_TAGS, QUOTE_TAG },
	{ NULL, "while scanning a tag", true, EZLB_E_FEATURE, NO_TAGS, QUOTE_TAG },
	{ NULL, "while scanning an alias", true, EZLB_E_FEATURE,
	  "aliases (*name) are not supported", "quote the value if it begins with '*'" },
	{ NULL, "while scanning an anchor", true, EZLB_E_FEATURE,
	  "anchors (&name) are not supported", "quote the value if it begins with '&'" },
};

static bool begins(const char *text, const char *with)
{
	return !with || (text && strncmp(text, with, strlen(with)) == 0);
}

static struct ezlb_mark mark(const yaml_mark_t *at)
{
	return (struct ezlb_mark){ (int)at->line + 1, (int)at->column + 1 };
}

/* The length of "[IPv6]" or "[IPv6]:port" at text; 0 if there is none. */
static size_t bracketed_ipv6(const char *text, size_t len)
{
	size_t n = 1;

	while (n < len && strchr("0123456789abcdefABCDEF:.", text[n]))
		n++;
	if (n >= len || text[n] != ']' || !memchr(text, ':', n))
		return 0;
	for (n++; n < len && strchr(":0123456789", text[n]);)
		n++;
	return n;
}

/* In YAML `listen: [::1]:80` begins a list. */
static bool refuse_unquoted_ipv6(struct ezlb_source *src, const yaml_parser_t *parser)
{
	struct ezlb_mark at = mark(&parser->problem_mark);
	size_t len, n;
	const char *line = ezlb_source_line(src, at.line, &len);
	const char *open = line ? memchr(line, '[', len) : NULL;
	char help[80];

	if (!open || (open > line && (open[-1] == '"' || open[-1] == '\'')))
		return false;
	n = bracketed_ipv6(open, len - (size_t)(open - line));
	if (n == 0)
		return false;
	at.col = (int)(open - line) + 1;
	snprintf(help, sizeof(help), "quote it: \"%.*s\"", (int)n, open);
	ezlb_source_refuse(src, at, EZLB_E_SYNTAX, help, "'[' begins a list unless it is quoted");
	return true;
}

/* The line at `at` begins a mapping entry or a list item with wrong indentation. */
static void refuse_indent(struct ezlb_source *src, struct ezlb_mark at, const char *what,
			  struct ezlb_mark outer)
{
	outer = ezlb_source_place(src, outer);
	ezlb_source_refuse(src, at, EZLB_E_SYNTAX, "align it with the other lines of its level",
			   "bad indentation: this line matches no level; the surrounding %s "
			   "began on line %d, column %d",
			   what, outer.line, outer.col);
}

static bool refuse_expected_key(struct ezlb_source *src, const yaml_parser_t *parser)
{
	struct ezlb_mark at = mark(&parser->problem_mark), outer = mark(&parser->context_mark);

	if (!begins(parser->problem, "did not find expected key"))
		return false;
	if (!ezlb_source_first(src, at))
		ezlb_source_refuse(src, at, EZLB_E_SYNTAX, "quote the value as a whole",
				   "unexpected text after a value");
	else if (ezlb_source_at(src, at) == '-')
		ezlb_source_refuse(src, at, EZLB_E_SYNTAX,
				   "indent all items of a list equally, below their key",
				   "unexpected list item: the surrounding mapping began on "
				   "line %d, column %d",
				   ezlb_source_place(src, outer).line,
				   ezlb_source_place(src, outer).col);
	else
		refuse_indent(src, at, "mapping", outer);
	return true;
}

static bool refuse_expected_item(struct ezlb_source *src, const yaml_parser_t *parser)
{
	if (!begins(parser->problem, "did not find expected '-' indicator"))
		return false;
	refuse_indent(src, mark(&parser->problem_mark), "list", mark(&parser->context_mark));
	return true;
}

static bool has_content(const char *line, size_t len)
{
	size_t n = 0;

	while (n < len && (line[n] == ' ' || line[n] == '\t'))
		n++;
	return n < len && line[n] != '#';
}

/* The nearest line above with content other than a comment; 0 if there is none. One pass. */
static int line_above(const struct ezlb_source *src, int line_no)
{
	const char *p = src->text, *end = src->text + src->len, *eol;
	int above = 0;

	for (int line = 1; line < line_no && p < end; line++) {
		for (eol = p; eol < end && *eol != '\n' && *eol != '\r';)
			eol++;
		if (has_content(p, (size_t)(eol - p)))
			above = line;
		p = eol + (eol + 1 < end && eol[0] == '\r' && eol[1] == '\n' ? 2 : 1);
	}
	return above;
}

/* An unexpected ':': the second on a line, or on a line that does not fit the line above. */
static bool refuse_colon(struct ezlb_source *src, const yaml_parser_t *parser)
{
	struct ezlb_mark at = mark(&parser->problem_mark), above = { 0, 1 };
	size_t len;
	const char *line, *colon;

	if (!begins(parser->problem, "mapping values are not allowed"))
		return false;
	line = ezlb_source_line(src, at.line, &len);
	colon = line ? memmem(line, len, ": ", 2) : NULL;
	if (colon && colon - line + 2 < at.col) {
		ezlb_source_refuse(src, at, EZLB_E_SYNTAX, "quote the value",
				   "a second ': ' on one line");
		return true;
	}
	above.line = line_above(src, at.line);
	line = ezlb_source_line(src, above.line, &len);
	if (line && !memmem(line, len, ": ", 2) && line[len - 1] != ':')
		ezlb_source_refuse(src, above, EZLB_E_SYNTAX, KEY_VALUE_HELP, NO_KEY_VALUE);
	else
		ezlb_source_refuse(src, at, EZLB_E_SYNTAX,
				   "align it with the first letter of the key above",
				   "bad indentation: this line is indented more than the "
				   "line above, which already has a value");
	return true;
}

/* A character with a meaning in YAML at the start of a value. */
static bool refuse_character(struct ezlb_source *src, const yaml_parser_t *parser)
{
	struct ezlb_mark at = mark(&parser->problem_mark);
	char c = ezlb_source_at(src, at);
	size_t len;

	if (!begins(parser->problem, "found character that cannot start") &&
	    !begins(parser->problem, "did not find expected node content"))
		return false;
	if (c > ' ' && c < 0x7f) {
		ezlb_source_refuse(src, at, EZLB_E_SYNTAX,
				   "quote the value if this character is part of it",
				   "'%c' is not allowed here", c);
		return true;
	}
	/* libyaml reports the end of the file after its last line. */
	at.line = line_above(src, at.line);
	if (ezlb_source_line(src, at.line, &len))
		at.col = (int)len + 1;
	ezlb_source_refuse(src, at, EZLB_E_SYNTAX,
			   "write the value, and close each '[' and '{' before the file ends",
			   "a value is missing here");
	return true;
}

static bool refuse_tab(struct ezlb_source *src, const yaml_parser_t *parser)
{
	struct ezlb_mark at = mark(&parser->problem_mark);

	if (ezlb_source_at(src, at) != '\t')
		return false;
	ezlb_source_refuse(src, at, EZLB_E_FEATURE, "indent with spaces",
			   "tab used for indentation");
	return true;
}

static bool refuse_by_table(struct ezlb_source *src, const yaml_parser_t *parser)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct translation *t = &table[i];

		if (!begins(parser->problem, t->problem) || !begins(parser->context, t->context))
			continue;
		ezlb_source_refuse(
			src, mark(t->at_context ? &parser->context_mark : &parser->problem_mark),
			t->code, t->help, "%s", t->message);
		return true;
	}
	return false;
}

static void refuse_verbatim(struct ezlb_source *src, const yaml_parser_t *parser)
{
	struct ezlb_mark at = mark(&parser->problem_mark);
	struct ezlb_mark outer = ezlb_source_place(src, mark(&parser->context_mark));
	const char *problem = parser->problem ? parser->problem : "unknown problem";

	if (parser->context)
		ezlb_source_refuse(src, at, EZLB_E_SYNTAX, NULL,
				   "not YAML: %s, %s that began on line %d, column %d", problem,
				   parser->context, outer.line, outer.col);
	else
		ezlb_source_refuse(src, at, EZLB_E_SYNTAX, NULL, "not YAML: %s", problem);
}

void ezlb_syntax_refuse(struct ezlb_source *src, const struct yaml_parser_s *parser)
{
	static bool (*const translators[])(struct ezlb_source *, const yaml_parser_t *) = {
		refuse_unquoted_ipv6, refuse_tab,	refuse_expected_key, refuse_expected_item,
		refuse_colon,	      refuse_character, refuse_by_table,
	};

	for (size_t i = 0; i < sizeof(translators) / sizeof(translators[0]); i++)
		if (translators[i](src, parser))
			return;
	refuse_verbatim(src, parser);
}
