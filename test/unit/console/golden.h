/* SPDX-License-Identifier: GPL-2.0-or-later */
/* golden: documents and the tables that are made of them, as files in data/. */
#pragma once

#include "cm.h"

#include <ezlb/console.h>

/* One second after two minutes past one, as the documents' "now" has it. */
#define NOW_MS 1795395723000

static inline char *read_data(const char *name)
{
	EZLB_AUTO_FREE char *path = ezlb_asprintf(SOURCE_DIR "/test/unit/console/data/%s", name);
	struct ezlb_text text = { 0 };
	FILE *file = fopen(path, "r");
	char bytes[4096];
	size_t n;

	if (!file)
		fail_msg("cannot read %s", path);
	while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		ezlb_text_put(&text, bytes, n);
	fclose(file);
	return ezlb_text_take(&text, NULL);
}

/* Takes the text. */
static inline void assert_golden(struct ezlb_text *text, const char *name)
{
	EZLB_AUTO_FREE char *got = ezlb_text_take(text, NULL);
	EZLB_AUTO_FREE char *want = read_data(name);

	assert_string_equal(got, want);
}

/* In characters; a byte that goes on with one is none. */
static inline size_t longest_line(const char *text)
{
	size_t longest = 0, n = 0;

	for (; *text; text++) {
		n = *text == '\n' ? 0 : n + (((unsigned char)*text & 0xc0) != 0x80);
		longest = n > longest ? n : longest;
	}
	return longest;
}

static inline size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* Nothing in it that a terminal could obey but newlines. */
static inline void assert_harmless(const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		assert_true(c == '\n' || (c >= 0x20 && c != 0x7f));
		/* U+0080 to U+009F, and the marks that turn text around. */
		assert_false(c == 0xc2 && (unsigned char)text[1] < 0xa0);
		assert_false(c == 0xe2 && strncmp(text, "\u202e", 3) == 0);
	}
}

/* In JSON's escapes: a line and a screen of their own, C1's CSI, the right-to-left override. */
#define HOSTILE	      "a\\u001b[2Jb\\nOK\\r\\u0007\\u009b31m\\u202ec\\u007f\\tz"
#define HOSTILE_SHOWN "a?[2Jb?OK???31m?c? z"
