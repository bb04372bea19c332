/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json_written: what a JSON value looks like. */
#pragma once

#include "cm.h"

#include <ezlb/json.h>

/* As the renderers write it; takes value. The order of keys and the kinds of numbers count. */
static inline char *written(json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(10) | JSON_ENCODE_ANY);

	assert_non_null(text);
	json_decref(value);
	return text;
}

static inline void assert_written(const char *name, json_t *value, const char *want)
{
	EZLB_AUTO_FREE char *got = NULL;

	assert_non_null(value);
	got = written(json_incref(value));
	if (strcmp(got, want) != 0)
		fail_msg("%s:\n%s\nwanted\n%s", name, got, want);
}
