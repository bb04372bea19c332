// SPDX-License-Identifier: GPL-2.0-or-later
/* Static Analysis Results Interchange Format 2.1.0, OASIS Standard: section numbers are of that. */
#include <ezlb/json.h>

#include "formats.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

static json_t *with_text(const char *key, const char *text)
{
	json_t *out = ezlb_json_object();

	ezlb_json_put_text(out, key, text);
	return out;
}

/* 3.49: reportingDescriptor */
static json_t *rule(const struct ezlb_diag_kind *kind)
{
	char code[EZLB_DIAG_CODE_STRLEN];
	json_t *out = ezlb_json_object(), *help = ezlb_json_object();
	EZLB_AUTO_FREE char *text = NULL, *markdown = NULL;

	ezlb_diag_code_str(kind->code, code);
	text = ezlb_asprintf("docs/errors.md of ezlb explains %s", code);
	markdown = ezlb_asprintf("[docs/errors.md](docs/errors.md#e%s) of ezlb explains %s",
				 code + 1, code);
	ezlb_json_put_text(out, "id", code);
	ezlb_json_put(out, "shortDescription", with_text("text", kind->title));
	ezlb_json_put_text(help, "text", text);
	ezlb_json_put_text(help, "markdown", markdown);
	ezlb_json_put(out, "help", help);
	return out;
}

static json_t *driver(void)
{
	json_t *out = ezlb_json_object(), *rules = ezlb_json_array();

	ezlb_json_put_text(out, "name", "ezlb");
	ezlb_json_put_text(out, "version", EZLB_VERSION);
	for (size_t i = 0; i < ezlb_n_diag_kinds; i++)
		ezlb_json_add(rules, rule(&ezlb_diag_kinds[i]));
	ezlb_json_put(out, "rules", rules);
	return out;
}

/* 3.4.4: a relative URI reference, or file:// for an absolute path; RFC 3986. */
static char *uri_of(const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "-._~/";
	struct ezlb_text out = { 0 };

	if (path[0] == '/')
		ezlb_text_puts(&out, "file://");
	for (const char *p = path; *p; p++)
		if (strchr(plain, *p))
			ezlb_text_put(&out, p, 1);
		else
			ezlb_text_printf(&out, "%%%02X", (unsigned)(unsigned char)*p);
	return ezlb_text_take(&out, NULL);
}

/* 3.28: location */
static json_t *location(const struct ezlb_diag *diag)
{
	json_t *out = ezlb_json_object(), *place = ezlb_json_object();
	EZLB_AUTO_FREE char *uri = uri_of(diag->file);

	ezlb_json_put(place, "artifactLocation", with_text("uri", uri));
	if (diag->at.line > 0) {
		json_t *region = ezlb_json_object();

		ezlb_json_put_count(region, "startLine", (uint64_t)diag->at.line);
		ezlb_json_put_count(region, "startColumn", (uint64_t)diag->at.col);
		ezlb_json_put(place, "region", region);
	}
	ezlb_json_put(out, "physicalLocation", place);
	if (diag->service) {
		json_t *logical = ezlb_json_array();

		ezlb_json_add(logical, with_text("name", diag->service));
		ezlb_json_put(out, "logicalLocations", logical);
	}
	return out;
}

static json_t *result(const struct ezlb_diag *diag)
{
	char code[EZLB_DIAG_CODE_STRLEN];
	json_t *out = ezlb_json_object(), *locations = ezlb_json_array();
	EZLB_AUTO_FREE char *text =
		ezlb_asprintf("%s%s%s%s%s", diag->message, diag->inside ? "\nin: " : "",
			      diag->inside ? diag->inside : "", diag->help ? "\nhelp: " : "",
			      diag->help ? diag->help : "");

	ezlb_json_put_text(out, "ruleId", ezlb_diag_code_str(diag->code, code));
	for (size_t i = 0; i < ezlb_n_diag_kinds; i++)
		if (ezlb_diag_kinds[i].code == diag->code)
			ezlb_json_put_count(out, "ruleIndex", i);
	ezlb_json_put_text(out, "level", diag->warning ? "warning" : "error");
	ezlb_json_put(out, "message", with_text("text", text));
	ezlb_json_add(locations, location(diag));
	ezlb_json_put(out, "locations", locations);
	return out;
}

void review_sarif(const struct ezlb_review *review, struct ezlb_text *out)
{
	json_t *top = ezlb_json_object(), *runs = ezlb_json_array(), *run = ezlb_json_object();
	json_t *results = ezlb_json_array(), *tool = ezlb_json_object();

	for (size_t i = 0; i < review->diags->len; i++)
		ezlb_json_add(results, result(&review->diags->items[i]));
	ezlb_json_put(tool, "driver", driver());
	ezlb_json_put(run, "tool", tool);
	/* 3.14.17: columns count characters, as in the text output. */
	ezlb_json_put_text(run, "columnKind", "unicodeCodePoints");
	ezlb_json_put(run, "results", results);
	ezlb_json_add(runs, run);
	ezlb_json_put_text(top, "$schema", SCHEMA);
	ezlb_json_put_text(top, "version", "2.1.0");
	ezlb_json_put(top, "runs", runs);
	ezlb_json_print(top, out);
}
