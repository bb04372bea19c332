/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * olddir: DIR/lastgood, in which an older ezlb had a file HASH-NAME for each version: the hash is
 * of the path of the service file, the name is its last part. The first line has a hash of the
 * bytes and the path; the bytes follow. An ezlb that writes takes these versions over and removes
 * them.
 */
#pragma once

#include <ezlb/snapshot.h>

/* Adds the versions to files, which is empty, and sorts it. Returns false if there is no directory.
 */
bool olddir_list(const char *dir, struct ezlb_files *files);
/* Removes the versions, and the directory if nothing else is in it. Returns 0 or -errno. */
int olddir_remove(const char *dir);
