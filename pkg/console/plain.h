/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plain: measures, cuts and folds text that ezlb_utf8_plain() has cleaned. */
#pragma once

#include <stddef.h>

#include <ezlb/text.h>

/* The columns that the text takes. */
size_t plain_columns(const char *text);

/* Append the text in at most `width` columns, with an ellipsis for what they leave out. */
void plain_put_middle_cut(struct ezlb_text *out, const char *text, size_t width);
void plain_put_end_cut(struct ezlb_text *out, const char *text, size_t width);

/*
 * Appends the text as lines of at most `width` columns (0: no limit), folded at blanks if possible.
 * `first` comes before the first line, `indent` blanks before the others. Ends in a newline.
 */
void plain_put_folded(struct ezlb_text *out, const char *first, size_t indent, const char *text,
		      size_t width);
