// SPDX-License-Identifier: GPL-2.0-or-later
#include "human.h"

#include <stdio.h>
#include <time.h>

static struct human scaled(double value, const char *unit)
{
	static const char prefixes[][2] = { "", "k", "M", "G", "T", "P" };
	struct human out;
	size_t i = 0;

	/* Also replaces NaN. */
	if (!(value > 0))
		value = 0;
	/* %.0f would print 999.5 as 1000. */
	while (value >= 999.5 && i + 1 < sizeof(prefixes) / sizeof(prefixes[0])) {
		value /= 1000;
		i++;
	}
	snprintf(out.s, sizeof(out.s), "%.*f%s%s", i > 0 && value < 99.95 ? 1 : 0,
		 value < 1e6 ? value : 1e6, prefixes[i], unit);
	return out;
}

struct human human_rate(double per_second)
{
	return scaled(per_second, "/s");
}

struct human human_bytes(double per_second)
{
	return scaled(per_second, "B/s");
}

struct human human_age(int64_t ms)
{
	int64_t s = ms > 0 ? ms / 1000 : 0;
	struct human out;

	if (s < 60)
		snprintf(out.s, sizeof(out.s), "%ds", (int)s);
	else if (s < 60 * 60)
		snprintf(out.s, sizeof(out.s), "%dm", (int)(s / 60));
	else if (s < 48 * 60 * 60)
		snprintf(out.s, sizeof(out.s), "%dh", (int)(s / (60 * 60)));
	else
		snprintf(out.s, sizeof(out.s), "%lldd", (long long)(s / (24 * 60 * 60)));
	return out;
}

int64_t human_time_parse(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int ms = 0;

	if (!end)
		return 0;
	if (*end == '.' && sscanf(end, ".%3d", &ms) != 1)
		return 0;
	return (int64_t)timegm(&tm) * 1000 + ms;
}

struct human human_time(int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	struct human out = { "-" };
	struct tm tm;

	if (ms > 0 && gmtime_r(&s, &tm))
		strftime(out.s, sizeof(out.s), "%Y-%m-%d %H:%M:%S", &tm);
	return out;
}
