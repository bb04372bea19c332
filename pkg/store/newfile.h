/* SPDX-License-Identifier: GPL-2.0-or-later */
/* newfile: the temporary file that takes a file's place by rename(2). */
#pragma once

#include <sys/types.h>

#include <ezlb/err.h>

/*
 * Makes the file, with its directory where that is missing. What lies at the path already, left by
 * a kill or put there by somebody else, is removed and never opened: a link is not followed.
 * Returns a descriptor to write to, or -errno.
 */
int newfile_open(const char *path, mode_t mode, struct ezlb_err *err);
