/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * candidate: files of a directory that is not the one in force, seen as if they took the place of
 * those that are: a file of the same name is a new version of that one, and what is in force now
 * and has no counterpart is gone. So a plan says what a running daemon would do with them.
 */
#pragma once

#include <ezlb/table.h>

#include "catalog.h"

/*
 * Call it before the first catalog_update. Where none of the directories is one whose files are in
 * lastgood, and there are such files: takes what is in force into the catalog, takes the services
 * of it out of `unclaimed` (pass.h), and unsets catalog->lastgood. Else it does nothing.
 */
void candidate_seed(struct catalog *catalog, const char *const *dirs, size_t n_dirs,
		    const struct ezlb_snapshot *snapshot, struct ezlb_scope *unclaimed);
