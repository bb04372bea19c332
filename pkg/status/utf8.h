/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * utf8: names of files and lines of theirs are any bytes, and texts in fixed room may end within a
 * character; JSON takes UTF-8 only (RFC 8259 8.1), and so does systemd's STATUS=.
 */
#pragma once

/* A copy with U+FFFD for each byte that belongs to no character (RFC 3629); the caller frees. */
char *ezlb_utf8_mend(const char *text);
