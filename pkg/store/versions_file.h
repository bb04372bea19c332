/* SPDX-License-Identifier: GPL-2.0-or-later */
/* versions_file: what versions.c and versions_file.c share: the index, and the file itself. */
#pragma once

#include "versions.h"

/* Opens and reads the file, which may be missing, and makes the index from it. */
void versions_load(struct ezlb_versions *v);
/* Makes the index from the whole text of the file, and logs what is damaged. */
void versions_take(struct ezlb_versions *v, const char *text, size_t len);
/* Sorts the index; of each path the last version counts. */
void versions_settle(struct ezlb_versions *v);
/* Reads all of it; false: it cannot. */
bool versions_pread(int fd, char *buf, size_t len, uint64_t at);
/* A copy with a NUL behind it. */
char *versions_copy(const char *bytes, size_t len);
void versions_drop_old(struct ezlb_versions *v);
