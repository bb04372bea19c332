// SPDX-License-Identifier: GPL-2.0-or-later
#include "match.h"

#include <stdlib.h>
#include <string.h>

#include <ezlb/mem.h>

/* How much of the text matches after `matched` bytes of it and this byte. */
static size_t advance(const struct ezlb_match *match, size_t matched, char byte)
{
	while (matched > 0 && match->text[matched] != byte)
		matched = match->step[matched];
	return match->text[matched] == byte ? matched + 1 : 0;
}

void ezlb_match_init(struct ezlb_match *match, const char *text)
{
	*match = (struct ezlb_match){ .text = text, .len = strlen(text) };
	match->step = ezlb_calloc(match->len + 1, sizeof(*match->step));
	for (size_t i = 1; i < match->len; i++)
		match->step[i + 1] = advance(match, match->step[i], text[i]);
}

void ezlb_match_clear(struct ezlb_match *match)
{
	free(match->step);
	*match = (struct ezlb_match){ 0 };
}

bool ezlb_match_feed(struct ezlb_match *match, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		match->matched = advance(match, match->matched, bytes[i]);
		if (match->matched == match->len)
			return true;
	}
	return false;
}
