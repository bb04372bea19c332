// SPDX-License-Identifier: GPL-2.0-or-later
#include "line.h"

#include <stdio.h>
#include <time.h>

#define MS_NS	  INT64_C(1000000)
#define SECOND_NS INT64_C(1000000000)

static const char unknown[] = "unknown";

/* With milliseconds only if they are known. */
static void put_time(char out[LINE_TIME_STRLEN], int64_t ns, bool fine)
{
	time_t seconds = (time_t)(ns / SECOND_NS);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(out, LINE_TIME_STRLEN, "%Y-%m-%dT%H:%M:%S", &tm);
	if (fine)
		snprintf(out + n, LINE_TIME_STRLEN - n, ".%03dZ", (int)(ns % SECOND_NS / MS_NS));
	else
		ezlb_strcpy(out + n, LINE_TIME_STRLEN - n, "Z");
}

/* The middle of what is possible, to the second. */
static int64_t rounded(int64_t first_ns, int64_t last_ns)
{
	return (first_ns + (last_ns - first_ns) / 2 + SECOND_NS / 2) / SECOND_NS * SECOND_NS;
}

static void put_times(const struct event *event, const struct ending *ending, struct line *out)
{
	int64_t start = event->start_ns, first = ending->first_ns, last = ending->last_ns;
	bool fine = first == last;

	if (start)
		put_time(out->start, start, true);
	if (last)
		put_time(out->end, fine ? last : rounded(first, last), fine);
	if (!start || !last)
		return;
	if (fine)
		snprintf(out->duration, sizeof(out->duration), "%lld.%03d",
			 (long long)((last - start) / SECOND_NS),
			 (int)((last - start) % SECOND_NS / MS_NS));
	else
		snprintf(out->duration, sizeof(out->duration), "%lld",
			 (long long)(rounded(first - start, last - start) / SECOND_NS));
}

static struct ezlb_kv number(const char *key, bool known, uint64_t value)
{
	return known ? EZLB_I(key, value) : EZLB_S(key, unknown);
}

void line_make(const char *service, const struct event *event, const struct ending *ending,
	       struct line *out)
{
	const struct ezlb_connection *c = &event->connection;
	struct ezlb_kv *field = out->fields;

	ezlb_strcpy(out->start, sizeof(out->start), unknown);
	ezlb_strcpy(out->end, sizeof(out->end), unknown);
	ezlb_strcpy(out->duration, sizeof(out->duration), unknown);
	put_times(event, ending, out);
	*field++ = EZLB_S("svc", service);
	*field++ = EZLB_S("proto", ezlb_proto_str(c->proto));
	*field++ = EZLB_S("client", ezlb_endpoint_format(&c->client, out->client));
	*field++ = EZLB_S("listen", ezlb_endpoint_format(&c->listen, out->listen));
	*field++ = EZLB_S("source", ezlb_endpoint_format(&c->source, out->source));
	*field++ = EZLB_S("backend", ezlb_endpoint_format(&c->backend, out->backend));
	*field++ = EZLB_S("start", out->start);
	*field++ = EZLB_S("end", out->end);
	*field++ = EZLB_S("duration", out->duration);
	*field++ = number("packets_in", c->counted, c->packets_in);
	*field++ = number("packets_out", c->counted, c->packets_out);
	*field++ = number("bytes_in", c->counted, c->bytes_in);
	*field++ = number("bytes_out", c->counted, c->bytes_out);
	*field++ = EZLB_S("how", how_str(ending->how));
	*field = (struct ezlb_kv){ .key = NULL };
}
