/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text: bytes that grow at the end, for whoever renders a document. The zero value is empty; it is
 * not ended by a NUL until it is taken.
 */
#pragma once

#include <stddef.h>

#include <ezlb/mem.h>

struct ezlb_text EZLB_VEC(char);

void ezlb_text_put(struct ezlb_text *text, const char *bytes, size_t len);
void ezlb_text_puts(struct ezlb_text *text, const char *s);
void ezlb_text_printf(struct ezlb_text *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The bytes, with a NUL behind them that is not counted; the caller frees. Leaves it empty. */
char *ezlb_text_take(struct ezlb_text *text, size_t *len);
