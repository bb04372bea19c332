/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notes: gathers the notes of an import, so that a setting that stands at every backend is told
 * once, with all its lines; and adds the services that an importer has written as text.
 */
#pragma once

#include <ezlb/import.h>

struct import_gathered {
	enum ezlb_import_fate fate;
	char *file; /* owned */
	struct ezlb_mark at;
	char service[EZLB_NAME_MAX + 1];
	char *text;		   /* owned */
	struct EZLB_VEC(int) more; /* other lines of the same */
};
struct import_notes EZLB_VEC(struct import_gathered);

void import_notes_add(struct import_notes *notes, enum ezlb_import_fate fate, const char *file,
		      struct ezlb_mark at, const char *service, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* Hands all notes to the import and empties `notes`. */
void import_notes_flush(struct import_notes *notes, struct ezlb_import *import);

/* Text as a YAML string in double quotes. */
void import_quote(struct ezlb_text *out, const char *text);
/* "10.0.0.1:80", with quotes where YAML needs them; port 0: the address alone. */
void import_endpoint(struct ezlb_text *out, const struct ezlb_endpoint *ep);

/* Where the settings of a service are. */
struct import_origin {
	const char *file;
	struct ezlb_mark at;
	const char *what; /* "virtual_server 10.0.0.1 80" */
};
/*
 * Adds a service by the text of its file, which is emptied. What no service file can say becomes a
 * diagnostic with the origin, and there is no spec.
 */
bool import_service(struct ezlb_import *import, const char *name, struct ezlb_text *yaml,
		    const struct import_origin *origin);
