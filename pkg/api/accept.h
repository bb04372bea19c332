/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accept: parses the Accept-Encoding header. */
#pragma once

#include <stdbool.h>

/* True if the value (RFC 9110 12.5.3) allows gzip; NULL: no header. */
bool accept_gzip(const char *value);
