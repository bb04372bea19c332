// SPDX-License-Identifier: GPL-2.0-or-later
#include "settle.h"

#define GRACE_MS 1000
#define FEW	 16 /* files; to find the places of more takes longer than a walk over all */

void watch_settle_init(struct watch_settle *settle, const char *dir)
{
	memset(settle, 0, sizeof(*settle));
	settle->path = ezlb_strdup(dir);
	settle->grace_ms = GRACE_MS;
}

void watch_settle_clear(struct watch_settle *settle)
{
	for (size_t i = 0; i < settle->entries.len; i++)
		ezlb_file_clear(&settle->entries.items[i].file);
	EZLB_VEC_CLEAR(&settle->entries);
	free(settle->path);
	free(settle->problem);
	free(settle->generation);
	memset(settle, 0, sizeof(*settle));
}

/* A look that is being taken. */
struct taking {
	struct watch_settle *settle;
	const struct watch_look *look;
	uint64_t now;
};

static bool same_sight(struct watch_sight a, struct watch_sight b)
{
	return a.kind == b.kind && a.print == b.print;
}

static void accept(struct watch_entry *entry, struct ezlb_file *seen, struct watch_sight sight)
{
	struct ezlb_file next = { 0 };

	if (seen) {
		next = *seen;
		memset(seen, 0, sizeof(*seen));
	} else {
		next.path = entry->file.path;
		entry->file.path = NULL;
	}
	ezlb_file_clear(&entry->file);
	entry->file = next;
	entry->accepted = sight;
	entry->is_pending = false;
}

static bool is_written(const struct watch_names *writing, const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return writing && watch_names_find(writing, name) < writing->len;
}

/* NULL: there is no file. */
static const struct watch_mark *mark_of(const struct watch_look *look, const struct ezlb_file *seen)
{
	static const struct watch_mark absent = { .sight = { WATCH_ABSENT, 0 } };

	return seen ? &look->marks[seen - look->files.items] : &absent;
}

/* Since when the content waits that this look has found for the first time. */
static uint64_t begin_of(const struct taking *taking, const struct watch_mark *mark)
{
	return mark->moved && mark->since != WATCH_NEVER ? mark->since : taking->now;
}

static bool is_over(const struct taking *taking, uint64_t since)
{
	return taking->now - since >= taking->settle->grace_ms;
}

static bool applies_at_once(const struct taking *taking, const struct watch_entry *entry,
			    const struct watch_mark *mark)
{
	if (taking->settle->configmap || !taking->settle->seen)
		return true;
	if (mark->moved)
		return is_over(taking, begin_of(taking, mark));
	if (mark->sight.kind == WATCH_WHOLE)
		return !is_written(taking->look->writing, entry->file.path);
	return mark->sight.kind == entry->accepted.kind;
}

static void observe(const struct taking *taking, struct watch_entry *entry, struct ezlb_file *seen)
{
	const struct watch_mark *mark = mark_of(taking->look, seen);
	uint64_t stamp = seen && !seen->problem ? seen->stamp : 0;

	if (same_sight(mark->sight, entry->accepted)) {
		entry->is_pending = false;
	} else if (applies_at_once(taking, entry, mark)) {
		taking->settle->version++;
		accept(entry, seen, mark->sight);
	} else if (!entry->is_pending || !same_sight(mark->sight, entry->pending)) {
		entry->is_pending = true;
		entry->since = begin_of(taking, mark);
		entry->pending = mark->sight;
	} else if (is_over(taking, entry->since)) {
		taking->settle->version++;
		accept(entry, seen, mark->sight);
	}
	/* What is pending must be read again. */
	entry->file.stamp = entry->is_pending ? 0 : stamp;
}

/* Compares the next items by path; a list without more items comes last. */
static int order(const struct watch_entries *known, size_t i, const struct ezlb_files *seen,
		 size_t j)
{
	if (i == known->len)
		return 1;
	if (j == seen->len)
		return -1;
	return strcmp(known->items[i].file.path, seen->items[j].path);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Such an entry is none any more. */
static bool is_over_and_gone(const struct watch_entry *entry)
{
	return entry->accepted.kind == WATCH_ABSENT && !entry->is_pending;
}

static bool is_waiting(const struct watch_entry *entry)
{
	return entry->is_pending || entry->file.passing;
}

void watch_settle_waiting(const struct watch_settle *settle, struct watch_names *names)
{
	for (size_t i = 0; i < settle->entries.len; i++) {
		const struct watch_entry *entry = &settle->entries.items[i];
		const char *name = name_of(entry->file.path);

		if (is_waiting(entry))
			watch_names_add(names, name);
	}
}

static int entry_cmp(const void *a, const void *b)
{
	const struct watch_entry *x = a, *y = b;

	return strcmp(x->file.path, y->file.path);
}

uint64_t watch_settle_stamp(const void *arg, const char *path)
{
	const struct watch_settle *settle = arg;
	size_t first = 0, end = settle->entries.len;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (strcmp(settle->entries.items[middle].file.path, path) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	if (first == settle->entries.len ||
	    strcmp(settle->entries.items[first].file.path, path) != 0)
		return 0;
	return settle->entries.items[first].file.stamp;
}

/* The place of the entry with this path. Makes one if there is none and `make`; else NULL. */
static struct watch_entry *entry_at(struct watch_entries *entries, const char *path, bool make)
{
	EZLB_AUTO_FREE char *copy = ezlb_strdup(path);
	const struct watch_entry key = { .file = { .path = copy } };
	size_t i = EZLB_FIRST(entries, &key, entry_cmp);

	if (i < entries->len && strcmp(entries->items[i].file.path, path) == 0)
		return &entries->items[i];
	if (!make)
		return NULL;
	*EZLB_PUSH(entries) = (struct watch_entry){ .is_pending = false };
	memmove(&entries->items[i + 1], &entries->items[i],
		(entries->len - 1 - i) * sizeof(entries->items[i]));
	entries->items[i] = key;
	copy = NULL;
	return &entries->items[i];
}

size_t watch_settle_new(const struct watch_settle *settle, const struct watch_look *look)
{
	size_t n = 0;

	for (size_t i = 0; i < look->files.len; i++)
		n += !EZLB_FIND(&settle->entries,
				&(struct watch_entry){ .file = look->files.items[i] }, entry_cmp);
	return n;
}

uint64_t watch_settle_bytes(const struct watch_settle *settle, const struct watch_look *look)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < settle->entries.len; i++)
		sum += settle->entries.items[i].file.len;
	for (size_t i = 0; i < look->files.len; i++) {
		const struct watch_entry *entry =
			EZLB_FIND(&settle->entries,
				  &(struct watch_entry){ .file = look->files.items[i] }, entry_cmp);

		sum += look->files.items[i].len;
		sum -= entry ? entry->file.len : 0;
	}
	return sum;
}

