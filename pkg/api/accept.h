/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accept: what a client says it can read. */
#pragma once

#include <stdbool.h>

/* The value of an Accept-Encoding header, RFC 9110 12.5.3; NULL: there is none. */
bool accept_gzip(const char *value);
