// SPDX-License-Identifier: GPL-2.0-or-later
#include "cpus.h"

#include <stdlib.h>

int ezlb_toa_cpus_count(const char *list)
{
	enum { MAX = 1 << 16 };
	int n = 0;

	for (const char *at = list;; at++) {
		char *end;
		long first = strtol(at, &end, 10), last = first;

		if (end == at || first < 0)
			return 0;
		if (*end == '-') {
			at = end + 1;
			last = strtol(at, &end, 10);
			if (end == at || last < first)
				return 0;
		}
		if (last >= MAX)
			return 0;
		n += (int)(last - first) + 1;
		if (*end != ',')
			return *end == '\n' || *end == '\0' ? n : 0;
		at = end;
	}
}
