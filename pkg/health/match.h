/* SPDX-License-Identifier: GPL-2.0-or-later */
/* match: finds a text in bytes that arrive in pieces. Keeps none of the bytes. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ezlb_match {
	const char *text; /* borrowed; not empty */
	size_t len;
	/* step[i]: how many bytes of the text still match when the byte after the first i does not
	 * (Knuth, Morris, Pratt). Owned. */
	size_t *step;
	size_t matched; /* bytes of the text that the input ends with now */
};

void ezlb_match_init(struct ezlb_match *match, const char *text);
void ezlb_match_clear(struct ezlb_match *match); /* all zero is fine */
/* Takes the next piece. True if the text ends within it; do not call it after that. */
bool ezlb_match_feed(struct ezlb_match *match, const char *bytes, size_t len);
