// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes to lines, and what keepalived does with lines before it looks at their words. */
#include "keepalived_read.h"

#include <ctype.h>
#include <string.h>

#include <ezlb/yaml.h>

#define BUDGET	     (8 * 1024 * 1024) /* all lines, with what parameters have become */
#define NESTED_MAX   32		       /* parameters within parameters */
#define INCLUDES_MAX 16		       /* files that include files */
#define REPLACED_MAX 1000	       /* parameters in one line */

static void read_line(struct ka_reader *reader, const char *file, struct ezlb_mark at,
		      const char *line, int nested);
static void read_text(struct ka_reader *reader, const char *file, const char *text, size_t len);

static void refuse(struct ka_reader *reader, const char *file, struct ezlb_mark at,
		   const char *text)
{
	if (!reader->broken)
		ezlb_diags_add(&reader->import->diags, file, at, EZLB_E_SYNTAX, "%s", text);
	reader->broken = true;
}

/* The blocks that this line is in are not whole. */
static void damage(struct ka_reader *reader)
{
	for (struct ka_stmt *stmt = reader->parent; stmt; stmt = stmt->parent)
		stmt->damaged = true;
}

static bool spend(struct ka_reader *reader, const char *file, struct ezlb_mark at, size_t bytes)
{
	if (bytes + 1 > reader->budget) {
		refuse(reader, file, at, "the configuration is larger than 8 MiB");
		return false;
	}
	reader->budget -= bytes + 1;
	return true;
}

static const char *own_file(struct ka_reader *reader, const char *file)
{
	return *EZLB_PUSH(&reader->files) = ezlb_strdup(file);
}

static const char *skip_blanks(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

static void include_files(struct ka_reader *reader, struct ezlb_import_includes *files,
			  struct ezlb_mark at, const char *from)
{
	if (++reader->includes > INCLUDES_MAX)
		refuse(reader, from, at, "files include each other too deep");
	for (size_t i = 0; i < files->len; i++) {
		if (!reader->broken)
			read_text(reader, own_file(reader, files->items[i].file),
				  files->items[i].text, files->items[i].len);
		free(files->items[i].file);
		free(files->items[i].text);
	}
	reader->includes--;
}

static void read_include(struct ka_reader *reader, const char *file, struct ezlb_mark at,
			 const char *pattern)
{
	struct ezlb_import *import = reader->import;
	struct ezlb_import_includes files = { 0 };
	struct ezlb_err err = { 0 };
	char shown[EZLB_SHOW_STRLEN];

	ezlb_source_show(pattern, shown);
	if (!import->include) {
		ezlb_diags_add(&import->diags, file, at, EZLB_E_READ,
			       "include %s: other files cannot be read here", shown);
		damage(reader);
		return;
	}
	if (import->include(import->ctx, file, pattern, &files, &err) < 0) {
		ezlb_diags_add(&import->diags, file, at, EZLB_E_READ, "include %s: %s", shown,
			       err.msg);
		damage(reader);
	} else if (files.len == 0)
		import_notes_add(&reader->notes, EZLB_IMPORT_DROPPED, file, at, NULL,
				 "include %s: there is no such file", shown);
	include_files(reader, &files, at, file);
	EZLB_VEC_CLEAR(&files);
}

/* keepalived looks for these before conditions and parameters. */
static bool is_include(struct ka_reader *reader, const char *file, struct ezlb_mark at,
		       const char *line)
{
	static const char *const words[] = { "include",	 "includer", "includem",
					     "includew", "includeb", "includea" };
	struct ka_words split = { 0 };
	bool is = false;

	if (strncmp(line, "include", 7) != 0)
		return false;
	ka_words_split(line, &split);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && split.len == 2; i++)
		is = is || strcmp(split.items[0].text, words[i]) == 0;
	if (is)
		read_include(reader, file, at, split.items[1].text);
	ka_words_clear(&split);
	return is;
}

/*
 * "@ID LINE" is for the configuration ID only, "@^ID LINE" for all others. ID is an option of the
 * program or the name of the host, which nobody knows here. NULL: the line does not count.
 */
static const char *condition(struct ka_reader *reader, const char *file, struct ezlb_mark at,
			     const char *line)
{
	char shown[EZLB_SHOW_STRLEN];
	bool other = line[1] == '^';
	const char *id = line + 1 + other;
	size_t len = strcspn(id, " \t");
	EZLB_AUTO_FREE char *name = ezlb_strndup(id, len);

	ezlb_source_show(name, shown);
	if (other)
		import_notes_add(&reader->notes, EZLB_IMPORT_CHANGED, file, at, NULL,
				 "@^%s: taken, as by keepalived without the option --config-id",
				 shown);
	else
		import_notes_add(&reader->notes, EZLB_IMPORT_DROPPED, file, at, NULL,
				 "@%s: left out, as by keepalived without the option --config-id",
				 shown);
	return other ? skip_blanks(id + len) : NULL;
}

