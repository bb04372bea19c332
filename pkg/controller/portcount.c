// SPDX-License-Identifier: GPL-2.0-or-later
#include "portcount.h"

#include <ezlb/conntrack.h>

#define ASK_MAX 4 /* dumps of conntrack in one call */

/* A row that conntrack has been asked for, and that has the same connections. */
static const struct ezlb_ports_row *find_asked(const struct ezlb_ports *ports, size_t n,
					       const struct ezlb_ports_row *row)
{
	for (size_t i = 0; i < n; i++)
		if (ports->items[i].exact && ezlb_ports_same(&ports->items[i], row))
			return &ports->items[i];
	return NULL;
}

static void ask(struct ezlb_ports_row *row)
{
	struct ezlb_ports_sources sources = { 0 };

	if (ezlb_conntrack_sources(row->proto, &row->backend, &sources, NULL) == 0)
		ezlb_ports_refine(row, &sources);
	EZLB_VEC_CLEAR(&sources);
}

void portcount_take(const struct ezlb_ports_uses *uses, const struct ezlb_traffic *traffic,
		    struct ezlb_ports *out)
{
	size_t asked = 0;

	ezlb_ports_count(uses, traffic, out);
	for (size_t i = 0; i < out->len; i++) {
		struct ezlb_ports_row *row = &out->items[i];
		const struct ezlb_ports_row *same;

		if (!ezlb_ports_doubtful(row))
			continue;
		same = find_asked(out, i, row);
		if (same) {
			row->exact = true;
			row->used = same->used;
			row->fullest = same->fullest;
			row->fullest_used = same->fullest_used;
		} else if (asked++ < ASK_MAX) {
			ask(row);
		}
	}
}
