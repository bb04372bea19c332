// SPDX-License-Identifier: GPL-2.0-or-later
#include "still.h"

#include <string.h>

#define PUBLISHED_MS 8000 /* the kernel takes about 2 s */

bool still_take(struct still *still, const struct ezlb_ipvs_totals *totals, uint64_t now_ms)
{
	if (!totals) {
		*still = (struct still){ .known = false };
		return false;
	}
	if (!still->known || memcmp(&still->totals, totals, sizeof(*totals)) != 0)
		*still = (struct still){ .known = true, .totals = *totals, .since_ms = now_ms };
	return still->read && still->read_ms - still->since_ms >= PUBLISHED_MS;
}

void still_read(struct still *still, uint64_t now_ms)
{
	still->read = true;
	still->read_ms = now_ms;
}
