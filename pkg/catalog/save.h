/* SPDX-License-Identifier: GPL-2.0-or-later */
/* save: what the catalog writes to and deletes from its lastgood. */
#pragma once

#include <ezlb/catalog.h>

/* Deletes the versions of files without an entry, unless a directory is frozen or held. */
void catalog_prune(struct ezlb_catalog *catalog);
/* Before the first ezlb_lastgood_forget of an update: catalog_save writes all at once. */
void catalog_save_begin(struct ezlb_catalog *catalog);
/* Stores the applied versions that are the current content and not stored yet; prunes. */
void catalog_save(struct ezlb_catalog *catalog, const struct ezlb_snapshot *snapshot);
