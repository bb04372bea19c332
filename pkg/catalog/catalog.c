// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/catalog.h>

#include <ezlb/config.h>
#include <ezlb/desired.h>
#include <ezlb/log.h>

#include "parsed.h"
#include "revision.h"
#include "save.h"

static int entry_cmp(const void *a, const void *b)
{
	const struct ezlb_catalog_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static void drop_fresh(struct ezlb_catalog_entry *entry)
{
	if (entry->fresh != entry->last)
		ezlb_spec_free(entry->fresh);
	entry->fresh = NULL;
}

static void entry_clear(struct ezlb_catalog_entry *entry)
{
	drop_fresh(entry);
	ezlb_spec_free(entry->last);
	ezlb_diags_clear(&entry->diags);
	free(entry->path);
}

static void parse(struct ezlb_catalog *catalog, struct ezlb_catalog_entry *entry,
		  const struct ezlb_file *file)
{
	drop_fresh(entry);
	ezlb_diags_clear(&entry->diags);
	if (file->bytes)
		entry->fresh = parsed_take(&catalog->parsed, file, &entry->diags);
	else
		ezlb_diags_add(&entry->diags, file->path, (struct ezlb_mark){ 0, 0 }, EZLB_E_READ,
			       "%s", file->problem);
}

static struct ezlb_spec *parse_stored(const char *path, const char *bytes, size_t len)
{
	struct ezlb_diags diags = { 0 };
	struct ezlb_spec *spec = ezlb_config_parse(path, bytes, len, &diags);

	if (!spec)
		ezlb_log(EZLB_WARN, "config",
			 EZLB_S("msg", "the saved last good version of a file is not valid "
				       "for this version of ezlb: ignored"),
			 EZLB_S("file", path), EZLB_S("reason", diags.items[0].message));
	ezlb_diags_clear(&diags);
	return spec;
}

/* A new entry starts with the version that an earlier process applied, and with its claims. */
static void recall(const struct ezlb_catalog *catalog, struct ezlb_catalog_entry *entry,
		   const struct ezlb_file *file)
{
	EZLB_AUTO_FREE char *bytes = NULL;
	size_t len = 0;

	if (catalog->lastgood)
		bytes = ezlb_lastgood_read(catalog->lastgood, file->path, &len);
	if (!bytes)
		return;
	entry->is_stored = true;
	entry->stored = ezlb_hash(bytes, len);
	if (entry->fresh && len == file->len && memcmp(bytes, file->bytes, len) == 0)
		entry->last = entry->fresh;
	else
		entry->last = parse_stored(file->path, bytes, len);
	entry->restored = entry->last != entry->fresh;
	entry->last_hash = entry->stored;
	entry->last_meaning = revision_of(entry->last);
}

/* The first `old` entries are sorted; the others are new in this snapshot. */
static void take_file(struct ezlb_catalog *catalog, size_t old, const struct ezlb_file *file)
{
	struct ezlb_catalog_entry key = { .path = file->path };
	struct ezlb_catalog_entry *entry = ezlb_find(&key, catalog->entries.items, old, sizeof(key),
						     entry_cmp);
	bool is_new = !entry;

	if (is_new) {
		entry = EZLB_PUSH(&catalog->entries);
		entry->path = ezlb_strdup(file->path);
		entry->was_good = true;
	}
	/* Always report an unreadable file again: its problem may have changed. */
	if (!entry->readable || !file->bytes || entry->hash != file->hash)
		parse(catalog, entry, file);
	if (is_new)
		recall(catalog, entry, file);
	entry->seen = true;
	entry->readable = file->bytes != NULL;
	entry->hash = file->hash;
}

static void forget_unseen(struct ezlb_catalog *catalog)
{
	size_t n = 0;

	for (size_t i = 0; i < catalog->entries.len; i++) {
		struct ezlb_catalog_entry *entry = &catalog->entries.items[i];

		if (entry->seen) {
			catalog->entries.items[n++] = *entry;
			continue;
		}
		if (!catalog->quiet)
			ezlb_log(EZLB_INFO, "config", EZLB_S("msg", "file was removed"),
				 EZLB_S("file", entry->path),
				 EZLB_S("svc", entry->last ? entry->last->name : NULL));
		if (catalog->lastgood)
			ezlb_lastgood_forget(catalog->lastgood, entry->path);
		entry_clear(entry);
	}
	catalog->entries.len = n;
}

static void promote(struct ezlb_catalog_entry *entry, const struct ezlb_spec *chosen)
{
	if (chosen == entry->last)
		return;
	if (entry->last != entry->fresh)
		ezlb_spec_free(entry->last);
	entry->last = chosen ? entry->fresh : NULL;
	entry->last_hash = chosen ? entry->hash : 0;
	entry->last_meaning = revision_of(entry->last);
	entry->restored = false;
}

/* Merges the versions of all files; logs nothing. */
static void merge(struct ezlb_catalog *catalog)
{
	size_t n = catalog->entries.len;
	EZLB_AUTO_FREE struct ezlb_candidate *candidates = ezlb_calloc(n, sizeof(*candidates));

	for (size_t i = 0; i < n; i++) {
		candidates[i].fresh = catalog->entries.items[i].fresh;
		candidates[i].last = catalog->entries.items[i].last;
		ezlb_diags_copy(&catalog->diags, catalog->entries.items[i].diags.items,
				catalog->entries.items[i].diags.len);
	}
	ezlb_desired_merge(candidates, n, catalog->snat_key, &catalog->desired, &catalog->diags);
	ezlb_diags_sort(&catalog->diags);
	for (size_t i = 0; i < n; i++) {
		promote(&catalog->entries.items[i], candidates[i].chosen);
		catalog->n_without += !candidates[i].chosen;
	}
}

static size_t frozen_dirs(const struct ezlb_snapshot *snapshot)
{
	size_t n = 0;

	for (size_t i = 0; i < snapshot->dirs.len; i++)
		n += snapshot->dirs.items[i].frozen;
	return n;
}

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

static struct ezlb_catalog_entry *entry_of(const struct ezlb_catalog *catalog, char *path)
{
	const struct ezlb_catalog_entry key = { .path = path };

	return EZLB_FIND(&catalog->entries, &key, entry_cmp);
}

static const char *effect_on(const struct ezlb_catalog_entry *entry)
{
	if (!entry || !entry->last)
		return "the file is not applied";
	return entry->restored ? "its last good version stays, from before the restart"
			       : "its last good version stays";
}

static void log_diags(const struct ezlb_catalog *catalog, const struct ezlb_diags *before)
{
	for (size_t i = 0; i < catalog->diags.len; i++) {
		const struct ezlb_diag *diag = &catalog->diags.items[i];
		const struct ezlb_catalog_entry *entry = entry_of(catalog, diag->file);
		EZLB_AUTO_FREE char *line = ezlb_diag_line(diag);

		if (diag_known(before, diag))
			continue;
		ezlb_log(EZLB_ERROR, "config", EZLB_S("msg", line), EZLB_S("help", diag->help),
			 EZLB_S("svc", entry && entry->last ? entry->last->name : NULL),
			 EZLB_S("effect", effect_on(entry)));
	}
}

static void log_accepted(struct ezlb_catalog *catalog)
{
	for (size_t i = 0; i < catalog->entries.len; i++) {
		struct ezlb_catalog_entry *entry = &catalog->entries.items[i];
		size_t n;
		bool good = !ezlb_catalog_diags(catalog, entry, &n);

		if (good && !entry->was_good)
			ezlb_log(EZLB_INFO, "config", EZLB_S("msg", "file is valid again"),
				 EZLB_S("file", entry->path), EZLB_S("svc", entry->last->name));
		entry->was_good = good;
	}
}

void ezlb_catalog_update(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot)
{
	struct ezlb_diags before = catalog->diags;
	size_t old = catalog->entries.len, n_frozen;

	catalog->diags = (struct ezlb_diags){ 0 };
	EZLB_VEC_CLEAR(&catalog->desired);
	EZLB_VEC_CLEAR(&catalog->change.services);
	catalog->change.all = true;
	for (size_t i = 0; i < catalog->entries.len; i++)
		catalog->entries.items[i].seen = false;
	parsed_sort(&catalog->parsed);
	for (size_t i = 0; i < snapshot->files.len; i++)
		take_file(catalog, old, &snapshot->files.items[i]);
	parsed_clear(&catalog->parsed);
	EZLB_SORT(&catalog->entries, entry_cmp);
	forget_unseen(catalog);
	n_frozen = frozen_dirs(snapshot);
	catalog->has_frozen = n_frozen > 0;
	catalog->n_without = n_frozen + catalog->held;
	merge(catalog);
	if (!catalog->quiet) {
		log_diags(catalog, &before);
		log_accepted(catalog);
	}
	if (catalog->lastgood)
		catalog_save(catalog, snapshot);
	ezlb_diags_clear(&before);
}

void ezlb_catalog_clear(struct ezlb_catalog *catalog)
{
	for (size_t i = 0; i < catalog->entries.len; i++)
		entry_clear(&catalog->entries.items[i]);
	EZLB_VEC_CLEAR(&catalog->entries);
	EZLB_VEC_CLEAR(&catalog->desired);
	EZLB_VEC_CLEAR(&catalog->change.services);
	ezlb_diags_clear(&catalog->diags);
	parsed_clear(&catalog->parsed);
}
