/* SPDX-License-Identifier: GPL-2.0-or-later */
/* escape: the escapes of YAML in double quotes. */
#pragma once

#include <stddef.h>

/*
 * Decodes what follows a backslash: "n", "x41", "u00e9". Sets bytes and n to one character in
 * UTF-8. Returns the number of characters that it read; 0: no escape.
 */
size_t escape_decode(const char *p, size_t len, char bytes[4], size_t *n);
