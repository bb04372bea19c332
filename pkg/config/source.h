/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source: the bytes of one file, and the function that reports errors in them. */
#pragma once

#include <ezlb/diag.h>

struct source {
	const char *file;	  /* as shown to humans; borrowed */
	const char *text;	  /* after the byte order mark, if any; borrowed */
	size_t len;		  /* of text */
	struct ezlb_diags *diags; /* borrowed */
	size_t n_errors;	  /* of this file, including those over the limit */
};

/*
 * Checks what libyaml would report without a line, or not at all: that the text is UTF-8 without
 * control characters, and that all line breaks are visible in editors. False: reported.
 */
bool ezlb_source_open(struct source *src, const char *file, const char *text, size_t len,
		      struct ezlb_diags *diags);

/* Reports an error with its source line. help may be NULL. Reports at most 20 errors per file. */
void ezlb_source_refuse(struct source *src, struct ezlb_mark at, enum ezlb_diag_code code,
			const char *help, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Line n, from 1, without its line break; NULL if there is none. Columns count characters. */
const char *ezlb_source_line(const struct source *src, int n, size_t *len);
/* The byte at a mark; '\0' at or after the end of the line. */
char ezlb_source_at(const struct source *src, struct ezlb_mark at);
/* Whether only blanks precede the mark on its line. */
bool ezlb_source_first(const struct source *src, struct ezlb_mark at);

/* Text from the file for use in a message: control characters escaped, long text truncated. */
#define SHOW_STRLEN 100
const char *ezlb_source_show(const char *text, char buf[SHOW_STRLEN]);
