/* SPDX-License-Identifier: GPL-2.0-or-later */
/* newfile: the temporary file that replaces a file by rename(2). */
#pragma once

#include <ezlb/err.h>

#include "statedir.h"

/*
 * Creates the file, which only its owner can read, and its directory if that is missing. A file or
 * link that is at the path already is removed and never opened. Returns a descriptor to write to,
 * or -errno.
 */
int newfile_open(const char *path, const struct dir_kind *dir, struct ezlb_err *err);
