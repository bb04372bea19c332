// SPDX-License-Identifier: GPL-2.0-or-later
/* report: findings as text and as JSON, equal ones merged. */
#include <stdio.h>
#include <stdlib.h>

#include <ezlb/json.h>
#include <ezlb/utf8.h>

#include "facts.h"

#define NAMED_MAX 3 /* services named in a line; of more services, only the first two */

struct names EZLB_VEC(const char *);

/* One line of the report: a finding, or the equal findings of several services. */
struct entry {
	const struct ezlb_finding *finding; /* the first of them */
	struct names services, fixes;
};
struct report EZLB_VEC(struct entry);

/* --- merging ---------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	const struct ezlb_finding *const *left = a, *const *right = b;

	return (*left > *right) - (*left < *right);
}

static int compare(const struct ezlb_finding *a, const struct ezlb_finding *b)
{
	int order = (b->level > a->level) - (b->level < a->level);

	if (order == 0)
		order = strcmp(a->check, b->check);
	return order ? order : strcmp(a->text, b->text);
}

static int by_content(const void *a, const void *b)
{
	const struct ezlb_finding *const *left = a, *const *right = b;
	int order = compare(*left, *right);

	return order ? order : by_place(a, b);
}

/* The worst first; within a level as they were found. */
static int by_level(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = (int)right->finding->level - (int)left->finding->level;

	return order ? order : by_place(&left->finding, &right->finding);
}

static void add_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->len; i++)
		if (strcmp(names->items[i], name) == 0)
			return;
	if (name[0])
		*EZLB_PUSH(names) = name;
}

static void report_of(const struct ezlb_findings *findings, struct report *report)
{
	struct EZLB_VEC(const struct ezlb_finding *) sorted = { 0 };
	struct entry *entry = NULL;

	for (size_t i = 0; i < findings->len; i++)
		*EZLB_PUSH(&sorted) = &findings->items[i];
	EZLB_SORT(&sorted, by_content);
	for (size_t i = 0; i < sorted.len; i++) {
		const struct ezlb_finding *finding = sorted.items[i];

		if (!entry || compare(entry->finding, finding) != 0) {
			entry = EZLB_PUSH(report);
			entry->finding = finding;
		}
		add_name(&entry->services, finding->service);
		add_name(&entry->fixes, finding->fix);
	}
	EZLB_VEC_CLEAR(&sorted);
	EZLB_SORT(report, by_level);
}

static void report_clear(struct report *report)
{
	for (size_t i = 0; i < report->len; i++) {
		EZLB_VEC_CLEAR(&report->items[i].services);
		EZLB_VEC_CLEAR(&report->items[i].fixes);
	}
	EZLB_VEC_CLEAR(report);
}

/* --- text ------------------------------------------------------------------------------------- */

/* "web", "web and api", "web, api and dns", "web, api and 2 more" */
static void put_services(const struct names *names, struct ezlb_text *out)
{
	size_t n = names->len, shown = n > NAMED_MAX ? 2 : n;

	for (size_t i = 0; i < shown; i++) {
		EZLB_AUTO_FREE char *plain = ezlb_utf8_plain_copy(names->items[i]);

		ezlb_text_printf(out, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ", plain);
	}
	if (n > shown)
		ezlb_text_printf(out, " and %zu more", n - shown);
	ezlb_text_puts(out, n > 0 ? ": " : "");
}

static void put_plain(struct ezlb_text *out, const char *text)
{
	EZLB_AUTO_FREE char *plain = ezlb_utf8_plain_copy(text);

	ezlb_text_puts(out, plain);
	ezlb_text_puts(out, "\n");
}

/*
 * Writes each fix once, in the order of the packet's path: a module comes before its settings,
 * which need it.
 */
static void put_fixes(const struct ezlb_findings *findings, struct ezlb_text *out)
{
	struct names fixes = { 0 };

	for (size_t i = 0; i < findings->len; i++)
		add_name(&fixes, findings->items[i].fix);
	if (fixes.len > 0)
		ezlb_text_puts(out, "\nTo fix this, run:\n\n");
	for (size_t i = 0; i < fixes.len; i++)
		put_plain(out, fixes.items[i]);
	if (fixes.len > 0)
		ezlb_text_puts(out, "\n");
	EZLB_VEC_CLEAR(&fixes);
}

void ezlb_doctor_text(const struct ezlb_findings *findings, struct ezlb_text *out)
{
	size_t n[EZLB_LEVEL_FAIL + 1] = { 0 };
	struct report report = { 0 };

	report_of(findings, &report);
	for (size_t i = 0; i < report.len; i++) {
		const struct ezlb_finding *finding = report.items[i].finding;

		n[finding->level]++;
		ezlb_text_printf(out, "%-4s  %-15s  ", ezlb_level_str(finding->level),
				 finding->check);
		put_services(&report.items[i].services, out);
		put_plain(out, finding->text);
	}
	put_fixes(findings, out);
	ezlb_text_printf(out, "%zu ok, %zu warn, %zu fail\n", n[EZLB_LEVEL_OK], n[EZLB_LEVEL_WARN],
			 n[EZLB_LEVEL_FAIL]);
	report_clear(&report);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static json_t *names_json(const struct names *names)
{
	json_t *array = ezlb_json_array();

	for (size_t i = 0; i < names->len; i++)
		ezlb_json_add(array, ezlb_json_text(names->items[i]));
	return array;
}

static void put_fix(json_t *object, const struct names *fixes)
{
	EZLB_AUTO_FREE char *lines = NULL;
	struct ezlb_text text = { 0 };

	for (size_t i = 0; i < fixes->len; i++)
		ezlb_text_printf(&text, "%s%s", i > 0 ? "\n" : "", fixes->items[i]);
	lines = ezlb_text_take(&text, NULL);
	ezlb_json_put_text(object, "fix", lines);
}

void ezlb_doctor_json(const struct ezlb_findings *findings, struct ezlb_text *out)
{
	json_t *array = ezlb_json_array();
	struct report report = { 0 };

	report_of(findings, &report);
	for (size_t i = 0; i < report.len; i++) {
		const struct entry *entry = &report.items[i];
		json_t *object = ezlb_json_object();

		ezlb_json_put_text(object, "check", entry->finding->check);
		ezlb_json_put_text(object, "level", ezlb_level_str(entry->finding->level));
		ezlb_json_put_text(object, "service", entry->finding->service);
		ezlb_json_put(object, "services", names_json(&entry->services));
		ezlb_json_put_text(object, "text", entry->finding->text);
		put_fix(object, &entry->fixes);
		ezlb_json_add(array, object);
	}
	ezlb_json_print(array, out);
	report_clear(&report);
}
