// SPDX-License-Identifier: GPL-2.0-or-later
#include "format.h"

#include <stdio.h>

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

_Static_assert(CELL_STRLEN >= EZLB_ENDPOINT_STRLEN, "a cell has room for an endpoint");

const char *format_age(int64_t s, char buf[CELL_STRLEN])
{
	long long n = s;

	if (s < 0)
		snprintf(buf, CELL_STRLEN, "unknown");
	else if (s < MINUTE)
		snprintf(buf, CELL_STRLEN, "%llds", n);
	else if (s < HOUR)
		snprintf(buf, CELL_STRLEN, "%lldm%02llds", n / MINUTE, n % MINUTE);
	else if (s < DAY)
		snprintf(buf, CELL_STRLEN, "%lldh%02lldm", n / HOUR, n % HOUR / MINUTE);
	else
		snprintf(buf, CELL_STRLEN, "%lldd%02lldh", n / DAY, n % DAY / HOUR);
	return buf;
}

const char *format_bytes(uint64_t bytes, char buf[CELL_STRLEN])
{
	static const char prefixes[][2] = { "", "k", "M", "G", "T", "P", "E" };
	double value = (double)bytes;
	size_t i = 0;

	/* %.0f would print 999.5 as 1000. */
	for (; value >= 999.5; i++)
		value /= 1000;
	snprintf(buf, CELL_STRLEN, "%.*f%sB", i > 0 && value < 99.95 ? 1 : 0, value, prefixes[i]);
	return buf;
}

int64_t age_of(const struct ezlb_connection *connection, int64_t now_ms)
{
	int64_t end = connection->ended_ms ? connection->ended_ms : now_ms;

	if (connection->started_ms == 0)
		return -1;
	return end > connection->started_ms ? (end - connection->started_ms) / 1000 : 0;
}

const char *format_backend(const struct ezlb_connections_row *row, char buf[CELL_STRLEN])
{
	if (ezlb_connections_knows_backend(row->service, &row->connection))
		return ezlb_endpoint_format(&row->connection.backend, buf);
	snprintf(buf, CELL_STRLEN, "unknown");
	return buf;
}
