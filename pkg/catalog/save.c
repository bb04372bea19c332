// SPDX-License-Identifier: GPL-2.0-or-later
#include "save.h"

static int entry_cmp(const void *a, const void *b)
{
	const struct ezlb_catalog_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static void remember(struct ezlb_catalog *catalog, const struct ezlb_file *file)
{
	const struct ezlb_catalog_entry key = { .path = file->path };
	struct ezlb_catalog_entry *entry = EZLB_FIND(&catalog->entries, &key, entry_cmp);

	if (!entry || !entry->last || entry->last != entry->fresh || entry->hash != file->hash ||
	    (entry->is_stored && entry->stored == file->hash))
		return;
	ezlb_lastgood_write(catalog->lastgood, file->path, file->bytes, file->len);
	entry->is_stored = true;
	entry->stored = file->hash;
}

/* Files of a directory that is frozen or empty since the start have no entry: keep their versions.
 */
void catalog_prune(struct ezlb_catalog *catalog)
{
	size_t n = catalog->entries.len;
	EZLB_AUTO_FREE const char **paths = NULL;

	if (catalog->has_frozen || catalog->held > 0 ||
	    !ezlb_lastgood_may_have_more(catalog->lastgood))
		return;
	paths = ezlb_calloc(n, sizeof(*paths));
	for (size_t i = 0; i < n; i++)
		paths[i] = catalog->entries.items[i].path;
	ezlb_lastgood_prune(catalog->lastgood, paths, n);
}

static void remember_all(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->files.len; i++)
		remember(catalog, &snapshot->files.items[i]);
}

static void mark_unstored(struct ezlb_catalog *catalog)
{
	for (size_t i = 0; i < catalog->entries.len; i++)
		catalog->entries.items[i].is_stored = false;
}

/* After a failure it is unknown what was stored; lastgood knows, and writes only what was not. */
static void commit(struct ezlb_catalog *catalog)
{
	catalog->unsaved = !ezlb_lastgood_commit(catalog->lastgood);
	if (catalog->unsaved)
		mark_unstored(catalog);
}

void catalog_save_begin(struct ezlb_catalog *catalog)
{
	if (catalog->lastgood)
		ezlb_lastgood_begin(catalog->lastgood);
}

void catalog_save(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot)
{
	remember_all(catalog, snapshot);
	catalog_prune(catalog);
	commit(catalog);
}

void ezlb_catalog_store(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot,
			bool all)
{
	if (all)
		mark_unstored(catalog);
	ezlb_lastgood_begin(catalog->lastgood);
	remember_all(catalog, snapshot);
	commit(catalog);
}

void ezlb_catalog_keep(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot)
{
	bool lost = ezlb_lastgood_keep(catalog->lastgood);

	if (lost || catalog->unsaved)
		ezlb_catalog_store(catalog, snapshot, lost);
}
