/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plain: how many columns text takes that ezlb_utf8_plain() has been at, and how to make it fit. */
#pragma once

#include <stddef.h>

#include <ezlb/text.h>

/* How many columns it takes. */
size_t plain_columns(const char *text);

/* Appends it in no more than `width` columns, with an ellipsis for what is left out. */
void plain_put_middle_cut(struct ezlb_text *out, const char *text, size_t width);
void plain_put_end_cut(struct ezlb_text *out, const char *text, size_t width);

/*
 * Appends it as lines of at most `width` columns, 0: of any, broken at blanks where there are any;
 * `first` is put before the first line, and `indent` blanks before the others. Ends in a newline.
 */
void plain_put_folded(struct ezlb_text *out, const char *first, size_t indent, const char *text,
		      size_t width);
