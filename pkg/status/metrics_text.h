/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics_text: the lines of Prometheus' text format 0.0.4. The caller writes the head of a family,
 * then all of its samples.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <ezlb/histogram.h>
#include <ezlb/text.h>

struct metric {
	const char *name;
	const char *type; /* "counter", "gauge", "histogram" */
	const char *help; /* one line, without a backslash */
	int decimals;	  /* 3: values are in thousandths */
};

/* Formatted labels, `{a="x",b="y"`, without the closing brace. */
struct metric_labels {
	const char *text;
	size_t len;
};

void metric_head(struct ezlb_text *out, const struct metric *metric);
/*
 * `lead` is the name with "{" or "," before it; the value is escaped. A byte that is not UTF-8
 * becomes the four characters "\xff", so different values stay different.
 */
void metric_label(struct ezlb_text *out, const char *lead, const char *value);
/* Ends a line after its labels: the closing brace and the value. */
void metric_end(struct ezlb_text *out, const struct metric *metric, uint64_t value);

/* A whole line. */
void metric_sample(struct ezlb_text *out, const struct metric *metric, struct metric_labels labels,
		   uint64_t value);
/* A whole family: one sample without labels, or a histogram. */
void metric_alone(struct ezlb_text *out, const struct metric *metric, uint64_t value);
void metric_histogram(struct ezlb_text *out, const struct metric *metric,
		      const struct ezlb_histogram *histogram);
