// SPDX-License-Identifier: GPL-2.0-or-later
#include "metrics_text.h"

#include <inttypes.h>
#include <string.h>

#include <ezlb/utf8.h>

/* "} ", 20 digits, a point and a newline fit. */
#define NUMBER_MAX 32

/*
 * Not printf, which would take most of the time of 100,000 samples; and no double, which rounds
 * above 2^53.
 */
static void put_number(struct ezlb_text *out, const char *lead, uint64_t value, int decimals)
{
	char buf[NUMBER_MAX], *p = buf + sizeof(buf);
	size_t len = strlen(lead);

	*--p = '\n';
	for (int i = 0; i <= decimals || value > 0; i++, value /= 10) {
		if (i > 0 && i == decimals)
			*--p = '.';
		*--p = (char)('0' + value % 10);
	}
	p -= len;
	memcpy(p, lead, len);
	ezlb_text_put(out, p, (size_t)(buf + sizeof(buf) - p));
}

/* Returns len. */
static size_t put_bytes(struct ezlb_text *out, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ezlb_text_printf(out, "\\\\x%02x", (unsigned char)bytes[i]);
	return len;
}

static void put_escaped(struct ezlb_text *out, const char *value)
{
	const char *p = value;
	size_t len;
	uint32_t c;

	for (; *p; p += len) {
		len = ezlb_utf8_decode(p, SIZE_MAX, &c);
		if (*p == '\n')
			ezlb_text_puts(out, "\\n");
		else if (*p == '"' || *p == '\\')
			ezlb_text_put(out, (char[]){ '\\', *p }, 2);
		else if (len > 0 && ezlb_utf8_is_plain(c))
			ezlb_text_put(out, p, len);
		else
			len = put_bytes(out, p, len ? len : 1);
	}
}

void metric_head(struct ezlb_text *out, const struct metric *metric)
{
	ezlb_text_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
			 metric->name, metric->type);
}

void metric_label(struct ezlb_text *out, const char *lead, const char *value)
{
	ezlb_text_puts(out, lead);
	ezlb_text_puts(out, "=\"");
	put_escaped(out, value);
	ezlb_text_puts(out, "\"");
}

void metric_end(struct ezlb_text *out, const struct metric *metric, uint64_t value)
{
	put_number(out, "} ", value, metric->decimals);
}

void metric_sample(struct ezlb_text *out, const struct metric *metric, struct metric_labels labels,
		   uint64_t value)
{
	ezlb_text_puts(out, metric->name);
	ezlb_text_put(out, labels.text, labels.len);
	metric_end(out, metric, value);
}

void metric_alone(struct ezlb_text *out, const struct metric *metric, uint64_t value)
{
	metric_head(out, metric);
	ezlb_text_puts(out, metric->name);
	put_number(out, " ", value, metric->decimals);
}

void metric_histogram(struct ezlb_text *out, const struct metric *metric,
		      const struct ezlb_histogram *histogram)
{
	uint64_t count = 0;

	metric_head(out, metric);
	for (size_t i = 0; i < EZLB_HISTOGRAM_BOUNDS; i++) {
		count += histogram->n[i];
		ezlb_text_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", metric->name,
				 ezlb_histogram_bound(i), count);
	}
	count = ezlb_histogram_count(histogram);
	ezlb_text_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", metric->name, count);
	ezlb_text_printf(out, "%s_sum %.6f\n", metric->name, histogram->sum);
	ezlb_text_printf(out, "%s_count %" PRIu64 "\n", metric->name, count);
}
