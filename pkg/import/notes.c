// SPDX-License-Identifier: GPL-2.0-or-later
#include "notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

#include <ezlb/config.h>

#define WINDOW	  64 /* notes of one backend are near to those of the next one */
#define LINES_MAX 8  /* that are written out */

static struct import_gathered *same(struct import_notes *notes, const struct import_gathered *note)
{
	size_t first = notes->len > WINDOW ? notes->len - WINDOW : 0;

	for (size_t i = first; i < notes->len; i++) {
		struct import_gathered *other = &notes->items[i];

		if (other->fate == note->fate && strcmp(other->service, note->service) == 0 &&
		    strcmp(other->file, note->file) == 0 && strcmp(other->text, note->text) == 0)
			return other;
	}
	return NULL;
}

static void add_line(struct import_gathered *note, int line)
{
	if (note->at.line == line)
		return;
	for (size_t i = 0; i < note->more.len && i < LINES_MAX; i++)
		if (note->more.items[i] == line)
			return;
	*EZLB_PUSH(&note->more) = line;
}

void import_notes_add(struct import_notes *notes, enum ezlb_import_fate fate, const char *file,
		      struct ezlb_mark at, const char *service, const char *fmt, ...)
{
	struct import_gathered note = { .fate = fate, .file = ezlb_strdup(file), .at = at };
	struct import_gathered *other;
	va_list ap;

	snprintf(note.service, sizeof(note.service), "%s", service ? service : "");
	va_start(ap, fmt);
	if (vasprintf(&note.text, fmt, ap) < 0)
		abort(); /* out of memory, as everywhere */
	va_end(ap);
	other = same(notes, &note);
	if (!other) {
		*EZLB_PUSH(notes) = note;
		return;
	}
	add_line(other, at.line);
	free(note.file);
	free(note.text);
}

/* " (also on lines 12, 20 and 3 more)" */
static char *also(const struct import_gathered *note)
{
	struct ezlb_text out = { 0 };
	size_t len, n = note->more.len < LINES_MAX ? note->more.len : LINES_MAX;

	for (size_t i = 0; i < n; i++)
		ezlb_text_printf(&out, "%s%d",
				 i > 0		      ? ", "
				 : note->more.len > 1 ? " (also on lines "
						      : " (also on line ",
				 note->more.items[i]);
	if (note->more.len > n)
		ezlb_text_printf(&out, " and %zu more", note->more.len - n);
	if (n > 0)
		ezlb_text_puts(&out, ")");
	return ezlb_text_take(&out, &len);
}

void import_notes_flush(struct import_notes *notes, struct ezlb_import *import)
{
	for (size_t i = 0; i < notes->len; i++) {
		struct import_gathered *note = &notes->items[i];
		EZLB_AUTO_FREE char *lines = also(note);

		ezlb_import_note(import, note->fate, note->file, note->at, note->service, "%s%s",
				 note->text, lines);
		free(note->file);
		free(note->text);
		EZLB_VEC_CLEAR(&note->more);
	}
	EZLB_VEC_CLEAR(notes);
}

void import_quote(struct ezlb_text *out, const char *text)
{
	ezlb_text_puts(out, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			ezlb_text_printf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			ezlb_text_printf(out, "\\x%02x", c);
		else
			ezlb_text_put(out, text, 1);
	}
	ezlb_text_puts(out, "\"");
}

void import_endpoint(struct ezlb_text *out, const struct ezlb_endpoint *ep)
{
	char buf[EZLB_ENDPOINT_STRLEN];

	ezlb_endpoint_format(ep, buf);
	if (ep->addr.family != AF_INET6)
		ezlb_text_puts(out, buf);
	else
		ezlb_text_printf(out, ep->port ? "\"%s\"" : "\"[%s]\"", buf);
}

bool import_service(struct ezlb_import *import, const char *name, struct ezlb_text *yaml,
		    const struct import_origin *origin)
{
	EZLB_AUTO_FREE char *file = ezlb_asprintf("%s.yaml", name);
	struct ezlb_diags diags = { 0 };
	struct ezlb_spec *spec;
	bool added = false;
	size_t len;
	EZLB_AUTO_FREE char *text = ezlb_text_take(yaml, &len);

	spec = ezlb_config_parse(file, text, len, &diags);
	if (spec) {
		free(spec->file);
		spec->file = ezlb_strdup(origin->file);
		spec->name_at = origin->at;
		added = ezlb_import_add(import, spec);
	}
	for (size_t i = 0; i < diags.len; i++)
		if (!diags.items[i].warning)
			ezlb_diags_add(&import->diags, origin->file, origin->at,
				       diags.items[i].code, "%s: no service file can say this: %s",
				       origin->what, diags.items[i].message);
	ezlb_diags_clear(&diags);
	return added;
}
