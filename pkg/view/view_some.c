// SPDX-License-Identifier: GPL-2.0-or-later
/* view_some: which services an update is about. */
#include "view_inside.h"

struct view_some view_all(const struct ezlb_catalog *catalog)
{
	return (struct view_some){ .all = true, .len = catalog->entries.len };
}

static int path_cmp(const void *a, const void *b)
{
	const struct ezlb_catalog_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int place_cmp(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void view_find(const struct ezlb_catalog *catalog, const struct ezlb_desired *specs,
	       struct view_some *out)
{
	const struct ezlb_catalog_entries *entries = &catalog->entries;

	*out = (struct view_some){ 0 };
	for (size_t i = 0; i < specs->len; i++) {
		const struct ezlb_catalog_entry key = { .path = specs->items[i]->file };
		const struct ezlb_catalog_entry *entry = EZLB_FIND(entries, &key, path_cmp);

		if (entry && entry->last == specs->items[i])
			view_add(out, (size_t)(entry - entries->items));
	}
	view_sort(out);
}

void view_add(struct view_some *some, size_t place)
{
	*EZLB_PUSH(some) = place;
}

void view_sort(struct view_some *some)
{
	EZLB_SORT(some, place_cmp);
	EZLB_UNIQUE(some, place_cmp);
}

size_t view_nth(const struct view_some *some, size_t k)
{
	return some->all ? k : some->items[k];
}
