// SPDX-License-Identifier: GPL-2.0-or-later
#include "choose.h"

#include <ezlb/desired.h>

#include "change.h"
#include "revision.h"

/* New versions that are compared with every other service; with more a merge is faster. */
#define MOVED_MAX 16
/* Services in change.services; when more change at once, a full pass is as good. */
#define CHANGED_MAX 256

/* Versions that claim something new. */
struct moved EZLB_VEC(const struct ezlb_spec *);

static void note_change(struct ezlb_catalog_change *change, const struct ezlb_spec *last,
			const struct ezlb_spec *next)
{
	enum change what = CHANGE_WIDE;

	if (last && next)
		what = change_of(last, next);
	change->probes |= !last || !next || !change_keeps_probes(last, next);
	change->all |= what == CHANGE_WIDE || change->services.len >= CHANGED_MAX;
	if (what == CHANGE_NARROW && !change->all)
		ezlb_desired_add(&change->services, next);
}

uint64_t choose_meaning(const struct ezlb_catalog_entry *entry)
{
	if (entry->last && entry->last == entry->fresh && entry->fresh_meaning)
		return entry->fresh_meaning;
	return revision_of(entry->last);
}

static void promote(struct ezlb_catalog *catalog, struct ezlb_catalog_entry *entry,
		    const struct ezlb_spec *chosen)
{
	if (chosen == entry->last)
		return;
	note_change(&catalog->change, entry->last, chosen);
	if (entry->last != entry->fresh)
		ezlb_spec_free(entry->last);
	entry->last = chosen ? entry->fresh : NULL;
	entry->last_hash = chosen ? entry->hash : 0;
	entry->last_meaning = choose_meaning(entry);
	entry->restored = false;
}

/* --- a merge of all files ---------------------------------------------------------------------
 */

static void merge(struct ezlb_catalog *catalog, struct ezlb_diags *before)
{
	size_t n = catalog->entries.len, n_own;
	EZLB_AUTO_FREE struct ezlb_candidate *candidates = ezlb_calloc(n, sizeof(*candidates));

	*before = catalog->diags;
	catalog->diags = (struct ezlb_diags){ 0 };
	EZLB_VEC_CLEAR(&catalog->desired);
	for (size_t i = 0; i < n; i++) {
		candidates[i].fresh = catalog->entries.items[i].fresh;
		candidates[i].last = catalog->entries.items[i].last;
		ezlb_diags_copy(&catalog->diags, catalog->entries.items[i].diags.items,
				catalog->entries.items[i].diags.len);
	}
	n_own = catalog->diags.len;
	ezlb_desired_merge(candidates, n, catalog->snat_key, &catalog->desired, &catalog->diags);
	catalog->calm = catalog->diags.len == n_own;
	ezlb_diags_sort(&catalog->diags);
	for (size_t i = 0; i < n; i++) {
		catalog->entries.items[i].touched = true;
		promote(catalog, &catalog->entries.items[i], candidates[i].chosen);
		catalog->n_without += !candidates[i].chosen;
	}
}

/* --- only the touched entries -----------------------------------------------------------------
 */

/* What is applied of the entry if nothing conflicts. */
static const struct ezlb_spec *next_of(const struct ezlb_catalog_entry *entry)
{
	return entry->fresh ? entry->fresh : entry->last;
}

/* All first give up what they held, so that two files can swap a claim. */
static void give_up(struct ezlb_catalog *catalog, struct moved *moved)
{
	for (size_t i = 0; i < catalog->entries.len; i++) {
		const struct ezlb_catalog_entry *entry = &catalog->entries.items[i];
		const struct ezlb_spec *next = next_of(entry);

		if (!entry->touched || next == entry->last)
			continue;
		if (entry->last)
			ezlb_desired_drop(&catalog->desired, entry->last);
		if (entry->last && ezlb_desired_fits_for(next, entry->last))
			ezlb_desired_add(&catalog->desired, next);
		else
			*EZLB_PUSH(moved) = next;
	}
}

static bool all_fit(struct ezlb_catalog *catalog)
{
	struct moved moved = { 0 };
	size_t i = 0;
	bool fit;

	give_up(catalog, &moved);
	while (moved.len <= MOVED_MAX && i < moved.len &&
	       ezlb_desired_fits(moved.items[i], &catalog->desired, catalog->snat_key))
		ezlb_desired_add(&catalog->desired, moved.items[i++]);
	fit = i == moved.len;
	EZLB_VEC_CLEAR(&moved);
	return fit;
}

void choose_drop_diags(struct ezlb_catalog *catalog, const struct ezlb_catalog_entry *entry,
		       struct ezlb_diags *to)
{
	struct ezlb_diags *diags = &catalog->diags, none = { 0 };
	size_t n, first;
	const struct ezlb_diag *old = ezlb_catalog_diags(catalog, entry, &n);

	if (n == 0)
		return;
	to = to ? to : &none;
	first = (size_t)(old - diags->items);
	memcpy(EZLB_ROOM(to, n), old, n * sizeof(*old));
	to->len += n;
	diags->len -= n;
	memmove(diags->items + first, diags->items + first + n,
		(diags->len - first) * sizeof(*old));
	ezlb_diags_clear(&none);
}

static int by_file(const void *a, const void *b)
{
	const struct ezlb_diag *x = a, *y = b;

	return strcmp(x->file, y->file);
}

static void add_diags(struct ezlb_diags *diags, const struct ezlb_catalog_entry *entry)
{
	const struct ezlb_diag key = { .file = entry->path };
	struct ezlb_diags copy = { 0 };
	struct ezlb_diag *first, *room;

	if (entry->diags.len == 0)
		return;
	ezlb_diags_copy(&copy, entry->diags.items, entry->diags.len);
	ezlb_diags_sort(&copy);
	room = EZLB_ROOM(diags, copy.len);
	first = diags->items + EZLB_FIRST(diags, &key, by_file);
	memmove(first + copy.len, first, (size_t)(room - first) * sizeof(key));
	memcpy(first, copy.items, copy.len * sizeof(key));
	diags->len += copy.len;
	EZLB_VEC_CLEAR(&copy);
}

static void update_touched(struct ezlb_catalog *catalog, struct ezlb_diags *before)
{
	for (size_t i = 0; i < catalog->entries.len; i++) {
		struct ezlb_catalog_entry *entry = &catalog->entries.items[i];

		if (entry->touched) {
			choose_drop_diags(catalog, entry, before);
			add_diags(&catalog->diags, entry);
			promote(catalog, entry, next_of(entry));
		}
		catalog->n_without += !entry->last;
	}
}

void choose_versions(struct ezlb_catalog *catalog, struct ezlb_diags *before)
{
	catalog->merged = !catalog->calm || !all_fit(catalog);
	if (catalog->merged)
		merge(catalog, before);
	else
		update_touched(catalog, before);
}
