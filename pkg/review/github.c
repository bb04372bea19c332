// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "Workflow commands for GitHub Actions" in GitHub's documents: a value ends at a line break, that
 * of a property also at ':' and ','. The rules are those of @actions/core, command.ts.
 */
#include <ezlb/utf8.h>

#include "formats.h"

static void put_escaped(struct ezlb_text *out, const char *text, bool property)
{
	EZLB_AUTO_FREE char *valid = ezlb_utf8_fix(text);

	for (const char *p = valid; *p; p++) {
		bool escaped = *p == '%' || *p == '\r' || *p == '\n' ||
			       (property && (*p == ':' || *p == ','));

		if (escaped)
			ezlb_text_printf(out, "%%%02X", (unsigned)(unsigned char)*p);
		else
			ezlb_text_put(out, p, 1);
	}
}

static void put_diag(const struct ezlb_diag *diag, struct ezlb_text *out)
{
	char code[EZLB_DIAG_CODE_STRLEN];

	ezlb_text_printf(out, "::%s file=", diag->warning ? "warning" : "error");
	put_escaped(out, diag->file, true);
	if (diag->at.line > 0)
		ezlb_text_printf(out, ",line=%d,col=%d", diag->at.line, diag->at.col);
	ezlb_text_printf(out, ",title=ezlb %s::", ezlb_diag_code_str(diag->code, code));
	put_escaped(out, diag->message, false);
	if (diag->inside) {
		ezlb_text_puts(out, "%0Ain: ");
		put_escaped(out, diag->inside, false);
	}
	if (diag->help) {
		ezlb_text_puts(out, "%0Ahelp: ");
		put_escaped(out, diag->help, false);
	}
	ezlb_text_puts(out, "\n");
}

void review_github(const struct ezlb_review *review, struct ezlb_text *out)
{
	for (size_t i = 0; i < review->diags->len; i++)
		put_diag(&review->diags->items[i], out);
	review_counts(review, out);
}
