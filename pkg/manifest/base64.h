/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64: binaryData of a ConfigMap (RFC 4648 section 4). */
#pragma once

#include <stddef.h>

/* Line breaks and blanks are allowed. NULL: not base64. The caller frees; *len excludes the NUL. */
char *base64_decode(const char *text, size_t *len);
