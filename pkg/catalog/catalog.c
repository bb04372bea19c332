// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/catalog.h>

#include <ezlb/config.h>
#include <ezlb/desired.h>
#include <ezlb/log.h>

#include "choose.h"
#include "parsed.h"
#include "revision.h"
#include "save.h"
#include "tell.h"

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

static void parse(struct ezlb_parsed_files *parsed, struct ezlb_catalog_entry *entry,
		  const struct ezlb_file *file)
{
	drop_fresh(entry);
	ezlb_diags_clear(&entry->diags);
	if (file->bytes)
		entry->fresh = parsed_take(parsed, file, &entry->diags, &entry->fresh_meaning);
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
	uint64_t hash;
	size_t len;

	if (!catalog->lastgood || !ezlb_lastgood_find(catalog->lastgood, file->path, &len, &hash))
		return;
	if (entry->fresh && len == file->len && hash == file->hash) {
		entry->last = entry->fresh;
	} else {
		bytes = ezlb_lastgood_read(catalog->lastgood, file->path, &len);
		if (!bytes)
			return;
		hash = ezlb_hash(bytes, len); /* it may be the other directory's */
		entry->last = parse_stored(file->path, bytes, len);
	}
	entry->is_stored = true;
	entry->stored = hash;
	entry->restored = entry->last != entry->fresh;
	entry->last_hash = entry->stored;
	entry->last_meaning = choose_meaning(entry);
}

/* Whether the entry has the result of these bytes, or of the problem, which then is no news. */
static bool is_known(const struct ezlb_catalog_entry *entry, const struct ezlb_file *file)
{
	if (file->bytes)
		return entry->readable && entry->hash == file->hash;
	return !entry->readable && entry->diags.len == 1 &&
	       strcmp(entry->diags.items[0].message, file->problem) == 0;
}

/* `entry` is NULL: a new one. */
static void take_file(struct ezlb_catalog *catalog, struct ezlb_parsed_files *parsed,
		      struct ezlb_catalog_entry *entry, const struct ezlb_file *file)
{
	bool is_new = !entry;

	if (is_new) {
		entry = EZLB_PUSH(&catalog->entries);
		entry->path = ezlb_strdup(file->path);
		entry->was_good = true;
	}
	entry->seen = true;
	entry->touched = is_new || !is_known(entry, file);
	if (!entry->touched)
		return;
	parse(parsed, entry, file);
	if (is_new) {
		recall(catalog, entry, file);
		catalog->change.all = catalog->change.probes = true;
		catalog->calm &= !entry->last;
	}
	entry->readable = file->bytes != NULL;
	entry->hash = file->hash;
}

static void parse_all(struct ezlb_parsed_files *parsed, const struct ezlb_snapshot *snapshot)
{
	struct ezlb_files files = { 0 };

	for (size_t i = 0; i < snapshot->files.len; i++)
		if (snapshot->files.items[i].bytes)
			*EZLB_PUSH(&files) = snapshot->files.items[i];
	parsed_add(parsed, &files);
	parsed_sort(parsed);
	EZLB_VEC_CLEAR(&files);
}

/* Both are sorted by path. New entries are at the end until the next sort. */
static void take_files(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot)
{
	struct ezlb_parsed_files parsed = parsed_get(catalog);
	size_t old = catalog->entries.len, k = 0;

	if (old == 0 && parsed.len == 0)
		parse_all(&parsed, snapshot);
	for (size_t i = 0; i < snapshot->files.len; i++) {
		const struct ezlb_file *file = &snapshot->files.items[i];
		int order = 1;

		while (k < old && (order = strcmp(catalog->entries.items[k].path, file->path)) < 0)
			k++;
		order = k < old ? order : 1;
		take_file(catalog, &parsed, order == 0 ? &catalog->entries.items[k++] : NULL, file);
	}
	parsed_tidy(&parsed);
	parsed_put(catalog, &parsed);
	if (catalog->entries.len > old) {
		EZLB_SORT(&catalog->entries, entry_cmp);
		EZLB_VEC_FIT(&catalog->entries);
	}
}

