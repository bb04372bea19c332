// SPDX-License-Identifier: GPL-2.0-or-later
#include "tell.h"

#include <ezlb/log.h>

#define LINES_MAX 2000 /* errors that one update logs */

/* The first of the *n diagnostics of the file; `diags` is sorted by file. */
static const struct ezlb_diag *diags_of(const struct ezlb_diags *diags, const char *file, size_t *n)
{
	size_t first = 0, end = diags->len;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (strcmp(diags->items[middle].file, file) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	*n = 0;
	while (first + *n < diags->len && strcmp(diags->items[first + *n].file, file) == 0)
		(*n)++;
	return *n > 0 ? &diags->items[first] : NULL;
}

const struct ezlb_diag *ezlb_catalog_diags(const struct ezlb_catalog *catalog,
					   const struct ezlb_catalog_entry *entry, size_t *n)
{
	return diags_of(&catalog->diags, entry->path, n);
}

static bool diag_known(const struct ezlb_diags *diags, const struct ezlb_diag *diag)
{
	size_t n;
	const struct ezlb_diag *known = diags_of(diags, diag->file, &n);

	for (size_t i = 0; i < n; i++)
		if (known[i].code == diag->code && known[i].at.line == diag->at.line &&
		    known[i].at.col == diag->at.col && strcmp(known[i].message, diag->message) == 0)
			return true;
	return false;
}

static const char *effect_on(const struct ezlb_catalog_entry *entry)
{
	if (!entry->last)
		return "the file is not applied";
	return entry->restored ? "its last good version stays, from before the restart"
			       : "its last good version stays";
}

/* What one update may log: a line costs the loop 4 us, and nobody reads 100,000 of them. */
struct budget {
	int lines;
	int more_files, more_errors; /* of which nothing was logged */
};

static void log_diags(const struct ezlb_catalog *catalog, const struct ezlb_catalog_entry *entry,
		      const struct ezlb_diags *before, struct budget *budget)
{
	size_t n;
	const struct ezlb_diag *diags = ezlb_catalog_diags(catalog, entry, &n);

	for (size_t i = 0; i < n; i++) {
		EZLB_AUTO_FREE char *line = NULL;

		if (diag_known(before, &diags[i]))
			continue;
		if (budget->lines == 0) {
			budget->more_files++;
			budget->more_errors += (int)(n - i);
			return;
		}
		budget->lines--;
		line = ezlb_diag_line(&diags[i]);
		ezlb_log(EZLB_ERROR, "config", EZLB_S("msg", line), EZLB_S("help", diags[i].help),
			 EZLB_S("svc", entry->last ? entry->last->name : NULL),
			 EZLB_S("effect", effect_on(entry)));
	}
}

static void log_more(const struct budget *budget)
{
	if (budget->more_files > 0)
		ezlb_log(EZLB_ERROR, "config",
			 EZLB_S("msg", "more errors came at once than the log gets lines for"),
			 EZLB_S("help", "run `ezlb check DIR`, or `ezlb status`"),
			 EZLB_I("files", budget->more_files),
			 EZLB_I("errors", budget->more_errors));
}

static void log_accepted(const struct ezlb_catalog *catalog, struct ezlb_catalog_entry *entry)
{
	size_t n;
	bool good = !ezlb_catalog_diags(catalog, entry, &n);

	if (good && !entry->was_good)
		ezlb_log(EZLB_INFO, "config", EZLB_S("msg", "file is valid again"),
			 EZLB_S("file", entry->path), EZLB_S("svc", entry->last->name));
	entry->was_good = good;
}

void tell_files(struct ezlb_catalog *catalog, const struct ezlb_diags *before)
{
	struct budget budget = { .lines = LINES_MAX };

	for (size_t i = 0; i < catalog->entries.len; i++)
		if (catalog->entries.items[i].touched)
			log_diags(catalog, &catalog->entries.items[i], before, &budget);
	log_more(&budget);
	for (size_t i = 0; i < catalog->entries.len; i++)
		if (catalog->entries.items[i].touched)
			log_accepted(catalog, &catalog->entries.items[i]);
}
