/* SPDX-License-Identifier: GPL-2.0-or-later */
/* suggest: the allowed word that somebody probably meant: of a file's fields, or of the command
 * line. */
#pragma once

#include <stddef.h>

/* One of words[0..n), or NULL where none is near. Case does not count. */
const char *ezlb_suggest(const char *typed, const char *const *words, size_t n);
