/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bytes: the bytes of a file, results that a file has word for word, and bytes that are changed. */
#pragma once

#include <stdio.h>

#include <ezlb/mem.h>

#include "cm.h"

/* The bytes of a file, in memory of exactly that size so that a read behind the end is seen. */
static inline char *slurp_bytes(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *bytes = malloc(1 << 20);

	if (!f)
		fail_msg("cannot open %s", path);
	*len = fread(bytes, 1, 1 << 20, f);
	fclose(f);
	return realloc(bytes, *len ? *len : 1);
}

/* Fails if the file does not have this text; with EZLB_GOLDEN writes it. */
static inline void golden_compare(const char *path, const char *got)
{
	size_t len;
	char *want;
	FILE *f;

	if (getenv("EZLB_GOLDEN")) {
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(got, f);
		fclose(f);
		return;
	}
	want = slurp_bytes(path, &len);
	if (len != strlen(got) || memcmp(want, got, len) != 0)
		fail_msg("%s\n--- want\n%.*s--- got\n%s", path, (int)len, want, got);
	free(want);
}

/* The same numbers in each run. */
static inline uint32_t rnd_of(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

/*
 * One to four edits: a byte changed to one of `spice`, lost, doubled, or a piece from elsewhere put
 * over it. Needs room for four bytes more; returns the new length.
 */
static inline size_t mutate(uint32_t *seed, char *text, size_t len, const char *spice,
			    size_t spices)
{
	for (uint32_t edits = 1 + rnd_of(seed, 4); edits > 0 && len > 1; edits--) {
		size_t at = rnd_of(seed, (uint32_t)len), from = rnd_of(seed, (uint32_t)len);
		size_t n = 1 + rnd_of(seed, 12);

		switch (rnd_of(seed, 4)) {
		case 0:
			text[at] = spice[rnd_of(seed, (uint32_t)spices)];
			break;
		case 1:
			memmove(text + at, text + at + 1, len - at - 1);
			len--;
			break;
		case 2:
			memmove(text + at + 1, text + at, len - at);
			len++;
			break;
		default:
			n = n > len - at ? len - at : n;
			n = n > len - from ? len - from : n;
			memmove(text + at, text + from, n);
		}
	}
	return len;
}