static int by_pointer(const void *pa, const void *pb)
{
	const struct ezlb_spec *const *a = pa, *const *b = pb;

	return (*a > *b) - (*a < *b);
}

/* Takes the versions of all files that are gone out of the desired set, in one walk. */
static void drop_unseen(struct ezlb_catalog *catalog)
{
	struct EZLB_VEC(const struct ezlb_spec *) gone = { 0 };

	for (size_t i = 0; i < catalog->entries.len; i++)
		if (!catalog->entries.items[i].seen && catalog->entries.items[i].last)
			*EZLB_PUSH(&gone) = catalog->entries.items[i].last;
	EZLB_SORT(&gone, by_pointer);
	if (gone.len > 0)
		EZLB_VEC_KEEP(&catalog->desired, i,
			      !EZLB_FIND(&gone, &catalog->desired.items[i], by_pointer));
	EZLB_VEC_CLEAR(&gone);
}

static void forget_unseen(struct ezlb_catalog *catalog)
{
	size_t before = catalog->entries.len, n = 0;

	drop_unseen(catalog);
	for (size_t i = 0; i < catalog->entries.len; i++) {
		struct ezlb_catalog_entry *entry = &catalog->entries.items[i];

		if (entry->seen) {
			entry->seen = false;
			if (n++ < i)
				catalog->entries.items[n - 1] = *entry;
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
	catalog->removed = n < before;
	catalog->change.all |= catalog->removed;
	catalog->change.probes |= catalog->removed;
}

static size_t frozen_dirs(const struct ezlb_snapshot *snapshot)
{
	size_t n = 0;

	for (size_t i = 0; i < snapshot->dirs.len; i++)
		n += snapshot->dirs.items[i].frozen;
	return n;
}

static void save(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot)
{
	struct ezlb_snapshot few = { .borrowed = true };

	if (!catalog->lastgood)
		return;
	if (catalog->merged || catalog->unsaved) {
		catalog_save(catalog, snapshot);
		return;
	}
	/* Each entry has its file now, in the same order. */
	for (size_t i = 0; i < catalog->entries.len; i++)
		if (catalog->entries.items[i].touched)
			*EZLB_PUSH(&few.files) = snapshot->files.items[i];
	ezlb_catalog_store(catalog, &few, false);
	ezlb_snapshot_clear(&few);
}

void ezlb_catalog_update(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot)
{
	size_t n_frozen = frozen_dirs(snapshot);
	bool was_without = catalog->n_without > 0, was_partial = catalog->partial;
	struct ezlb_diags before = { 0 };

	EZLB_VEC_CLEAR(&catalog->change.services);
	catalog->change.all = catalog->change.probes = !catalog->loaded;
	catalog->loaded = true;
	catalog->has_frozen = n_frozen > 0;
	catalog->partial = n_frozen > 0 || catalog->held > 0;
	if (was_partial && !catalog->partial)
		catalog->calm = false; /* catalog_save looks which versions no file has */
	take_files(catalog, snapshot);
	catalog_save_begin(catalog);
	forget_unseen(catalog);
	catalog->n_without = n_frozen + catalog->held;
	choose_versions(catalog, &before);
	catalog->change.all |= (catalog->n_without > 0) != was_without;
	if (catalog->change.all)
		EZLB_VEC_CLEAR(&catalog->change.services);
	if (!catalog->quiet)
		tell_files(catalog, &before);
	save(catalog, snapshot);
	ezlb_diags_clear(&before);
}

void ezlb_catalog_clear(struct ezlb_catalog *catalog)
{
	struct ezlb_parsed_files parsed = parsed_get(catalog);

	for (size_t i = 0; i < catalog->entries.len; i++)
		entry_clear(&catalog->entries.items[i]);
	EZLB_VEC_CLEAR(&catalog->entries);
	EZLB_VEC_CLEAR(&catalog->desired);
	EZLB_VEC_CLEAR(&catalog->change.services);
	ezlb_diags_clear(&catalog->diags);
	parsed_clear(&parsed);
}
