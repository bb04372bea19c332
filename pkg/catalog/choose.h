/* SPDX-License-Identifier: GPL-2.0-or-later */
/* choose: which version of each file is applied, and what that changes. */
#pragma once

#include <ezlb/catalog.h>

/*
 * Chooses the versions, and brings desired, diags and change up to date; adds the files without an
 * applied version to n_without. Looks only at the touched entries if the catalog is calm and their
 * new versions fit; else all files are merged, and all are touched. Both have the same result.
 * Moves the earlier diagnostics of the touched entries to *before; sorted by file.
 */
void choose_versions(struct ezlb_catalog *catalog, struct ezlb_diags *before);
/* revision_of(entry->last), from fresh_meaning where that is possible. */
uint64_t choose_meaning(const struct ezlb_catalog_entry *entry);
