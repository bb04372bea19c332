/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurp: parsed specs for the tests of config. */
#pragma once

#include <ezlb/config.h>

#include "bytes.h"

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
	char *text = slurp_bytes(path, &len);
	struct ezlb_spec *spec = parse_good(path, text, len);

	free(text);
	return spec;
}
