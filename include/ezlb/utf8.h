/* SPDX-License-Identifier: GPL-2.0-or-later */
/* utf8: one character at a time, by RFC 3629 section 4. Names and texts of files hold any bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * How many bytes the character at text has, 0 where they are none: overlong, a surrogate, beyond
 * U+10FFFF, or cut off. Looks at no more than `len` bytes, and at none behind a NUL: SIZE_MAX is
 * fine for a string. `out`, which may be NULL, gets the character.
 */
size_t ezlb_utf8_decode(const char *text, size_t len, uint32_t *out);
