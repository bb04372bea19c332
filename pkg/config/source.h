/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source: the bytes of one file, and the one way to complain about a place in them.
 */
#pragma once

#include <ezlb/diag.h>

struct source {
	const char *file;	  /* as shown to humans; borrowed */
	const char *text;	  /* behind the byte order mark, if there was one; borrowed */
	size_t len;		  /* of text */
	struct ezlb_diags *diags; /* borrowed */
	size_t n_errors;	  /* of this file, those beyond the cap included */
};

/*
 * Checks what libyaml would report without a line, or not at all: that it is UTF-8 without control
 * characters, and that a line ends where editors think it does. False: reported.
 */
bool ezlb_source_open(struct source *src, const char *file, const char *text, size_t len,
		      struct ezlb_diags *diags);

/* Adds an error with its source line. help may be NULL. Silent from the 21st on. */
void ezlb_source_refuse(struct source *src, struct ezlb_mark at, enum ezlb_diag_code code,
			const char *help, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Line n, from 1, without its end; NULL where there is none. Columns count characters. */
const char *ezlb_source_line(const struct source *src, int n, size_t *len);
/* The byte at a mark; '\0' at the end of the line and beyond. */
char ezlb_source_at(const struct source *src, struct ezlb_mark at);
/* Are there only blanks before the mark on its line? */
bool ezlb_source_first(const struct source *src, struct ezlb_mark at);

/* Text from the file, fit for a message: control characters escaped, long ones cut. */
#define SHOW_STRLEN 100
const char *ezlb_source_show(const char *text, char buf[SHOW_STRLEN]);
