// SPDX-License-Identifier: GPL-2.0-or-later
#include "portcount.h"

#include <ezlb/conntrack.h>

#define ASK_MAX 4 /* dumps of conntrack in one call */

/* A row that conntrack has been asked for, and that has the same connections. */
static const struct ezlb_ports_row *find_asked(const struct ezlb_ports_row *rows, size_t n,
					       const struct ezlb_ports_row *row)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].exact && ezlb_ports_same(&rows[i], row))
			return &rows[i];
	return NULL;
}

static void copy_exact(struct ezlb_ports_row *row, const struct ezlb_ports_row *from)
{
	row->exact = true;
	row->used = from->used;
	row->fullest = from->fullest;
	row->fullest_used = from->fullest_used;
}

static void ask(struct ezlb_ports_row *row)
{
	struct ezlb_ports_sources sources = { 0 };

	if (ezlb_conntrack_sources(row->proto, &row->backend, &sources, NULL) == 0)
		ezlb_ports_refine(row, &sources);
	EZLB_VEC_CLEAR(&sources);
}

static size_t count_doubtful(const struct ezlb_ports *ports)
{
	size_t n = 0;

	for (size_t i = 0; i < ports->len; i++)
		n += ezlb_ports_doubtful(&ports->items[i]);
	return n;
}

void portcount_take(const struct ezlb_ports_uses *uses, const struct ezlb_traffic *traffic,
		    const struct ezlb_ports *before, unsigned turn, struct ezlb_ports *out)
{
	size_t n, first, nth = 0;

	ezlb_ports_count(uses, traffic, out);
	n = count_doubtful(out);
	first = n > ASK_MAX ? (size_t)turn * ASK_MAX % n : 0;
	for (size_t i = 0; i < out->len; i++) {
		struct ezlb_ports_row *row = &out->items[i];
		const struct ezlb_ports_row *same;

		if (!ezlb_ports_doubtful(row))
			continue;
		same = find_asked(out->items, i, row);
		if (!same && (nth++ + n - first) % n < ASK_MAX)
			ask(row);
		else if (!same)
			same = find_asked(before->items, before->len, row);
		if (same)
			copy_exact(row, same);
	}
}