static void take_one(const struct taking *taking, const char *path, struct ezlb_file *seen)
{
	struct watch_entries *entries = &taking->settle->entries;
	struct watch_entry *entry = entry_at(entries, path, seen != NULL);

	if (!entry)
		return;
	observe(taking, entry, seen);
	if (!is_over_and_gone(entry))
		return;
	ezlb_file_clear(&entry->file);
	memmove(entry, entry + 1,
		(size_t)(&entries->items[--entries->len] - entry) * sizeof(*entry));
}

static void take_each(const struct taking *taking, struct ezlb_files *seen,
		      const struct watch_names *names)
{
	size_t k = 0;

	for (size_t i = 0; i < names->len; i++) {
		EZLB_AUTO_FREE char *path = watch_path_join(taking->settle->path, names->items[i]);
		bool found = k < seen->len && strcmp(seen->items[k].path, path) == 0;

		take_one(taking, path, found ? &seen->items[k] : NULL);
		k += found;
	}
}

/* Whether the look was about this file; *k is the place in the names. */
static bool was_asked(const struct watch_names *names, size_t *k, const struct watch_entry *entry)
{
	int cmp = -1;

	if (!names)
		return true;
	while (*k < names->len && (cmp = strcmp(names->items[*k], name_of(entry->file.path))) < 0)
		(*k)++;
	return *k < names->len && cmp == 0;
}

/* One walk over all entries. Without names the look was about all files. */
static void merge(const struct taking *taking, struct ezlb_files *seen,
		  const struct watch_names *names)
{
	struct watch_entries *old = &taking->settle->entries, next = { 0 };
	size_t i = 0, j = 0, k = 0;

	while (i < old->len || j < seen->len) {
		int cmp = order(old, i, seen, j);
		struct watch_entry *entry = EZLB_PUSH(&next);

		if (cmp <= 0)
			*entry = old->items[i++];
		else
			entry->file.path = ezlb_strdup(seen->items[j].path);
		if (cmp >= 0 || was_asked(names, &k, entry))
			observe(taking, entry, cmp >= 0 ? &seen->items[j++] : NULL);
		if (is_over_and_gone(entry)) {
			ezlb_file_clear(&entry->file);
			next.len--;
		}
	}
	EZLB_VEC_FIT(&next);
	EZLB_VEC_CLEAR(old);
	*old = next;
}

/* The grace periods start again when the directory can be read again. */
static void freeze(struct watch_settle *settle, const char *problem)
{
	settle->version += !settle->problem || strcmp(settle->problem, problem) != 0;
	free(settle->problem);
	settle->problem = ezlb_strdup(problem);
	for (size_t i = 0; i < settle->entries.len; i++)
		settle->entries.items[i].is_pending = false;
}

static uint64_t next_look(const struct watch_settle *settle, uint64_t now)
{
	uint64_t at = WATCH_NEVER;

	for (size_t i = 0; i < settle->entries.len; i++) {
		const struct watch_entry *entry = &settle->entries.items[i];

		if (entry->is_pending && entry->since + settle->grace_ms < at)
			at = entry->since + settle->grace_ms;
		if (entry->file.passing && now + settle->grace_ms < at)
			at = now + settle->grace_ms;
	}
	return at;
}

uint64_t watch_settle_part(struct watch_settle *settle, struct watch_look *look,
			   const struct watch_names *names, uint64_t now)
{
	const struct taking taking = { .settle = settle, .look = look, .now = now };

	if (names->len <= FEW)
		take_each(&taking, &look->files, names);
	else
		merge(&taking, &look->files, names);
	return next_look(settle, now);
}

uint64_t watch_settle_take(struct watch_settle *settle, struct watch_look *look, uint64_t now)
{
	const struct taking taking = { .settle = settle, .look = look, .now = now };

	if (look->frozen) {
		freeze(settle, look->frozen);
		return WATCH_NEVER;
	}
	settle->version += settle->problem || !settle->seen || settle->configmap != look->configmap;
	free(settle->problem);
	settle->problem = NULL;
	settle->configmap = look->configmap;
	settle->links = look->links;
	settle->dev = look->dev;
	settle->ino = look->ino;
	free(settle->generation);
	settle->generation = look->generation;
	look->generation = NULL;
	merge(&taking, &look->files, NULL);
	settle->seen = true;
	return next_look(settle, now);
}
