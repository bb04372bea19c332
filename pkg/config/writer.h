/* SPDX-License-Identifier: GPL-2.0-or-later */
/* writer: the spec that is written, and how its values become text. The inverse of reader. */
#pragma once

#include <ezlb/spec.h>
#include <ezlb/text.h>

#include "schema.h"

struct writer {
	const struct ezlb_spec *spec;
	const struct ezlb_backend *backend; /* being written */
};

/* For the functions of schema.h: one more text of the value. */
void ezlb_write_text(struct ezlb_texts *to, const char *text);
void ezlb_write_add(struct ezlb_texts *to, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* write_quote.c: a text as a YAML value, in double quotes if it needs them. */
void ezlb_write_quoted(struct ezlb_text *out, const char *text);
/* write_service.c: one value must be written as a list. */
bool ezlb_write_as_list(const struct writer *w, const struct field *field);
