/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lastgood_place: what lastgood.c and persist.c share: one directory of last good versions. */
#pragma once

#include <ezlb/store.h>

#define LASTGOOD_PERSISTENT 1 /* the place of the persist directory; 0 is the state directory */

bool lastgood_writes_to(const struct ezlb_lastgood *lastgood, int place);
/* The bytes of a version, which the caller frees; NULL: none, or damaged. */
char *lastgood_read_from(const char *dir, const char *path, size_t *len);
/* Adds the versions to files, except those of paths that are there already. */
void lastgood_list_dir(const char *dir, struct ezlb_files *files);
/* Returns 0 or -errno. */
int lastgood_store(const char *dir, const char *path, const char *bytes, size_t len);
/* Logs it, unless the write before failed, too. `code` is an errno. */
void lastgood_warn(struct ezlb_lastgood *lastgood, const char *msg, const char *path, int code);
