/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurp: files and parsed specs for the tests of config. */
#pragma once

#include <stdio.h>

#include <ezlb/config.h>

#include "cm.h"

/* The bytes of a file, in memory of exactly that size so that a read behind the end is seen. */
static inline char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *bytes = malloc(1 << 20);

	if (!f)
		fail_msg("cannot open %s", path);
	*len = fread(bytes, 1, 1 << 20, f);
	fclose(f);
	return realloc(bytes, *len ? *len : 1);
}

static inline struct ezlb_spec *parse_bytes(const char *file, const char *text, size_t len,
					    struct ezlb_diags *diags)
{
	char *copy = malloc(len ? len : 1);
	struct ezlb_spec *spec;

	memcpy(copy, text, len);
	spec = ezlb_config_parse(file, copy, len, diags);
	free(copy);
	return spec;
}

/* Must be valid; the caller frees. */
static inline struct ezlb_spec *parse_good(const char *file, const char *text, size_t len)
{
	struct ezlb_diags diags = { 0 };
	struct ezlb_spec *spec = parse_bytes(file, text, len, &diags);

	if (!spec)
		fail_msg("%s", ezlb_diag_text(&diags.items[0]));
	assert_int_equal(diags.len, 0);
	return spec;
}

static inline struct ezlb_spec *parse_path(const char *path)
{
	size_t len;
	char *text = slurp(path, &len);
	struct ezlb_spec *spec = parse_good(path, text, len);

	free(text);
	return spec;
}
