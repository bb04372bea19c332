/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outcome: everything that an import says and writes, as one text. */
#pragma once

#include <ezlb/import.h>

#include "cm.h"

/*
 * "! LINE:COL MESSAGE" for each error, "~ LINE SERVICE TEXT" for each note that is told, then the
 * service files without their comments, with "---" between them. The caller frees.
 */
static inline char *outcome(enum ezlb_import_format format, const char *text)
{
	struct ezlb_import import = { 0 };
	struct ezlb_text out = { 0 };

	ezlb_import_read(&import, format, "in", text, strlen(text));
	ezlb_import_finish(&import);
	for (size_t i = 0; i < import.diags.len; i++)
		ezlb_text_printf(&out, "! %d:%d %s\n", import.diags.items[i].at.line,
				 import.diags.items[i].at.col, import.diags.items[i].message);
	for (size_t i = 0; i < import.notes.len; i++)
		if (import.notes.items[i].fate != EZLB_IMPORT_ADVICE)
			ezlb_text_printf(&out, "~ %d %s %s\n", import.notes.items[i].at.line,
					 import.notes.items[i].service, import.notes.items[i].text);
	for (size_t i = 0; i < import.specs.len; i++) {
		char *file = ezlb_import_text(&import, import.specs.items[i]), *save = NULL;

		ezlb_text_puts(&out, i > 0 ? "---\n" : "");
		for (char *line = strtok_r(file, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			if (line[0] != '#')
				ezlb_text_printf(&out, "%s\n", line);
		free(file);
	}
	ezlb_import_clear(&import);
	return ezlb_text_take(&out, NULL);
}

struct import_case {
	const char *in, *want;
};

static inline void check_cases(enum ezlb_import_format format, const struct import_case *cases,
			       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *got = outcome(format, cases[i].in);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("of %s\n--- want\n%s--- got\n%s", cases[i].in, cases[i].want, got);
		free(got);
	}
}
