/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import_files: the files that `ezlb import` reads and writes. */
#pragma once

#include <ezlb/import.h>

#define IMPORT_STDIN "-" /* as an argument */

/* The bytes of a file, or of standard input. The caller frees *text. -errno with err set. */
int import_file_read(const char *path, char **text, size_t *len, struct ezlb_err *err);
/* ezlb_import_include_fn: a pattern is relative to the directory of the file it stands in. */
int import_file_include(void *ctx, const char *from, const char *pattern,
			struct ezlb_import_includes *out, struct ezlb_err *err);

/*
 * Writes DIR/NAME.yaml for each spec; makes DIR and its parents where they are missing. Writes
 * nothing if one of the files exists, and takes back what it wrote if one cannot be written. A
 * reader sees each file whole or not at all.
 */
int import_files_write(const struct ezlb_import *import, const char *dir, struct ezlb_err *err);
