// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/utf8.h>

#include "formats.h"

/* Names in the last line; of more only the number. */
#define MAX_NAMES 5

static void put_count(struct ezlb_text *out, const char *before, size_t n, const char *word)
{
	ezlb_text_printf(out, "%s%zu %s%s", before, n, word, n == 1 ? "" : "s");
}

/* A name is one line: the second could be read as a command, "::stop-commands::" by GitHub. */
static char *one_line(const char *name)
{
	char *line = ezlb_strdup(name);

	ezlb_utf8_plain(line, false);
	return line;
}

static void put_names(struct ezlb_text *out, char *const *names, size_t n)
{
	for (size_t i = 0; i < n && i < MAX_NAMES; i++) {
		EZLB_AUTO_FREE char *name = one_line(names[i]);

		ezlb_text_printf(out, "%s%s", i > 0 ? ", " : "", name);
	}
	if (n > MAX_NAMES)
		ezlb_text_printf(out, " and %zu more", n - MAX_NAMES);
}

static void put_passed(const struct ezlb_review *review, struct ezlb_text *out)
{
	ezlb_text_puts(out, "; passed over: ");
	if (review->n_passed > 0) {
		put_count(out, "", review->n_passed,
			  review->named ? "other ConfigMap" : "ConfigMap");
		ezlb_text_puts(out, review->named ? " (" : " without service files (");
		put_names(out, review->passed, review->n_passed);
		ezlb_text_puts(out, ")");
	}
	if (review->n_objects > 0)
		put_count(out, review->n_passed > 0 ? ", " : "", review->n_objects, "other object");
}

void review_counts(const struct ezlb_review *review, struct ezlb_text *out)
{
	size_t warnings = ezlb_review_warnings(review);

	put_count(out, "", review->n_files, "file");
	put_count(out, " checked, ", review->diags->len - warnings, "error");
	if (warnings > 0)
		put_count(out, ", ", warnings, "warning");
	if (review->n_passed + review->n_objects > 0)
		put_passed(review, out);
	if (review->n_ignored > 0) {
		ezlb_text_puts(out, "; ignored, as by `ezlb run`: ");
		put_names(out, review->ignored, review->n_ignored);
	}
	if (review->manifest_dir)
		ezlb_text_puts(out, "; these are manifests: `ezlb run` does not read them from a "
				    "directory");
	if (review->stopped)
		ezlb_text_puts(out, "; stopped, there may be more errors");
	ezlb_text_puts(out, "\n");
}

void review_text(const struct ezlb_review *review, struct ezlb_text *out)
{
	for (size_t i = 0; i < review->diags->len; i++) {
		EZLB_AUTO_FREE char *text = ezlb_diag_text(&review->diags->items[i]);

		ezlb_text_puts(out, text);
	}
	review_counts(review, out);
}
