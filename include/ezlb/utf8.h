/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * utf8: decodes one character at a time (RFC 3629 section 4), and defines how ezlb writes text from
 * outside.
 *
 * Names and lines of files and answers of backends can be any bytes, and text in a fixed-size
 * buffer may end within a character. How ezlb writes such text depends on the reader:
 *
 *   programs  JSON: ezlb_utf8_fix(): U+FFFD for each invalid byte. Control characters stay; JSON
 *             has escapes for those that it forbids. What commands print (ezlb_json_print) has
 *             them for all that are not plain.
 *   people    tables, plans, findings, errors, systemd's STATUS=: ezlb_utf8_plain(): '?' for each
 *             invalid byte and for each character that ezlb_utf8_is_plain() rejects.
 *   both      log lines: as for programs, but each character that is not plain becomes its JSON
 *             escape ("\u001b", "\ufffd").
 *   labels    of metrics: "\xff" for each invalid byte, and for each byte of a character that is
 *             not plain, because two files must stay two series.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The length in bytes of the character at text; 0 if it is invalid: overlong, a surrogate, beyond
 * U+10FFFF, or cut off. Reads at most `len` bytes and stops at a NUL, so SIZE_MAX is fine for a
 * string. `out` gets the character and may be NULL.
 */
size_t ezlb_utf8_decode(const char *text, size_t len, uint32_t *out);

/*
 * False for characters that a terminal interprets or does not show: control characters, line
 * separators, changes of text direction, zero-width characters.
 */
bool ezlb_utf8_is_plain(uint32_t c);

/* A copy that is valid UTF-8, with U+FFFD for each invalid byte. The caller frees it. */
char *ezlb_utf8_fix(const char *text);

/*
 * Makes text safe to show, in place: '?' for each invalid byte and each character that is not
 * plain, a blank for a tab, which then has one column everywhere. `lines`: newlines stay.
 */
void ezlb_utf8_plain(char *text, bool lines);
/* A copy that is safe to show, on one line. The caller frees it. */
char *ezlb_utf8_plain_copy(const char *text);
