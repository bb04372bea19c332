/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * utf8: one character at a time, by RFC 3629 section 4, and the one rule for text that ezlb writes.
 *
 * Names and lines of files and what backends answer are any bytes, and text in fixed room may end
 * within a character. What ezlb makes of that depends on who reads it:
 *
 *   programs  JSON: ezlb_utf8_mend(), so U+FFFD for each byte that belongs to no character. Control
 *             characters are data there; JSON has escapes for those that it forbids.
 *   people    tables, plans, findings, systemd's STATUS=: ezlb_utf8_plain(), so '?' for each such
 *             byte and for each character that ezlb_utf8_is_plain() says no to.
 *   both      log lines: as for programs, but whatever is not plain is written as its escape
 *             ("\u001b", "\ufffd"), as JSON has it.
 *   labels    of metrics: "\xff" for each such byte, because two files must stay two series.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How many bytes the character at text has, 0 where they are none: overlong, a surrogate, beyond
 * U+10FFFF, or cut off. Looks at no more than `len` bytes, and at none behind a NUL: SIZE_MAX is
 * fine for a string. `out`, which may be NULL, gets the character.
 */
size_t ezlb_utf8_decode(const char *text, size_t len, uint32_t *out);

/*
 * False for what a terminal obeys or does not show: control characters, line separators, what
 * turns the direction of the text around, what has no width.
 */
bool ezlb_utf8_is_plain(uint32_t c);

/* A copy that is UTF-8: with U+FFFD for each byte that belongs to no character; the caller frees.
 */
char *ezlb_utf8_mend(const char *text);

/*
 * Makes it safe to show, in place: '?' for each byte that belongs to no character and for what is
 * not plain; a blank for a tab, which is one column everywhere. `lines`: newlines stay.
 */
void ezlb_utf8_plain(char *text, bool lines);
