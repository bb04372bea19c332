/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exposition_line: the syntax of one line, for exposition.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *at;
	size_t len;
};
bool span_is(struct span span, const char *text);
int span_cmp(struct span a, struct span b);

#define SAMPLE_LABELS 16

struct sample_label {
	struct span name;
	struct span value; /* escaped; each character has one way to be, so this can be compared */
};

struct sample {
	struct span name;
	struct sample_label labels[SAMPLE_LABELS]; /* sorted by name */
	size_t n_labels;
	double value;
};

/* "# HELP name text" or "# TYPE name type". */
struct comment {
	bool is_type;
	struct span name;
	struct span text;
};

/* Each returns NULL, or what is wrong. The line is without its end. */
const char *line_check(struct span line);
const char *line_comment(struct span line, struct comment *out);
const char *line_sample(struct span line, struct sample *out);

/* A number as a whole; false where it is none. */
bool span_number(struct span span, double *out);
