/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link: which files outside a config directory may be service files. ezlb reads files of any owner,
 * and shows lines of service files: in the log, in the status, to whoever may ask for it. So a
 * link, which anybody can make who may write to the directory, must not lead to a secret. It may
 * lead
 *
 *   - to a file in the directory, or in a directory below: that is where service files are;
 *   - to a file anywhere that every user of the host may read who may enter the directories above
 *     the config directory.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

/* "/proc/self/fd/N": opens the file that a descriptor of O_PATH stands for. */
#define LINK_SELF_STRLEN 32
const char *link_self(int fd, char buf[LINK_SELF_STRLEN]);

/* Whether the file or directory of fd is in the directory of `home`, or below it. */
bool link_is_below(int home, int fd);
/*
 * Why the file of fd, with this stat, is not read; NULL: it may be read. `home` is the config
 * directory. The caller frees it.
 */
char *link_problem(int home, int fd, const struct stat *st);