static void read_words(struct ka_reader *reader, const char *file, struct ezlb_mark at,
		       const char *line)
{
	struct ka_words words = { 0 };

	if (line[0] == '~') {
		ezlb_diags_add(&reader->import->diags, file, at, EZLB_E_FEATURE,
			       "~SEQ and ~LST are not supported: write the lines out");
		damage(reader);
		return;
	}
	if (ka_words_split(line, &words))
		ka_tree_add(reader, file, at, &words);
	else
		refuse(reader, file, at, "a quote has no end on this line");
	ka_words_clear(&words);
}

/* The lines that a parameter stands for, in their order: definitions among them take effect. */
static void read_lines(struct ka_reader *reader, const char *file, struct ezlb_mark at,
		       const char *lines, int nested)
{
	for (const char *p = lines; *p && !reader->broken;) {
		size_t len = strcspn(p, "\n");
		EZLB_AUTO_FREE char *line = ezlb_strndup(p, len);

		read_line(reader, file, at, line, nested + 1);
		p += len + (p[len] == '\n');
	}
}

static void read_line(struct ka_reader *reader, const char *file, struct ezlb_mark at,
		      const char *line, int nested)
{
	EZLB_AUTO_FREE char *now = NULL;
	const char *p = skip_blanks(line);
	size_t prefix;

	if (nested > NESTED_MAX)
		refuse(reader, file, at, "parameters are nested too deep");
	for (int n = 0; !reader->broken && spend(reader, file, at, strlen(p)); n++) {
		char *next;

		if (*p == '\0' || is_include(reader, file, at, p))
			return;
		if (*p == '@' && !(p = condition(reader, file, at, p)))
			return;
		prefix = ka_is_definition(p);
		if (prefix > 0) {
			ka_define(reader, p + 1, prefix - 2, ezlb_strdup(p + prefix));
			return;
		}
		next = ka_substitute(reader, file, p);
		if (!next)
			break;
		if (n == REPLACED_MAX)
			refuse(reader, file, at, "the parameters of this line have no end");
		free(now);
		now = next;
		p = skip_blanks(now);
		if (strchr(now, '\n')) {
			read_lines(reader, file, at, now, nested);
			return;
		}
	}
	if (!reader->broken)
		read_words(reader, file, at, p);
}

/* Lines that end with a backslash and the one after them; those of a definition stay lines. */
struct joined {
	struct ezlb_text text;
	struct ezlb_mark at;
	bool open, definition;
};

static void join(struct joined *joined, const char *line, size_t len, struct ezlb_mark at)
{
	if (!joined->open) {
		EZLB_AUTO_FREE char *copy = ezlb_strndup(line, len);
		const char *p = copy;

		if (*p == '@')
			p = skip_blanks(p + strcspn(p, " \t"));
		joined->at = at;
		joined->definition = ka_is_definition(p) > 0;
	} else {
		ezlb_text_puts(&joined->text, joined->definition ? "\n" : " ");
	}
	ezlb_text_put(&joined->text, line, len);
}

static void finish(struct ka_reader *reader, const char *file, struct joined *joined)
{
	size_t len;
	EZLB_AUTO_FREE char *line = ezlb_text_take(&joined->text, &len);

	joined->open = false;
	if (*line)
		read_line(reader, file, joined->at, line, 0);
}

static void read_text(struct ka_reader *reader, const char *file, const char *text, size_t len)
{
	struct joined joined = { .open = false };
	struct ezlb_mark at = { 0 };
	size_t next;

	for (size_t i = 0; i < len && !reader->broken; i = next + 1) {
		const char *end = memchr(text + i, '\n', len - i);
		size_t n, blanks = 0;
		bool more;

		next = end ? (size_t)(end - text) : len;
		n = ka_comment(text + i, next - i);
		while (n > 0 && isspace((unsigned char)text[i + n - 1]))
			n--;
		while (blanks < n && isspace((unsigned char)text[i + blanks]))
			blanks++;
		at = (struct ezlb_mark){ at.line + 1, (int)blanks + 1 };
		if (n == blanks) {
			if (joined.open) /* keepalived, too, ends a definition here */
				finish(reader, file, &joined);
			continue;
		}
		more = text[i + n - 1] == '\\';
		join(&joined, text + i + blanks, n - blanks - more, at);
		joined.open = more;
		if (!more)
			finish(reader, file, &joined);
	}
	if (joined.open && !reader->broken)
		finish(reader, file, &joined);
	EZLB_VEC_CLEAR(&joined.text);
}

bool ka_read(struct ka_reader *reader, const char *file, const char *text, size_t len)
{
	const char *nul = len > 0 ? memchr(text, '\0', len) : NULL;

	reader->parent = &reader->root;
	reader->budget = BUDGET;
	if (nul)
		refuse(reader, file, (struct ezlb_mark){ 1, 1 },
		       "this is no text: it has NUL bytes");
	else
		read_text(reader, own_file(reader, file), text, len);
	return ka_tree_end(reader);
}

void ka_reader_clear(struct ka_reader *reader)
{
	ka_tree_clear(&reader->root);
	ka_definitions_clear(reader);
	for (size_t i = 0; i < reader->files.len; i++)
		free(reader->files.items[i]);
	EZLB_VEC_CLEAR(&reader->files);
}
