/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics_text: the lines of Prometheus' text format 0.0.4. Who calls keeps a family together: its
 * head, then its samples.
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
	int decimals;	  /* 3: its values are given in thousandths */
};

/* Labels that many samples have: `{a="x",b="y"`, without the brace that closes them. */
struct metric_labels {
	const char *text;
	size_t len;
};

void metric_head(struct ezlb_text *out, const struct metric *metric);
/*
 * `lead` is the name with what comes before it, "{service" or ",file"; the value is escaped. A byte
 * that is not UTF-8 becomes the four characters "\xff": two values that differ stay different.
 */
void metric_label(struct ezlb_text *out, const char *lead, const char *value);
/* The rest of a line that ends in labels: the brace and the value. */
void metric_end(struct ezlb_text *out, const struct metric *metric, uint64_t value);

/* A whole line. */
void metric_sample(struct ezlb_text *out, const struct metric *metric, struct metric_labels labels,
		   uint64_t value);
/* A family whole: of one sample without labels, and of a histogram. */
void metric_alone(struct ezlb_text *out, const struct metric *metric, uint64_t value);
void metric_histogram(struct ezlb_text *out, const struct metric *metric,
		      const struct ezlb_histogram *histogram);
