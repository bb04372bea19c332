/* SPDX-License-Identifier: GPL-2.0-or-later */
/* line: the fields of one line of the connection log. What is not known is "unknown". Pure. */
#pragma once

#include <ezlb/log.h>

#include "ending.h"

#define LINE_FIELDS	 14
#define LINE_TIME_STRLEN 32

struct line {
	struct ezlb_kv
		fields[LINE_FIELDS + 1]; /* the last one has no key; they point to the texts */
	char client[EZLB_ENDPOINT_STRLEN], listen[EZLB_ENDPOINT_STRLEN];
	char source[EZLB_ENDPOINT_STRLEN], backend[EZLB_ENDPOINT_STRLEN];
	char start[LINE_TIME_STRLEN], end[LINE_TIME_STRLEN], duration[LINE_TIME_STRLEN];
};

void line_make(const char *service, const struct event *event, const struct ending *ending,
	       struct line *out);
