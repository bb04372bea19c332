/* SPDX-License-Identifier: GPL-2.0-or-later */
/* newfile: the temporary file that replaces a file by rename(2). */
#pragma once

#include <sys/types.h>

#include <ezlb/err.h>

/*
 * Creates the file, and its directory if that is missing, which users can enter who can read the
 * file. A file or link that is at the path
 * already is removed and never opened. Returns a descriptor to write to, or -errno.
 */
int newfile_open(const char *path, mode_t mode, struct ezlb_err *err);
