/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text: a growing byte buffer for rendering documents. The zero value is empty. It has no NUL at
 * its end until ezlb_text_take.
 */
#pragma once

#include <stddef.h>

#include <ezlb/mem.h>

struct ezlb_text EZLB_VEC(char);

void ezlb_text_put(struct ezlb_text *text, const char *bytes, size_t len);
void ezlb_text_puts(struct ezlb_text *text, const char *s);
void ezlb_text_printf(struct ezlb_text *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Returns the bytes, ended with NUL, and empties the buffer. *len excludes the NUL. The caller
 * frees.
 */
char *ezlb_text_take(struct ezlb_text *text, size_t *len);
