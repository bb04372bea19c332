// SPDX-License-Identifier: GPL-2.0-or-later
#include "choose.h"

#include <ezlb/desired.h>

#include "change.h"
#include "revision.h"

/* New versions that are looked for among all others in one walk; with more a merge is as fast. */
#define MOVED_MAX 16
/* Services in change.services; when more change at once, a full pass is as good. */
#define CHANGED_MAX 256

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

/*
 * All first give up what they held, so that two files can swap a claim. Adds the versions that
 * claim something new to *moved.
 */
static void give_up(struct ezlb_catalog *catalog, struct ezlb_desired *moved)
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
	struct ezlb_desired moved = { 0 };
	bool fit;

	give_up(catalog, &moved);
	fit = moved.len <= MOVED_MAX &&
	      ezlb_desired_fit(&moved, &catalog->desired, catalog->snat_key);
	for (size_t i = 0; fit && i < moved.len; i++)
		ezlb_desired_add(&catalog->desired, moved.items[i]);
	EZLB_VEC_CLEAR(&moved);
	return fit;
}

/* Whether the diagnostics of all files stay as they are. */
static bool keeps_diags(const struct ezlb_catalog *catalog)
{
	size_t n;

	for (size_t i = 0; i < catalog->entries.len; i++) {
		const struct ezlb_catalog_entry *entry = &catalog->entries.items[i];

		if (entry->touched &&
		    (entry->diags.len > 0 || ezlb_catalog_diags(catalog, entry, &n)))
			return false;
	}
	return true;
}

/* Moves all that are of files before `path`, or of all files if it is NULL, and returns how many.
 */
static size_t move_before(const struct ezlb_diag *from, size_t n, const char *path,
			  struct ezlb_diags *to)
{
	size_t k = 0;

	while (k < n && (!path || strcmp(from[k].file, path) < 0))
		*EZLB_PUSH(to) = from[k++];
	return k;
}

static size_t move_of(const struct ezlb_diag *from, size_t n, const char *path,
		      struct ezlb_diags *to)
{
	size_t k = 0;

	while (k < n && strcmp(from[k].file, path) == 0)
		*EZLB_PUSH(to) = from[k++];
	return k;
}

static void add_diags(struct ezlb_diags *diags, const struct ezlb_catalog_entry *entry)
{
	struct ezlb_diags copy = { 0 };

	ezlb_diags_copy(&copy, entry->diags.items, entry->diags.len);
	ezlb_diags_sort(&copy);
	EZLB_VEC_APPEND(diags, &copy);
	EZLB_VEC_CLEAR(&copy);
}

/*
 * One walk over all, whatever the number of files that changed: many can break, or be removed, at
 * once. Those of files without an entry go to *before, too.
 */
static void replace_diags(struct ezlb_catalog *catalog, struct ezlb_diags *before)
{
	struct ezlb_diags old = catalog->diags, *next = &catalog->diags;
	size_t k = 0;

	*next = (struct ezlb_diags){ 0 };
	for (size_t i = 0; i < catalog->entries.len; i++) {
		const struct ezlb_catalog_entry *entry = &catalog->entries.items[i];

		k += move_before(old.items + k, old.len - k, entry->path, before);
		k += move_of(old.items + k, old.len - k, entry->path,
			     entry->touched ? before : next);
		if (entry->touched)
			add_diags(next, entry);
	}
	move_before(old.items + k, old.len - k, NULL, before);
	EZLB_VEC_CLEAR(&old);
}

static void update_touched(struct ezlb_catalog *catalog, struct ezlb_diags *before)
{
	if (catalog->removed || !keeps_diags(catalog))
		replace_diags(catalog, before);
	for (size_t i = 0; i < catalog->entries.len; i++) {
		struct ezlb_catalog_entry *entry = &catalog->entries.items[i];

		if (entry->touched)
			promote(catalog, entry, next_of(entry));
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
