/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log_out: where log lines go: stderr, which may be a pipe or a socket that nobody reads. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_MAX 8192 /* bytes, with the newline */

/* Writes the line, or keeps it, or counts it as lost. It waits only before ezlb_log_never_wait. */
void log_out(const char *line, size_t len);
/*
 * In log.c: the line that says how many were lost. At most LOG_LINE_MAX bytes; returns the length.
 */
size_t log_out_lost_line(uint64_t lines, char *buf);
