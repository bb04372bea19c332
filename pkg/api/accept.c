// SPDX-License-Identifier: GPL-2.0-or-later
#include "accept.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define BLANK " \t"

/* "gzip;q=0" refuses gzip, and so does any other form of zero. */
static bool is_refused(const char *parameters, size_t len)
{
	const char *end = parameters + len;
	const char *q = memchr(parameters, '=', len);

	return q && q + 1 < end && q[1] == '0' && q + 1 + strspn(q + 1, "0." BLANK) >= end;
}

bool accept_gzip(const char *value)
{
	bool takes_any = false;

	for (value = value ? value : ""; *value; value += strcspn(value, ",")) {
		size_t name, len;

		value += strspn(value, "," BLANK);
		name = strcspn(value, ",;" BLANK);
		len = strcspn(value, ",");
		if (name == strlen("gzip") && strncasecmp(value, "gzip", name) == 0)
			return !is_refused(value + name, len - name);
		if (name == 1 && *value == '*')
			takes_any = !is_refused(value + name, len - name);
	}
	return takes_any;
}
