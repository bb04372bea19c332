// SPDX-License-Identifier: GPL-2.0-or-later
#include "who.h"

static int by_endpoint(const void *a, const void *b)
{
	return ezlb_endpoint_cmp(a, b);
}

static int by_source(const void *pa, const void *pb)
{
	const struct ezlb_connections_row *a = pa, *b = pb;
	int c = ezlb_endpoint_cmp(&a->connection.source, &b->connection.source);

	return c ? c : ezlb_connection_cmp(&a->connection, &b->connection);
}

void ezlb_who_sort(struct ezlb_who *who)
{
	EZLB_VEC_COPY(&who->sorted, &who->addresses);
	EZLB_SORT(&who->sorted, by_endpoint);
	EZLB_UNIQUE(&who->sorted, by_endpoint);
}

void ezlb_who_add(struct ezlb_who *who, const struct ezlb_connections_row *row)
{
	if (!EZLB_FIND(&who->sorted, &row->connection.source, by_endpoint))
		return;
	if (who->rows.len >= EZLB_WHO_MAX)
		who->stopped = true;
	else
		*EZLB_PUSH(&who->rows) = *row;
}

void ezlb_who_finish(struct ezlb_who *who)
{
	EZLB_SORT(&who->rows, by_source);
	EZLB_UNIQUE(&who->rows, by_source);
}

const struct ezlb_connections_row *ezlb_who_rows(const struct ezlb_who *who,
						 const struct ezlb_endpoint *address, size_t *n)
{
	const struct ezlb_connections_rows *rows = &who->rows;
	size_t low = 0, high = rows->len, end;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (ezlb_endpoint_cmp(&rows->items[mid].connection.source, address) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (end = low; end < rows->len; end++)
		if (ezlb_endpoint_cmp(&rows->items[end].connection.source, address) != 0)
			break;
	*n = end - low;
	return *n ? &rows->items[low] : NULL;
}

bool ezlb_who_is_missing(const struct ezlb_who *who)
{
	size_t n;

	for (size_t i = 0; i < who->sorted.len; i++)
		if (!ezlb_who_rows(who, &who->sorted.items[i], &n))
			return true;
	return false;
}

void ezlb_who_clear(struct ezlb_who *who)
{
	EZLB_VEC_CLEAR(&who->addresses);
	EZLB_VEC_CLEAR(&who->sorted);
	EZLB_VEC_CLEAR(&who->rows);
	who->stopped = false;
}
