// SPDX-License-Identifier: GPL-2.0-or-later
#include "rows.h"

#include <stdlib.h>

static char *row_at(const struct rows *rows, size_t i)
{
	return rows->items + i * rows->size;
}

static bool in_order(const struct rows *rows)
{
	for (size_t i = 1; i < rows->len; i++)
		if (rows->cmp(row_at(rows, i - 1), row_at(rows, i)) > 0)
			return false;
	return true;
}

static void put_in_order(struct rows *rows)
{
	if (!in_order(rows))
		ezlb_sort(rows->items, rows->len, rows->size, rows->cmp);
}

struct rows rows_open(void *items, size_t len, size_t cap, size_t size, ezlb_cmp_fn cmp)
{
	struct rows rows = {
		.items = items, .len = len, .cap = cap, .size = size, .cmp = cmp, .old = len
	};

	put_in_order(&rows);
	rows.gone = ezlb_calloc(len + 1, sizeof(*rows.gone));
	return rows;
}

void rows_close(struct rows *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->len; i++) {
		if (i < rows->old && rows->gone[i])
			continue;
		if (n != i)
			memcpy(row_at(rows, n), row_at(rows, i), rows->size);
		n++;
	}
	rows->len = n;
	put_in_order(rows);
	free(rows->gone);
	rows->gone = NULL;
}

/* The index of the first row in [low, high) that is not before key. */
static size_t lower_bound(const struct rows *rows, size_t low, size_t high, const void *key)
{
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (rows->cmp(row_at(rows, mid), key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void *rows_first(const struct rows *rows, const void *key)
{
	size_t old = lower_bound(rows, 0, rows->old, key);
	size_t added = lower_bound(rows, rows->old, rows->len, key);

	while (old < rows->old && rows->gone[old])
		old++;
	if (old == rows->old)
		return added < rows->len ? row_at(rows, added) : NULL;
	if (added < rows->len && rows->cmp(row_at(rows, added), row_at(rows, old)) < 0)
		old = added;
	return row_at(rows, old);
}

void *rows_find(const struct rows *rows, const void *key)
{
	void *row = rows_first(rows, key);

	return row && rows->cmp(row, key) == 0 ? row : NULL;
}

void rows_add(struct rows *rows, const void *row)
{
	size_t at = lower_bound(rows, rows->old, rows->len, row);

	rows->items = ezlb_vec_room(rows->items, rows->len, &rows->cap, rows->size);
	memmove(row_at(rows, at + 1), row_at(rows, at), (rows->len - at) * rows->size);
	memcpy(row_at(rows, at), row, rows->size);
	rows->len++;
}

void rows_remove(struct rows *rows, void *row)
{
	size_t at = (size_t)((char *)row - rows->items) / rows->size;

	if (at < rows->old) {
		rows->gone[at] = true;
		return;
	}
	rows->len--;
	memmove(row, row_at(rows, at + 1), (rows->len - at) * rows->size);
}

void rows_clear(struct rows *rows)
{
	rows->len = rows->old = 0;
}
