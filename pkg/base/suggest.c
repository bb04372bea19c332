// SPDX-License-Identifier: GPL-2.0-or-later
#include <ezlb/suggest.h>

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define MAX_WORD 32 /* a longer word is not a typo */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* The Levenshtein distance of two words of at most MAX_WORD letters. */
static size_t distance(const char *a, const char *b)
{
	size_t len = strlen(b), row[MAX_WORD + 1];

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t best = min3(diagonal + !same_letter(a[i], b[j]), row[j] + 1,
					   row[j + 1] + 1);

			diagonal = row[j + 1];
			row[j + 1] = best;
		}
	}
	return row[len];
}

int ezlb_word_index(const char *const *words, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], text) == 0)
			return (int)i;
	return -EINVAL;
}

const char *ezlb_suggest(const char *typed, const char *const *words, size_t n)
{
	const char *nearest = NULL;
	size_t least = MAX_WORD;

	if (typed[0] == '\0' || strlen(typed) > MAX_WORD)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t d = distance(typed, words[i]);

		/* Up to a third of the letters may be wrong. */
		if (d < least && d <= (strlen(words[i]) + 2) / 3) {
			least = d;
			nearest = words[i];
		}
	}
	return nearest;
}
