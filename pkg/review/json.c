// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/json.h>

#include "formats.h"

static json_t *diag_json(const struct ezlb_diag *diag)
{
	char code[EZLB_DIAG_CODE_STRLEN];
	json_t *out = ezlb_json_object();

	ezlb_json_put_text(out, "file", diag->file);
	/* -1 becomes null: a file that cannot be read has no lines. */
	ezlb_json_put_known(out, "line", diag->at.line > 0 ? diag->at.line : -1);
	ezlb_json_put_known(out, "column", diag->at.line > 0 ? diag->at.col : -1);
	ezlb_json_put_text(out, "code", ezlb_diag_code_str(diag->code, code));
	ezlb_json_put_text(out, "severity", diag->warning ? "warning" : "error");
	ezlb_json_put_text(out, "message", diag->message);
	ezlb_json_put_text(out, "help", diag->help);
	ezlb_json_put_text(out, "service", diag->service);
	ezlb_json_put_text(out, "inside", diag->inside);
	return out;
}

static json_t *names_json(char *const *names, size_t n)
{
	json_t *out = ezlb_json_array();

	for (size_t i = 0; i < n; i++)
		ezlb_json_add(out, ezlb_json_text(names[i]));
	return out;
}

void review_json(const struct ezlb_review *review, struct ezlb_text *out)
{
	size_t warnings = ezlb_review_warnings(review);
	json_t *top = ezlb_json_object(), *diags = ezlb_json_array();

	for (size_t i = 0; i < review->diags->len; i++)
		ezlb_json_add(diags, diag_json(&review->diags->items[i]));
	ezlb_json_put_count(top, "files", review->n_files);
	ezlb_json_put_count(top, "errors", review->diags->len - warnings);
	ezlb_json_put_count(top, "warnings", warnings);
	ezlb_json_put(top, "diagnostics", diags);
	ezlb_json_put(top, "configmaps_passed_over", names_json(review->passed, review->n_passed));
	ezlb_json_put_count(top, "objects_passed_over", review->n_objects);
	ezlb_json_put(top, "ignored", names_json(review->ignored, review->n_ignored));
	ezlb_json_put_bool(top, "manifest_directory", review->manifest_dir);
	ezlb_json_put_bool(top, "stopped", review->stopped);
	ezlb_json_print(top, out);
}
