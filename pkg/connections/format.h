/* SPDX-License-Identifier: GPL-2.0-or-later */
/* format: the parts of a row as short texts. */
#pragma once

#include <ezlb/connections.h>

#define CELL_STRLEN (EZLB_NAME_MAX + 1)

/* "45s", "3m12s", "5h03m", "2d04h"; "unknown" if negative. */
const char *format_age(int64_t s, char buf[CELL_STRLEN]);
/* "512B", "1.2kB", "45MB" */
const char *format_bytes(uint64_t bytes, char buf[CELL_STRLEN]);
/* Seconds since it began; -1: not known. 0 if the clock was set back meanwhile. */
int64_t age_of(const struct ezlb_connection *connection, int64_t now_ms);
/* "unknown" where conntrack has none. */
const char *format_backend(const struct ezlb_connections_row *row, char buf[CELL_STRLEN]);
