// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/catalog.h>

#include <ezlb/log.h>

#include "save.h"

static bool has_files(const struct ezlb_snapshot *snapshot, const char *dir)
{
	for (size_t i = 0; i < snapshot->files.len; i++)
		if (ezlb_lastgood_is_of(snapshot->files.items[i].path, dir))
			return true;
	return false;
}

static bool is_held(const struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot,
		    const struct ezlb_dir *dir)
{
	return !dir->frozen && !has_files(snapshot, dir->path) &&
	       ezlb_lastgood_any_of(catalog->lastgood, dir->path);
}

void ezlb_catalog_hold(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot)
{
	size_t before = catalog->held;

	catalog->held = 0;
	for (size_t i = 0; catalog->lastgood && i < snapshot->dirs.len; i++) {
		if (!is_held(catalog, snapshot, &snapshot->dirs.items[i]))
			continue;
		catalog->held++;
		if (before == 0)
			ezlb_log(EZLB_WARN, "config",
				 EZLB_S("msg", "the directory is empty, but it had service files "
					       "before: what is known of them stays for a while"),
				 EZLB_S("dir", snapshot->dirs.items[i].path));
	}
}

void ezlb_catalog_release(struct ezlb_catalog *catalog)
{
	catalog->n_without -= catalog->held;
	catalog->held = 0;
	if (catalog->lastgood)
		catalog_prune(catalog);
}
